"""The handler: one attempt is one call of a tool, as a pipeline of named steps.

take the connection → is the tool still the one → call, and hear it on its way → what it gave, or what that error means. A
cancelled attempt tells the server so and listens for a moment whether it obeys. What the SDK would time out is left to the
job's own clocks. Called by the jobs that `engine.py` serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

import anyio
from mcp.shared.exceptions import MCPError, UrlElicitationRequiredError
from mcp_types import URL_ELICITATION_REQUIRED, CallToolResult, ElicitResult
from pydantic import ValidationError

from headway.clock import Clock
from headway.connectors.base import unheard
from headway.connectors.mcp import tasks
from headway.connectors.mcp.calling import Call, calling
from headway.connectors.mcp.calls import Calls
from headway.connectors.mcp.connection import Link, innermost
from headway.connectors.mcp.content import result_of, said_in
from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.elicit import elicited
from headway.connectors.mcp.outcomes import SESSION_OVER, BadResult, ToolChanged, ToolFailed, is_lost, outcome_of
from headway.connectors.mcp.promise import broken_promise
from headway.connectors.mcp.secrets import Secrets, cut
from headway.worker.context import Context

Json = dict[str, Any]

_LISTEN_S = 2.0  # after a cancel, for late words
_SHARE_OF_GRACE = 0.75  # who overruns it is ended by force, and with it what it has to say
_REASON_S = 3.0  # between a lost connection and the reason for it
_VISITS = 3  # times that a call may want a page opened first


class Server(Protocol):
    """What a call needs of its engine."""

    name: str
    clock: Clock
    calls: Calls
    secrets: Secrets

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools by kind, as the server has them now."""
        ...

    async def take(self, ctx: Context) -> Link:
        """The connection, once there is one."""
        ...

    def left(self, ending: Awaitable[None]) -> None:
        """Count what goes on until this returns."""
        ...


async def run_tool(ctx: Context, engine: Server, tool: Tool, args: Json) -> Json:
    """The result of one attempt. The errors of `outcomes.py`."""
    link = await engine.take(ctx)
    call = Call(ctx, tool, engine.secrets)
    engine.calls.begin(call)
    try:
        given = await _given(engine, link, call, args)
    except asyncio.CancelledError:
        await _abandon(engine, call)
        raise
    except Exception as error:  # noqa: BLE001 - the table of outcomes knows each, and leaves the rest as it is
        raise await _outcome(engine, link, error) from None
    finally:
        engine.calls.end(call)
    if given.is_error:
        raise ToolFailed(said_in(given, engine.secrets))
    if (broken := broken_promise(tool, given, engine.secrets)) is not None:
        raise BadResult(cut(f"{engine.name} broke its own promise: {broken}."))
    return result_of(ctx, engine.secrets, given, engine.name, link.protocol)


def _check_tool(engine: Server, tool: Tool) -> None:
    """The list may have changed since the job was given out. ToolChanged."""
    now = engine.tools.get(tool.kind)
    if now is None or now.definition != tool.definition:
        what = "has no such tool any more" if now is None else "has another definition of it now"
        raise ToolChanged(f"{engine.name} {what}: {tool.name}.")


async def _given(engine: Server, link: Link, call: Call, args: Json) -> CallToolResult:
    """What the tool gave, after the pages that it wants to be seen first (2025-11-25, error -32042)."""
    for visit in range(_VISITS + 1):
        _check_tool(engine, call.tool)
        token = calling.set(call)
        try:
            with unheard():
                return await tasks.call_tool(
                    link.client, call.tool.name, args, _following(engine, call),
                    required=call.tool.task_support == "required", progress_callback=call.progressed,
                )  # fmt: skip
        except MCPError as error:
            if error.code != URL_ELICITATION_REQUIRED or visit == _VISITS or not await _visited(call, error):
                raise
        finally:
            calling.reset(token)
    raise AssertionError("the last round returns or raises")


async def _visited(call: Call, error: MCPError) -> bool:
    """Whether all pages of the error were opened."""
    try:
        pages = UrlElicitationRequiredError.from_error(error.error).elicitations
    except (ValidationError, TypeError, AttributeError):
        return False
    for page in pages[:_VISITS]:
        answer = await elicited(call, page)
        if not isinstance(answer, ElicitResult) or answer.action != "accept":
            return False
    return bool(pages)


def _following(engine: Server, call: Call) -> tasks.Following:
    ctx = call.ctx

    async def again() -> Any:
        return (await engine.take(ctx)).client

    def keep(id: str | None) -> None:
        call.is_task = True
        ctx.checkpoint(tasks.CHECKPOINT, id)

    return tasks.Following(
        server=engine.name,
        clock=engine.clock,
        say=call.say,
        alive=call.alive,
        answer=lambda params: elicited(call, params),
        keep=keep,
        warn=lambda text: ctx.warn("%s", cut(text)),
        grace_s=lambda: min(_LISTEN_S, _SHARE_OF_GRACE * ctx.grace_s),
        left=engine.left,
        kept=ctx.checkpoints.get(tasks.CHECKPOINT),
        moves=lambda: ctx.moves,
        again=again,
    )


async def _abandon(engine: Server, call: Call) -> None:
    """The SDK has told the server to stop. Whether it does is heard, not known. A task was told, and waited for, already."""
    if call.is_task:
        return engine.calls.end(call)
    leftover = engine.calls.abandon(call)
    patience_s = min(_LISTEN_S, _SHARE_OF_GRACE * call.ctx.grace_s)
    if call.ids and await leftover.word(engine.clock, patience_s):
        call.ctx.warn(
            "%s", f"MCP server {engine.name} goes on although it was told to stop; what it says is ignored."
        )  # fmt: skip
    return None


async def _outcome(engine: Server, link: Link, error: Exception) -> BaseException:
    """The error that the job carries. What is no outcome is a mistake of ours, and stays as it is."""
    cause = innermost(error)
    if not is_lost(cause):
        found = outcome_of(cause, engine.name, "")
    else:
        if isinstance(cause, MCPError) and cause.message == SESSION_OVER:
            link.fail("it has forgotten the session: it was started anew")
        found = outcome_of(cause, engine.name, await _how_lost(link, cause))
    return error if found is None else type(found)(engine.secrets.hide(found.message))


async def _how_lost(link: Link, error: BaseException) -> str:
    """The reason of the connection's end; of an answer that broke off alone, its own."""
    try:
        async with asyncio.timeout(_REASON_S if not isinstance(error, anyio.ClosedResourceError) else 0):
            await link.lost.wait()
    except TimeoutError:
        return cut(str(error), 500) or type(error).__name__
    return link.reason
