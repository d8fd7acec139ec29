"""What passes between client and server, seen as it passes: whose request has which id, and what is heard of which.

The SDK forgets a request that was cancelled and drops what comes late; whether a server obeys can be seen only here. What
the SDK could not read without falling over (a number of progress that no float holds) is dropped here too. Wraps any
transport of the SDK. Must never know jobs. Made by `connection.py`.
"""

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from mcp.client._transport import ReadStream, Transport, TransportStreams, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from headway.connectors.mcp.calling import Id, calling

Message = SessionMessage | Exception


class Ears(Protocol):
    """Who wants to know."""

    def word(self) -> None:
        """Anything came from the server."""
        ...

    def heard_of(self, id: Id) -> None:
        """Progress of this request."""
        ...

    def answered(self, id: Id) -> None:
        """The response to this request."""
        ...

    def closed(self) -> None:
        """Nothing will come any more."""
        ...


class Tap(AbstractAsyncContextManager[TransportStreams]):
    """A `Transport` around another one."""

    def __init__(self, inner: Transport, ears: Ears) -> None:
        self._inner = inner
        self._ears = ears

    async def __aenter__(self) -> TransportStreams:
        read, write = await self._inner.__aenter__()
        return _Reading(read, self._ears), _Writing(write)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(exc_type, exc_val, exc_tb)


class _Writing:
    """Requests of a call are called by their ids, in the task that makes the call."""

    def __init__(self, inner: WriteStream[SessionMessage]) -> None:
        self._inner = inner

    async def send(self, item: SessionMessage, /) -> None:
        call = calling.get()
        if call is not None and isinstance(item.message, JSONRPCRequest):
            call.ids.add(item.message.id)
        await self._inner.send(item)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(exc_type, exc_val, exc_tb)


class _Reading:
    """Each message before the SDK has it."""

    def __init__(self, inner: ReadStream[Message], ears: Ears) -> None:
        self._inner = inner
        self._ears = ears

    @property
    def last_context(self) -> Any:
        """The context of who sent the request that this belongs to, where the transport keeps it."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Message:
        while not self._passes(item := await self._inner.receive()):
            pass
        return item

    def __aiter__(self) -> ReadStream[Message]:
        return self

    async def __anext__(self) -> Message:
        try:
            while not self._passes(item := await self._inner.__anext__()):
                pass
        except BaseException:
            self._ears.closed()
            raise
        return item

    def _passes(self, item: Message) -> bool:
        if isinstance(item, Exception):
            return True
        self._ears.word()
        message = item.message
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            if message.id is not None:
                self._ears.answered(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/progress":
            return self._hear_progress(message.params or {})
        return True

    def _hear_progress(self, params: dict[str, Any]) -> bool:
        token = params.get("progressToken")
        if isinstance(token, str | int) and not isinstance(token, bool):
            self._ears.heard_of(token)
        return all(_is_float(params.get(key)) for key in ("progress", "total"))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(exc_type, exc_val, exc_tb)


def _is_float(value: Any) -> bool:
    """Whether the SDK can make a float of it; what is no number it leaves alone."""
    if not isinstance(value, int | float):
        return True
    try:
        return not math.isnan(float(value))
    except OverflowError:
        return False
