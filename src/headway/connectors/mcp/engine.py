"""One MCP server of a worker: reached again and again, its tools as kinds, its calls counted, what the board says of it.

A life is one connection: open, list, serve; then until it is lost, look after it. Tools stay served while the server is
away: jobs of them wait for it. A call is never ended from here: whether one has stalled, the clocks of its job decide.
Knows no job but its id. Run by the executor (`headway.worker.engines`), used by `call.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from mcp.client._transport import Transport
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult, ErrorData, LoggingMessageNotificationParams
from pydantic import ValidationError

from headway.clock import Clock
from headway.connectors.base import Board, Job, Service
from headway.connectors.mcp import call
from headway.connectors.mcp.calling import Id, calling, log_text, the_call
from headway.connectors.mcp.calls import Calls
from headway.connectors.mcp.config import MissingVariable, Resolved, Server, resolved
from headway.connectors.mcp.connection import Link, NotReached
from headway.connectors.mcp.definition import Json, LeftOut, Tool, options_of, result_schema, tools_of
from headway.connectors.mcp.elicit import elicited
from headway.connectors.mcp.last_words import plain
from headway.connectors.mcp.loglines import LogLines
from headway.connectors.mcp.secrets import Secrets, cut
from headway.connectors.mcp.status import State, said_of
from headway.connectors.mcp.tasks import owner
from headway.errors import InvalidInput
from headway.worker.context import Context

HUNG_S = 60.0  # of silence without a call: then it is ended and started, or reached, anew
_PAUSES_S = (1.0, 30.0)  # between two lives, the first and the longest
_HEALTHY_S = 60.0  # a life this long forgets earlier failures
_CONFIG_S = 60.0  # an environment does not change; the status is told for as long
_TICK_S = 1.0
_SETTLE_S = 0.1  # changes of the tool list come in swarms
_LIST_S = (1.0, 30.0)  # between two looks at it, first and at most: longer each time, while it changes again and again
_CALM_S = 60.0  # without a change: then the next is seen at once again
_RELIST_S = 300.0  # a server may change its tools and say nothing
_log = logging.getLogger("headway.mcp")

Reach = Callable[[Resolved], Transport]
"""Another way to the server than its command or URL: what tests put here."""


class McpEngine:
    """An `Engine` with one service. `take` its connection for a call."""

    def __init__(
        self, server: Server, clock: Clock, environment: Mapping[str, str], reach: Reach | None = None
    ) -> None:
        self.server = server
        self.name = server.name
        self.clock = clock
        self.link: Link | None = None
        self.secrets = Secrets()
        self.tools: Mapping[str, Tool] = {}
        self.calls = Calls(clock, self._tell)
        self._environment = environment
        self._reach = reach
        self._state = State()
        self._lines = LogLines(server.name, clock)
        self._board: Board | None = None
        self._connected = asyncio.Event()
        self._changed = asyncio.Event()
        self._heard_at = 0.0
        self._told_at = 0.0
        self._background: set[asyncio.Task[None]] = set()

    # -- as the worker runs it --

    def services(self) -> list[Service]:
        """As of `Engine`."""
        words = {"name": self.name, "type": "mcp", "status": "starting", "slots": self.server.slots}
        return [words | ({"url": self.server.shown_url} if self.server.url else {})]

    async def run(self, board: Board) -> None:
        """One life after another."""
        self._board = board
        pause_s = _PAUSES_S[0]
        while True:
            born = self.clock.monotonic()
            await self._live(board)
            if self.clock.monotonic() - born > _HEALTHY_S:
                pause_s = _PAUSES_S[0]
            await self.clock.sleep(_CONFIG_S if self._state.misconfigured else pause_s)
            pause_s = min(pause_s * 2, _PAUSES_S[1])

    async def _live(self, board: Board) -> None:
        try:
            whole = resolved(self.server, self._environment)
        except MissingVariable as missing:
            self._state.misconfigured = str(missing)
            self._tell()
            return
        self.secrets = whole.secrets
        link = Link(whole, self, self._reach(whole) if self._reach else None)
        try:
            await link.open()
            await self._list(link, board)
            await self._look_after(link, board)
            self._unreachable(link.reason)
        except NotReached as problem:
            self._unreachable(str(problem))
        except (MCPError, ValidationError) as error:
            self._unreachable(self._said(error, link))
        finally:
            self.link = None
            self._connected.clear()
            self._unreachable(self._state.problem or "its connector has ended")
            await link.close()
            self.calls.lost()

    def _said(self, error: MCPError | ValidationError, link: Link) -> str:
        if isinstance(error, ValidationError):
            return "its list of tools is not of the protocol"
        if link.lost.is_set():
            return link.reason
        return cut(plain(self.secrets.hide(f"it does not list its tools: {error.message}")), 1_000)

    async def _look_after(self, link: Link, board: Board) -> None:
        """Until the connection is lost."""
        self.link = link
        self._state.problem, self._state.silent_s, self._state.heard = None, None, True
        self._connected.set()
        self._tell(version=link.version)
        create = asyncio.get_running_loop().create_task
        lost = create(link.lost.wait())
        keepers = [create(self._check_for_ever(link, board)), create(self._list_for_ever(link, board))]
        try:
            done, _ = await asyncio.wait([lost, *keepers], return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in (lost, *keepers):
                each.cancel()

    # -- its tools --

    async def _list_for_ever(self, link: Link, board: Board) -> None:
        pause_s = _LIST_S[0]
        while True:
            since = self.clock.monotonic()
            await self._until_changed()
            if self.clock.monotonic() - since >= _CALM_S:
                pause_s = _LIST_S[0]
            await self.clock.sleep(_SETTLE_S)
            self._changed.clear()
            try:
                await self._list(link, board)
            except (NotReached, MCPError, ValidationError) as error:
                if link.lost.is_set():
                    return
                self._state.stale = self._why(error)
                _log.warning("MCP server %s: its tools stay as they were: %s", self.name, self._state.stale)
                self._tell()
            await self.clock.sleep(pause_s)
            pause_s = min(pause_s * 2, _LIST_S[1])

    def _why(self, error: Exception) -> str:
        return cut(self.secrets.hide(str(error).partition("\n")[0]), 500)

    async def _until_changed(self) -> None:
        waits = [asyncio.ensure_future(each) for each in (self._changed.wait(), self.clock.sleep(_RELIST_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _list(self, link: Link, board: Board) -> None:
        """Serve what the server has now. NotReached, MCPError, ValidationError."""
        tools, left_out = tools_of(self.server, await link.listed(), self.secrets)
        jobs: list[Job[..., Any]] = []
        for tool in tools:
            try:
                jobs.append(self._job(tool))
            except InvalidInput as problem:
                left_out.append(LeftOut(tool.name, str(problem)))
        served = {job.name for job in jobs}
        self.tools = {tool.kind: tool for tool in tools if tool.kind in served}
        self._state.tools, self._state.left_out, self._state.stale = len(jobs), left_out, None
        board.serve(self, jobs)
        self._tell()

    def _job(self, tool: Tool) -> Job[..., Any]:
        async def handler(ctx: Context, args: Json) -> Json:
            return await call.run_tool(ctx, self, tool, args)

        options = options_of(self.server, tool)
        return cast(
            "Job[..., Any]",
            Job.from_schema(handler, name=tool.kind, schema=tool.schema, output=result_schema(tool.output), **options),
        )

    # -- as calls use it --

    async def take(self, ctx: Context) -> Link:
        """The connection; waited for as long as it takes, and said so."""
        while (link := self.link) is None:
            why = self._state.misconfigured or self._state.problem or "it is being reached"
            ctx.progress(message=cut(f"Waiting for MCP server {self.name}: {why}"))
            ctx.alive()
            waits = [
                asyncio.ensure_future(each) for each in (self._connected.wait(), self.clock.sleep(_PAUSES_S[0] * 5))
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
        return link

    def left(self, ending: Awaitable[None]) -> None:
        """A task on the server that did not stop: it counts until this returns."""

        async def wait() -> None:
            self.calls.tasks += 1
            self._tell()
            try:
                await ending
            finally:
                self.calls.tasks -= 1
                self._tell()

        waiting = asyncio.get_running_loop().create_task(wait())
        self._background.add(waiting)
        waiting.add_done_callback(self._background.discard)

    # -- as the connection tells it --

    def word(self) -> None:
        """Anything came."""
        self._heard_at = self.clock.monotonic()
        if self._state.silent_s is not None:
            self._state.silent_s = None
            self._tell()

    def heard_of(self, id: Id) -> None:
        """Progress of this request."""
        self.calls.heard_of(id)

    def answered(self, id: Id) -> None:
        """The response to this request."""
        self.calls.answered(id)

    def tools_changed(self) -> None:
        """It says so."""
        self._changed.set()

    def logged(self, params: LoggingMessageNotificationParams) -> None:
        """The log of the call that it belongs to; where that is not to be known, the worker's own."""
        if (found := the_call(self.calls.running)) is not None:
            found.log(params)
        else:
            self._lines.write(cut(self.secrets.hide(log_text(params))))

    async def asked(self, params: ElicitRequestParams, meta: Json) -> ElicitResult | ErrorData:
        """A question, put to the job that it belongs to."""
        if (following := owner(meta)) is not None:
            return await following.answer(params)
        running = self.calls.running
        if (found := the_call(running)) is not None:
            return await elicited(found, params)
        if not running:
            return ElicitResult(action="cancel")
        note = f" (One of {len(running)} calls that run in {self.name} asks this: it does not say which.)"
        unasked = next((call for call in running if not call.asking.locked()), running[0])
        return await elicited(unasked, params, note)

    # -- checks --

    async def _check_for_ever(self, link: Link, board: Board) -> None:
        self._heard_at = due = self.clock.monotonic()
        while True:
            await self.clock.sleep(_TICK_S)
            self.calls.forget_quiet()
            self._lines.settle()
            if self._heard_at > self._told_at:
                self._told_at = self._heard_at
                board.tell(self.name, seen=True)
            if self.clock.monotonic() - due >= board.service_s:
                await self._check(link, board.service_s)
                due = self.clock.monotonic()

    async def _check(self, link: Link, every_s: float) -> None:
        """Ask whether anybody is there, if nothing was heard for a while. Over HTTP, while calls run, from beside: a
        second request of the link that is refused must not end it.
        """
        quiet_s = self.clock.monotonic() - self._heard_at
        if quiet_s < every_s / 2:
            return
        calling.set(None)
        if await (link.knocked() if self.calls.running else link.answers()) or link.lost.is_set():
            return
        self._state.silent_s = quiet_s = self.clock.monotonic() - self._heard_at
        self._tell()
        if quiet_s >= HUNG_S and not self.calls.running:
            link.fail(f"it said nothing for {quiet_s:.0f} s and did not answer")

    # -- telling --

    def _unreachable(self, reason: str) -> None:
        self._state.heard, self._state.problem = True, reason
        self._tell()

    def _tell(self, **more: Any) -> None:
        if self._board is not None:
            jobs = [each.ctx.job_id for each in self.calls.running]
            self._board.tell(self.name, **said_of(self._state, self.server.slots, jobs, self.calls.leftover), **more)
