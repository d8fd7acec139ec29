"""How errors leave by REST: problem+json (RFC 9457) with `code`, `message`, `hint` and, where one is to blame, `field`.

One table for our own errors, the framework's and the unforeseen; the last say no more than that they happened. Called
by the routers' error handlers and by the edge, which refuses before any router is met.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from headway.errors import HeadwayError, Unauthorized

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("headway.server")

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
_HINTS = {
    404: "The paths are listed in openapi.json.",
    405: "The Allow header lists the methods of this path.",
}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every error."""

    type: str = "about:blank"
    status: int
    code: str
    message: str
    hint: str = ""
    field: str | None = None
    retry_after_s: float | None = None


def problem_of(error: HeadwayError) -> Problem:
    """What an error of ours says to a caller."""
    return Problem(
        status=error.status,
        code=error.code,
        message=error.message,
        hint=error.hint,
        field=getattr(error, "field", None),
        retry_after_s=getattr(error, "retry_after_s", None),
    )


def answer_problem(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The response: status, body, and what HTTP itself wants said in headers."""
    sent = dict(headers or {})
    if problem.retry_after_s is not None:
        sent["Retry-After"] = str(max(1, round(problem.retry_after_s)))
    if problem.status == Unauthorized.status:
        sent["WWW-Authenticate"] = 'Bearer realm="headway"'
    return Response(msgspec.json.encode(problem), problem.status, sent, MEDIA_TYPE)


async def _own(_request: Request, error: Exception) -> Response:
    return answer_problem(problem_of(cast("HeadwayError", error)))


async def _framework(_request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    status = refused.status_code
    problem = Problem(
        status=status, code=_CODES.get(status, "bad_request"), message=f"{refused.detail}.", hint=_HINTS.get(status, "")
    )
    return answer_problem(problem, dict(refused.headers or {}))


async def _parameters(_request: Request, error: Exception) -> Response:
    """A query or path parameter that FastAPI refused, said as we say it."""
    first: dict[str, Any] = cast("RequestValidationError", error).errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    said = f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}."
    return answer_problem(Problem(status=422, code="invalid_input", message=said, field=field))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Whoever asked went away in the middle of the body; nobody reads this."""
    return Response(status_code=400)


async def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("request failed", action=f"{request.method} {request.url.path}", exc_info=error)
    return answer_problem(
        Problem(
            status=500, code="internal", message="The server failed at this request.", hint="Its log has the reason."
        )
    )


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    HeadwayError: _own,
    HTTPException: _framework,
    RequestValidationError: _parameters,
    ClientDisconnect: _gone,
    Exception: _unforeseen,
}
"""Error -> what is answered; the first that it is."""


async def answer_error(request: Request, error: Exception) -> Response:
    """What `install` makes the framework answer, for routes outside of it."""
    return await next(answer for kind, answer in _ANSWERS.items() if isinstance(error, kind))(request, error)


def install(app: FastAPI) -> None:
    """Make every error of `app` leave as a problem."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
