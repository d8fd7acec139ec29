"""The one WebSocket to an engine: opened under a client id that stays, and opened again for ever.

It counts as open only once the engine has said `status`: then it is registered there, and what is submitted afterwards is
heard from its first word. Frames that are not understood are counted and passed over; one that is too large ends the
connection, not the socket. An engine that still holds an earlier connection of the id forgets the new one when that
breaks: the new one stays open and hears nothing for ever (seen on 0.3.64). Whoever suspects that asks to `reopen`. What a word means, `prompt.py` and `progress.py` say. Run by `engine.py`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from headway.clock import Clock
from headway.connectors.comfyui.events import Event, Said, read_frame
from headway.connectors.comfyui.target import Address
from headway.connectors.comfyui.workflow import cut

FRAME_BYTES = 32 * 1024 * 1024
_OPEN_S = 10.0  # to connect, and then again to say `status`
_PING_S = 15.0
_SILENT_S = 30.0  # without an answer to a ping: it is connected no longer
_AGAIN_S = (0.5, 15.0)
_FLAGS = msgspec.json.encode({"type": "feature_flags", "data": {"supports_preview_metadata": True}}).decode()


class Listener(Protocol):
    """Who is told what the socket hears."""

    def opened(self) -> None:
        """It is registered with the engine: what happens from now on is heard."""
        ...

    def heard(self, event: Event) -> None:
        """One event, whosever it is."""
        ...

    def closed(self, reason: str) -> None:
        """It is closed, or could not be opened; what happens until `opened` is not heard."""
        ...


class Socket:
    """`run` for ever. `open`: registered with the engine; `strange`: frames that were not understood; `heard_at`: the
    monotonic second of the last frame.
    """

    def __init__(self, address: Address, client_id: str, listener: Listener, clock: Clock) -> None:
        self.open = False
        self.strange = 0
        self._address = address
        self._url = address.socket_url(client_id)
        self._listener = listener
        self._clock = clock
        self._pause_s = _AGAIN_S[0]
        self._connection: ClientConnection | None = None
        self._reopening = False
        self.heard_at = float("-inf")

    async def run(self) -> None:
        """Connect, listen, connect again."""
        while True:
            reason = await self._live()
            self.open, self._connection = False, None
            if self._reopening:
                self._reopening = False
                continue
            self._listener.closed(reason)
            await self._clock.sleep(self._clock.uniform(0.5, 1.0) * self._pause_s)
            self._pause_s = min(self._pause_s * 2, _AGAIN_S[1])

    async def reopen(self) -> None:
        """Close the connection in good manners, and open another at once; nobody is told that it was closed."""
        if self.open and self._connection is not None:
            self._reopening = True
            await self._connection.close()

    async def _live(self) -> str:
        """One connection, and why it is over."""
        try:
            async with connect(
                self._url, additional_headers=self._address.headers, max_size=FRAME_BYTES, open_timeout=_OPEN_S,
                ping_interval=_PING_S, ping_timeout=_SILENT_S, close_timeout=2, proxy=None, compression=None,
            ) as connection:  # fmt: skip
                self._connection = connection
                await connection.send(_FLAGS)
                await self._register(connection)
                async for frame in connection:
                    self._take(frame)
        except TimeoutError:
            return "its socket does not open: no answer"
        except InvalidStatus as error:
            return f"its socket does not open: HTTP {error.response.status_code}"
        except ConnectionClosed as error:
            return f"its socket was closed{_because(error)}"
        except ConnectionRefusedError:
            return "connection refused"
        except (OSError, WebSocketException, EOFError) as error:
            return f"its socket does not open: {cut(error) or type(error).__name__}"
        return "its socket was closed"

    async def _register(self, connection: ClientConnection) -> None:
        """Wait for `status`, the first that an engine says to who is registered."""
        async with asyncio.timeout(_OPEN_S):
            while True:
                event = self._read(await connection.recv())
                if isinstance(event, Said) and event.type == "status":
                    break
        self.open, self._pause_s = True, _AGAIN_S[0]
        self._listener.opened()
        self._listener.heard(event)

    def _take(self, frame: str | bytes) -> None:
        event = self._read(frame)
        if event is not None:
            self._listener.heard(event)

    def _read(self, frame: str | bytes) -> Event | None:
        self.heard_at = self._clock.monotonic()
        event = read_frame(frame)
        if event is None:
            self.strange += 1
        return event


def _because(error: ConnectionClosed) -> str:
    received = error.rcvd
    if received is None:
        return " without a word"
    return f" ({received.code}{': ' + cut(received.reason) if received.reason else ''})"
