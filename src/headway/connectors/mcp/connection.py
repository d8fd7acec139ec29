"""One connection to a server, from its opening to its end: the SDK's client, held open by a task of its own.

The SDK ties a client to the task that entered it; calls may come from any. Both eras, by the SDK's own probe: what differs
after that (how logs are wished for, how changes of the tool list are heard, how to ask whether anybody is there) is here
and nowhere else. Nothing here has the SDK's timeouts but what has bounds of its own. Must never know jobs or the board.
Made by `engine.py`, one after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib.metadata import version
from typing import Any, Protocol, cast

from mcp import Client
from mcp.client._transport import Transport
from mcp.client.session import ClientRequestContext, IncomingMessage
from mcp.client.subscriptions import SubscriptionLost
from mcp.shared.exceptions import MCPError
from mcp_types import (
    METHOD_NOT_FOUND,
    ElicitRequestParams,
    ElicitResult,
    EmptyResult,
    ErrorData,
    Implementation,
    LoggingMessageNotificationParams,
    PingRequest,
    SetLevelRequest,
    SetLevelRequestParams,
    ToolListChangedNotification,
)
from mcp_types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

from headway.connectors.mcp.calling import Id
from headway.connectors.mcp.config import Resolved
from headway.connectors.mcp.definition import MOST_TOOLS, Json
from headway.connectors.mcp.http import Endpoint, unreached
from headway.connectors.mcp.last_words import plain
from headway.connectors.mcp.outcomes import SESSION_OVER
from headway.connectors.mcp.process import ServerProcess
from headway.connectors.mcp.promise import taken_as_it_is
from headway.connectors.mcp.secrets import cut
from headway.connectors.mcp.tap import Tap
from headway.connectors.mcp.tasks import Tasks

OPEN_S = 120.0  # `npx` and `uvx` may fetch the server first
LIST_S = 60.0  # for the whole list
CHECK_S = 10.0
_ROUNDS = 100  # questions in one call
_PAGES = 100
LIST_BYTES = 67_108_864  # of all pages
_log = logging.getLogger("headway.mcp")


def innermost(error: BaseException) -> BaseException:
    """What the SDK's task groups have wrapped, the first of several."""
    while isinstance(error, BaseExceptionGroup):
        inner = cast("tuple[BaseException, ...]", error.exceptions)  # pyright: ignore[reportUnknownMemberType]
        error = inner[0]
    return error


class NotReached(Exception):
    """There is no connection, and why."""


class Listener(Protocol):
    """Who hears what the server says beside answers."""

    def word(self) -> None: ...
    def heard_of(self, id: Id) -> None: ...
    def answered(self, id: Id) -> None: ...
    def logged(self, params: LoggingMessageNotificationParams) -> None: ...
    def tools_changed(self) -> None: ...
    async def asked(self, params: ElicitRequestParams, meta: Json) -> ElicitResult | ErrorData: ...


