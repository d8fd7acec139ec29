"""The server's problem+json back as the errors they were: the same classes, sentences and fields on both sides.

Called by `rest.py` for every answer of 400 and above, and for `error` frames of a link. Knows no transport.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from headway.errors import CallerError, HeadwayError, InvalidInput, JobError, ServerError, Signal, WireError

LATER = frozenset({425, 429, 502, 503, 504})
"""Statuses that ask to come again."""


def is_later(status: int) -> bool:
    """True where the same call may succeed in a moment."""
    return status in LATER


def error_of(status: int, body: bytes, url: str) -> HeadwayError:
    """The error of an answer that is one."""
    try:
        problem: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        problem = None
    if not isinstance(problem, dict) or "message" not in problem:
        message = f"{url} answered {status}, and not as a Headway server does."
        return WireError(message, hint="Check the address and what stands in between.")
    return error_from(cast("dict[str, Any]", problem), status)


def error_from(problem: Mapping[str, Any], status: int = 500) -> HeadwayError:
    """The error of a problem: by its code, else by whose fault the status says it is."""
    code = str(problem.get("code", ""))
    kind = _BY_CODE.get(code) or (CallerError if status < 500 else ServerError)
    error = kind.__new__(kind)
    message = str(problem.get("message", ""))
    HeadwayError.__init__(error, message, hint=str(problem.get("hint") or ""))
    error.code, error.status = code or kind.code, status
    if isinstance(error, InvalidInput):
        error.field = str(problem.get("field") or "")
        error.problem = message.removeprefix(f"{error.field}: ").rstrip(".")
    if (after := problem.get("retry_after_s")) is not None:
        error.__dict__["retry_after_s"] = after
    return error


def _below(kind: type[HeadwayError]) -> Iterable[type[HeadwayError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


_BY_CODE = {kind.code: kind for kind in reversed([*_below(HeadwayError)]) if not issubclass(kind, JobError | Signal)}
