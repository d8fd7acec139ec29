"""How bodies come in: JSON only, counted while they stream, no deeper than allowed, decoded with the field named.

msgspec instead of pydantic, because submitting is the hot path of REST (docs/decisions/0007). Must never know what a body
means. Called by every router that takes one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from headway.errors import CallerError, InvalidInput, TooLarge

T = TypeVar("T")

_OPENERS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_WHERE = re.compile(r"(?P<problem>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"`(?P<name>[^`]*)`$")


class NotJson(CallerError):
    """The body is declared as something else than JSON."""

    code = "unsupported_media_type"
    status = 415


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, refused as soon as it is known to be over `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge("The body", int(declared), limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge("The body", size, limit, hint="It was not read further.")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def read_json(request: Request, limit: int) -> bytes:
    """The body of a request that says it is JSON. An empty one stands for `{}`."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request, limit)
    if not body:
        return b"{}"
    if declared != "application/json" and not declared.endswith("+json"):
        raise NotJson(
            f"The body is declared as {declared or 'nothing'}; only JSON is taken.",
            hint="Send the header Content-Type: application/json.",
        )
    return body


@lru_cache(maxsize=64)
def decoder(type: Any) -> msgspec.json.Decoder[Any]:
    """A decoder is worth keeping: making one costs more than using it."""
    return msgspec.json.Decoder(type)


def decode(body: bytes, type: type[T], depth: int, field: str = "") -> T:
    """`body` as `type`; InvalidInput names the field as the caller wrote it, below `field`."""
    check_depth(body, depth, field)
    return decode_shallow(body, type, field)


def decode_shallow(body: bytes, type: type[T], field: str = "") -> T:
    """`decode` for bodies whose depth is checked part by part."""
    try:
        return decoder(type).decode(body)
    except msgspec.ValidationError as error:
        raise _named(str(error), field) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(field or "body", f"not JSON: {error}".rstrip(".")) from None


def check_depth(body: bytes, limit: int, field: str = "") -> None:
    """Refuse nesting deeper than `limit`. Nothing is scanned where there are not enough openers for it."""
    if body.count(b"{") + body.count(b"[") <= limit:
        return
    depth = 0
    for found in _OPENERS.finditer(body):
        sign = body[found.start()]
        depth += (sign in b"{[") - (sign in b"}]")
        if depth > limit:
            raise InvalidInput(
                field or "body", f"nested deeper than {limit} levels", hint="Send it flatter, or as text."
            )


def _named(message: str, field: str) -> InvalidInput:
    """`priority: expected `int`, got `str`` of msgspec's ``Expected `int`, got `str` - at `$.priority` ``."""
    found = _WHERE.match(message)
    problem, path = (found["problem"], found["path"] or "") if found else (message, "")
    names = [
        part for part in (field, path.replace("[...]", ".*").replace("[", ".").replace("]", "").strip(".")) if part
    ]
    if problem.startswith(("Object missing required field", "Object contains unknown field")):
        if name := _FIELD.search(problem):
            names.append(name["name"])
        problem = "is missing" if "missing" in problem else "no such field"
    return InvalidInput(".".join(names) or "body", problem[:1].lower() + problem[1:])
