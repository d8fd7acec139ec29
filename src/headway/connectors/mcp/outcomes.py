"""How a call ends otherwise than well: one table from what happened to the error that the job carries.

    Reject                  another call with these arguments ends the same way
    ├── ToolFailed          the tool says so itself: `isError`
    ├── ArgumentsRefused    the server refused the arguments (JSON-RPC -32602)
    ├── ProtocolError       another JSON-RPC error, or an answer that is none of the protocol
    └── BadResult           the structured result is missing or breaks the tool's own output schema
    Retry
    ├── ServerGone          the connection was lost, or the process died, while the call ran
    ├── CancelledThere      the call had become a task, and somebody else cancelled it there
    └── ToolChanged         the server defines the tool otherwise since the job was given out

Whether a Retry is one is the job's `max_attempts`: 1 unless the tool is annotated as read-only or idempotent. Not in the
table: a declined question is the tool's own business; a server that is away before the call is waited for; silence is the
server's `progress_timeout`. Every sentence is free of secrets and bounded. Called by `call.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
from mcp.client._input_required import InputRequiredRoundsExceededError
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, INVALID_PARAMS, PARSE_ERROR, REQUEST_TIMEOUT
from pydantic import ValidationError

from headway.connectors.mcp.http import OVERLONG
from headway.connectors.mcp.secrets import cut
from headway.connectors.mcp.tasks import TaskCancelled
from headway.errors import Reject, Retry, Signal

SESSION_OVER = "Session terminated"
"""What the SDK makes of HTTP 404 within a session: the server was started anew and knows it no more."""


class ToolFailed(Reject):
    """The tool ran and says that it failed."""

    code = "tool_failed"


class ArgumentsRefused(Reject):
    """The server would not run the tool with these arguments."""

    code = "arguments_refused"


class ProtocolError(Reject):
    """A JSON-RPC error, or no answer of the protocol."""

    code = "protocol_error"


class BadResult(Reject):
    """The tool's result is not what its own output schema promises."""

    code = "bad_result"


class ServerGone(Retry):
    """Lost while the call ran: whether the tool did its work is not known."""

    code = "server_gone"


class CancelledThere(Retry):
    """Its task was cancelled on the server, and not by Headway."""

    code = "cancelled_there"


class ToolChanged(Retry):
    """Its definition is another than the one that the job was given out for."""

    code = "tool_changed"


UNAVAILABLE = "Server returned an error response"
"""What the SDK makes of another HTTP error without a JSON-RPC one in it."""
_UNENTERED = "Client must be used within an async context manager"


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or the way of this call, so that only its end can say why."""
    if isinstance(error, MCPError):
        return error.code == CONNECTION_CLOSED or error.message in (SESSION_OVER, UNAVAILABLE)
    return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError) or str(error) == _UNENTERED


Rule = tuple[Callable[[BaseException], bool], Callable[[BaseException, str, str], Signal]]

TABLE: tuple[Rule, ...] = (
    (is_lost, lambda _, server, gone: ServerGone(f"MCP server {server} is gone: {gone}.")),
    (lambda e: _code(e) == INVALID_PARAMS, lambda e, server, _: ArgumentsRefused(f"{server} refused the arguments: {_said(e)}")),
    (lambda e: _code(e) == PARSE_ERROR and OVERLONG in _said(e), lambda e, server, _: ProtocolError(f"{server} answered too much: {_overlong(e)}.")),
    (lambda e: _code(e) == REQUEST_TIMEOUT, lambda _, server, __: ServerGone(f"MCP server {server} gave up waiting.")),
    (lambda e: _code(e) is not None, lambda e, server, _: ProtocolError(f"{server} answered with error {_code(e)}: {_said(e)}")),
    (lambda e: isinstance(e, ValidationError), lambda _, server, __: ProtocolError(f"{server} answered what is not of the protocol.")),
    (lambda e: isinstance(e, TaskCancelled), lambda e, server, _: CancelledThere(f"{server} cancelled the task: {_said(e)}")),
    (
        lambda e: isinstance(e, InputRequiredRoundsExceededError),
        lambda _, server, __: ProtocolError(f"{server} asked again and again, and never gave a result."),
    ),
    (lambda e: type(e) is RuntimeError, lambda e, server, _: BadResult(f"{server} broke its own promise: {_said(e)}")),
)  # fmt: skip
"""Read from the top: does it apply, and what it means; given are the error, the server's name and how it was lost."""


def outcome_of(error: BaseException, server: str, gone: str) -> Signal | None:
    """What an exception out of a call means, or None for one that is no outcome: a mistake of ours."""
    return next((meaning(error, server, gone) for applies, meaning in TABLE if applies(error)), None)


def _code(error: BaseException) -> int | None:
    return error.code if isinstance(error, MCPError) else None


def _said(error: BaseException) -> str:
    """Its first line: what follows in the SDK's own are whole schemas."""
    text = error.message if isinstance(error, MCPError) else str(error).partition("\n")[0]
    return cut(text)


def _overlong(error: BaseException) -> str:
    """Of the SDK's sentence, ours."""
    return OVERLONG + _said(error).partition(OVERLONG)[2]
