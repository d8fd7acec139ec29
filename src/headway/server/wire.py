"""The wires: a viewer's bytes on a raw transport, over ASGI, or gathered for one long-poll answer.

Each is the `Wire` of hub/wire.py: `write`, `buffered`, `abort`, `close`, and tells its viewer what came, that everything
was taken, that it is over. The raw one is both the transport's protocol and the wire, so that a link is two small
objects. Must never know frames or topics. Made by the front and the endpoints.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from typing import cast

from headway.hub.coding import BARE, SSE, SSE_BEHIND, WEBSOCKET, WEBSOCKET_BEHIND, Coding, websocket_frame
from headway.hub.viewer import Viewer
from headway.server.websocket import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    Inbox,
    Violation,
    WireCode,
    close_code,
    close_payload,
)

UNSENT_BYTES = 131_072  # that the kernel may hold of ours, not counting what is on its way
DEAD_MS = 60_000  # after which the kernel gives up on a peer that acknowledges nothing
GATHERED = 65_536  # bytes that wait for an ASGI server before its viewer counts as blocked
LINGER_S = 2.0


class RawWire(asyncio.Protocol):
    """A link on the transport itself. While nothing is buffered writes go straight to a plain socket."""

    __slots__ = ("_closing", "_corked", "_fd", "_inbox", "_waiting", "coding", "max_bytes", "transport", "viewer")

    def __init__(self, transport: asyncio.Transport, *, websocket: bool, max_bytes: int) -> None:
        self.transport = transport
        self.viewer: Viewer | None = None
        self.max_bytes = max_bytes
        self._inbox: Inbox | None = None
        self._closing = False
        self._corked: list[bytes] | None = None
        self._waiting = False  # for the transport to take what it has
        self._fd = _plain_fd(transport)
        direct = self._fd >= 0
        self.coding: Coding = (
            (WEBSOCKET if direct else WEBSOCKET_BEHIND) if websocket else (SSE if direct else SSE_BEHIND)
        )
        transport.set_write_buffer_limits(high=0)
        transport.set_protocol(self)

    # -- the wire

    @property
    def fd(self) -> int:
        return self._fd

    @property
    def buffered(self) -> int:
        if self._corked is not None:
            held = sum(map(len, self._corked))
            return held if held > GATHERED else 0
        return max(self.transport.get_write_buffer_size(), 1) if self._waiting else 0

    def write(self, data: bytes) -> None:
        """Straight to the socket, what it does not take to the transport."""
        if self._closing:
            return
        if self._corked is not None:
            self._corked.append(data)
            return
        if not self._waiting and self._fd >= 0:
            try:
                taken = os.write(self._fd, data)
            except BlockingIOError:
                taken = 0
            except OSError:
                self.abort()
                return
            if taken == len(data):
                return
            data = data[taken:]
        self.transport.write(data)
        if not self._waiting and (self._fd >= 0 or self.transport.get_write_buffer_size()):
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._look, 0)

    def cork(self) -> None:
        """Keep what is written: the first frames of a link leave in one write, with the head."""
        self._corked = []

    def uncork(self) -> None:
        """Write what was kept."""
        kept, self._corked = self._corked, None
        if kept and self.viewer is not None:
            self.viewer.write(b"".join(kept))
            if self.viewer.blocked and not self._waiting:
                self.viewer.drained()

    def _look(self, times: int) -> None:
        """A transport that could write everything at its next chance never says so: it had never paused us."""
        if not self._waiting or self.transport.is_closing():
            return
        if not self.transport.get_write_buffer_size():
            self.resume_writing()
        elif times < 3:
            asyncio.get_running_loop().call_soon(self._look, times + 1)

    def close(self, code: int, reason: str) -> None:
        if self._closing:
            return
        if self._corked is not None:
            self.uncork()
        if self.coding in (WEBSOCKET, WEBSOCKET_BEHIND):
            self.write(websocket_frame(close_payload(code, reason), CLOSE))
        self._closing = True
        self._fd = -1
        if not self.transport.is_closing():
            self.transport.close()
            if self._waiting:  # the peer may never take the rest
                asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)

    def abort(self) -> None:
        self._closing = True
        self._fd = -1
        self.transport.abort()

    # -- the transport's protocol

    def data_received(self, data: bytes) -> None:
        """Bytes of the client: frames of a WebSocket; of an SSE reader nothing is expected."""
        if self._closing or self.coding in (SSE, SSE_BEHIND):
            return
        inbox = self._inbox or Inbox(self.max_bytes)
        try:
            for opcode, payload in inbox.feed(data):
                self._take(opcode, payload)
        except Violation as violation:
            self._end(violation.code, violation.reason)
        self._inbox = None if inbox.idle else inbox

    def _take(self, opcode: int, payload: bytes) -> None:
        if self._closing:
            return
        if opcode == TEXT:
            if self.viewer is not None:
                self.viewer.received(payload)
        elif opcode == PING:
            self._write_pong(payload)
        elif opcode == CLOSE:
            self._end(close_code(payload), "")
        elif opcode != PONG:
            raise Violation(WireCode.UNSUPPORTED, "frames are text")

    def _write_pong(self, payload: bytes) -> None:
        """Through the viewer, so that a full link is seen as one."""
        if self.viewer is not None and not self.viewer.blocked:
            self.viewer.write(websocket_frame(payload, PONG))

    def _end(self, code: int, reason: str) -> None:
        self.close(code, reason)
        if self.viewer is not None:
            self.viewer.closed()

    def eof_received(self) -> bool:
        return False

    def resume_writing(self) -> None:
        """The transport has nothing left."""
        self._waiting = False
        if self.viewer is not None and not self._closing:
            self.viewer.drained()

    def connection_lost(self, exc: Exception | None) -> None:  # the seam's
        self._closing = True
        self._fd = -1
        viewer, self.viewer = self.viewer, None
        if viewer is not None:
            viewer.closed()


def _plain_fd(transport: asyncio.Transport) -> int:
    """The socket of a transport without TLS, prepared for a viewer; -1 with it."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is None:
        return -1
    for level, option, value in _OPTIONS:
        with contextlib.suppress(OSError):  # not every socket has every option; none is needed for correctness
            sock.setsockopt(level, option, value)
    return -1 if transport.get_extra_info("ssl_object") is not None else sock.fileno()