class Link:
    """A connection. `open` it, use `client`, `close` it; `lost` is set at its end, whoever made that."""

    def __init__(self, resolved: Resolved, listener: Listener, transport: Transport | None = None) -> None:
        server = resolved.server
        self._resolved = resolved
        self._listener = listener
        self._inner = transport or (ServerProcess(resolved, self._garbage) if server.command else Endpoint(resolved))
        self.client = Client(
            Tap(self._inner, self),
            log_level=server.log_level,
            logging_callback=self._logged,
            message_handler=self._message,
            elicitation_callback=self._asked,
            client_info=Implementation(name="headway", version=version("headway")),
            input_required_max_rounds=_ROUNDS,
            extensions=[Tasks()],
            cache=None,
            mode="auto" if server.protocol == "auto" else "legacy",
        )
        self.lost = asyncio.Event()
        self._reason = ""
        self._opened = asyncio.Event()
        self._end = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._aside: set[asyncio.Task[None]] = set()

    # -- its life --

    async def open(self, patience_s: float = OPEN_S) -> None:
        """Reach it and agree on a protocol. NotReached says why not."""
        create = asyncio.get_running_loop().create_task
        self._life = create(self._live())
        waits = [create(self._opened.wait()), create(self.lost.wait())]
        try:
            await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        if not self._opened.is_set():
            self._reason = self._reason or f"it has not answered within {patience_s:g} s{self._also()}"
            await self.close()
            raise NotReached(self.reason)
        self.client.session.validate_tool_result = taken_as_it_is
        self._start(self._wish_for_logs())
        self._start(self._follow_changes())

    async def _live(self) -> None:
        try:
            async with self.client:
                self._opened.set()
                await self._end.wait()
        except asyncio.CancelledError:
            pass  # by `close`, or by the SDK when its transport broke
        except BaseException as error:  # noqa: BLE001 - whatever the SDK raises, it is how the connection ended
            self._reason = self._reason or self._words(error)
        finally:
            self.lost.set()

    async def close(self) -> None:
        """End it; with a process, that process. Back when that is done."""
        self._end.set()
        for each in self._aside:
            each.cancel()
        if self._life is not None and not self._life.done():
            if not self._opened.is_set():
                self._life.cancel()
            await asyncio.wait([self._life])

    @property
    def reason(self) -> str:
        """Why it ended, free of secrets."""
        problem = getattr(self._inner, "problem", "")
        hide = self._resolved.secrets.hide
        return cut(hide(plain(hide(self._reason or problem or "the connection was closed"))), 1_000)

    def fail(self, reason: str) -> None:
        """It is of no use any more."""
        self._reason = self._reason or reason
        self._end.set()

    def _also(self) -> str:
        problem = getattr(self._inner, "problem", "")
        return f" ({problem})" if problem and "closed its stdout" not in problem else ""

    def _words(self, error: BaseException) -> str:
        error = innermost(error)
        if isinstance(error, FileNotFoundError):
            cwd = self._resolved.server.cwd
            return f"there is no command {self._resolved.server.command!r}" + (f", or no folder {cwd!r}" if cwd else "")
        if isinstance(error, OSError) and self._resolved.server.command:
            return f"its process can not be started: {error.strerror or error}"
        problem = getattr(self._inner, "problem", "")
        return problem or unreached(error) or cut(str(error).partition("\n")[0] or type(error).__name__, 500)

    def _start(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    # -- what it is --

    @property
    def protocol(self) -> str:
        """The protocol version agreed on."""
        return self.client.protocol_version

    @property
    def modern(self) -> bool:
        """Without handshake and session."""
        return self.protocol in MODERN_PROTOCOL_VERSIONS

    @property
    def version(self) -> str:
        """For people: `everything 2.0.0 · MCP 2025-11-25`."""
        known = self.client.server_info
        hide = self._resolved.secrets.hide
        who = "" if known is None else f"{cut(hide(f'{known.name} {known.version}'.strip()), 200)} · "
        return f"{who}MCP {self.protocol}"

    # -- what it is asked beside calls --

    async def listed(self) -> list[Json]:
        """All of `tools/list`, as JSON; of more than there may be, one more. NotReached, MCPError, ValidationError."""
        found: list[Json] = []
        read = 0
        cursor: str | None = None
        try:
            async with asyncio.timeout(LIST_S):
                for _ in range(_PAGES):
                    page = await self.client.list_tools(cursor=cursor)
                    read += len(page.model_dump_json(by_alias=True, exclude_none=True))
                    if read > LIST_BYTES:
                        raise NotReached(f"its list of tools has more than {LIST_BYTES:,} bytes")
                    found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
                    cursor = page.next_cursor
                    if cursor is None or len(found) > MOST_TOOLS:
                        break
        except TimeoutError:
            raise NotReached(f"it has not listed its tools within {LIST_S:g} s") from None
        return found

    async def answers(self, patience_s: float = CHECK_S) -> bool:
        """Whether anybody is there: an error is an answer too."""
        session = self.client.session
        try:
            async with asyncio.timeout(patience_s):
                if self.modern:
                    await session.send_discover(LATEST_MODERN_VERSION)
                else:
                    await session.send_request(PingRequest(), EmptyResult)
        except TimeoutError:
            return False
        except MCPError as error:
            self.check_session(error)
            return not self.lost.is_set()
        return True

    def check_session(self, error: BaseException) -> None:
        """Whether it says that it does not know the session any more, which ends the link."""
        if isinstance(error, MCPError) and error.message == SESSION_OVER:
            self.fail("it has forgotten the session: it was started anew")

    async def knocked(self, patience_s: float = CHECK_S) -> bool:
        """As `answers`, but over HTTP beside the link: whoever gives any answer there is heard."""
        if not isinstance(self._inner, Endpoint):
            return await self.answers(patience_s)
        if found := await self._inner.knocked(patience_s):
            self.word()
        return found

    async def _wish_for_logs(self) -> None:
        """Of the handshake era; later ones are told so with each request."""
        if self.modern or self.client.server_capabilities.logging is None:
            return
        level = self._resolved.server.log_level
        with contextlib.suppress(MCPError, TimeoutError):
            async with asyncio.timeout(CHECK_S):
                wish = SetLevelRequest(params=SetLevelRequestParams(level=level))
                await self.client.session.send_request(wish, EmptyResult)

    async def _follow_changes(self) -> None:
        """Of the stateless era, where changes are told to who listens. After a break: listen anew, and ask."""
        tools = self.client.server_capabilities.tools
        while self.modern and tools is not None and tools.list_changed and not self.lost.is_set():
            try:
                async with self.client.listen(tools_list_changed=True) as changes:
                    async for _ in changes:
                        self._listener.tools_changed()
            except MCPError as error:
                if error.code == METHOD_NOT_FOUND:
                    return
            except SubscriptionLost:
                pass
            await self._resolved_pause()
            self._listener.tools_changed()

    async def _resolved_pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_S):
                await self.lost.wait()

    # -- as the tap and the SDK tell it --

    def word(self) -> None:
        """As of `tap.Ears`."""
        self._listener.word()

    def heard_of(self, id: Id) -> None:
        """As of `tap.Ears`."""
        self._listener.heard_of(id)

    def answered(self, id: Id) -> None:
        """As of `tap.Ears`."""
        self._listener.answered(id)

    def closed(self) -> None:
        """As of `tap.Ears`."""
        self._end.set()

    def _garbage(self, text: str) -> None:
        _log.warning("MCP server %s writes on its stdout what is no JSON-RPC: %r", self._resolved.server.name, text)

    async def _logged(self, params: LoggingMessageNotificationParams) -> None:
        self._listener.logged(params)

    async def _message(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._listener.tools_changed()

    async def _asked(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        return await self._listener.asked(params, dict(context.meta or {}))