_OPTIONS = [
    (socket.IPPROTO_TCP, cast("int", getattr(socket, name)), value)
    for name, value in (("TCP_NOTSENT_LOWAT", UNSENT_BYTES), ("TCP_USER_TIMEOUT", DEAD_MS))
    if hasattr(socket, name)
]


class GatheringWire:
    """Frames for somebody else to send: an ASGI server, or one answer of a long-poll. `ready` is set while there are."""

    def __init__(self, coding: Coding = BARE, *, limit: int = GATHERED) -> None:
        self.coding = coding
        self.fd = -1
        self.viewer: Viewer | None = None
        self.frames: deque[bytes] = deque()
        self.ready = asyncio.Event()
        self.ended: tuple[int, str] | None = None
        self._size = 0
        self._limit = limit

    @property
    def buffered(self) -> int:
        return self._size if self._size > self._limit else 0

    def write(self, data: bytes) -> None:
        if self.ended is None:
            self.frames.append(data)
            self._size += len(data)
            self.ready.set()

    def take(self) -> bytes:
        """The next frame, and to the viewer that there is room again when that was the last."""
        data = self.frames.popleft()
        full = self.buffered > 0
        self._size -= len(data)
        if not self.frames:
            if self.ended is None:
                self.ready.clear()
            if full and self.viewer is not None:
                self.viewer.drained()
        return data

    def close(self, code: int, reason: str) -> None:
        if self.ended is None:
            self.ended = code, reason
            self.ready.set()

    def abort(self) -> None:
        self.frames.clear()
        self._size = 0
        self.close(WireCode.NORMAL, "")
