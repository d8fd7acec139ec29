"""The front of uvicorn: keeps stream links on the raw transport, hands every other connection to uvicorn untouched.

`uvicorn.Config(http=front(door))`. It looks at the first bytes of a connection: `GET /api/v1/live` as WebSocket or SSE
stays here, after the checks of the door, and costs a fifteenth of what it costs through ASGI; all else, a later request
on the same connection included, is uvicorn's. uvicorn's constructor is its own affair and is covered by a test: if it
changes, the endpoints of live.py serve the same. Must never know what frames mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from headway.errors import CallerError, Forbidden, InvalidInput, ServerError, TooLarge
from headway.protocol.frames import VIEWER_PROTOCOL
from headway.server.door import LIVE, Admission, Ask, Door, refusal_of
from headway.server.heads import HEAD_BYTES, BoundedHeads
from headway.server.live import RETRY, SSE_HEADERS
from headway.server.websocket import accept_key
from headway.server.wire import RawWire

_WEBSOCKET_VERSION = "13"
_SSE_HEAD = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % header for header in SSE_HEADERS)


def front(door: Door, base_path: str = "") -> Callable[..., asyncio.Protocol]:
    """What `uvicorn.Config(http=…)` calls for each connection. `base_path` may or may not be taken off by a proxy."""
    prefixes = tuple({f"GET {base}{LIVE}".encode() for base in ("", base_path)})

    def make(
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.Protocol:
        def rest() -> BoundedHeads:
            patience_s = door.feed.settings.hello_s
            return BoundedHeads(config, server_state, app_state, _loop, patience_s=patience_s)

        return Front(door, prefixes, rest)

    return make


class Front(asyncio.Protocol):
    """A connection whose purpose is not known yet."""

    __slots__ = ("_came", "_door", "_patience", "_prefixes", "_rest", "_transport")

    def __init__(self, door: Door, prefixes: tuple[bytes, ...], rest: Callable[[], asyncio.Protocol]) -> None:
        self._door = door
        self._prefixes = prefixes
        self._rest = rest
        self._came = b""
        self._patience: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        loop, patience_s = asyncio.get_running_loop(), self._door.feed.settings.hello_s
        self._patience = loop.call_later(patience_s, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._decided()

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        """Wait until it is plain what is wanted."""
        self._came += data
        ours = any(self._came.startswith(prefix) for prefix in self._prefixes)
        undecided = any(prefix.startswith(self._came) for prefix in self._prefixes)
        if ours:
            end = self._came.find(b"\r\n\r\n")
            if end >= 0:
                self._decided()
                self._enter(self._came[:end], self._came[end + 4 :])
            elif len(self._came) > HEAD_BYTES:
                self._decided()
                self._refuse(TooLarge("The request head", len(self._came), HEAD_BYTES))
        elif not undecided:
            self._decided()
            self._hand_over()

    def _decided(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hand_over(self) -> None:
        protocol, transport = self._rest(), self._transport
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._came)

    def _enter(self, head: bytes, after: bytes) -> None:
        path, query, headers = read_head(head)
        if path not in {prefix[4:].decode() for prefix in self._prefixes}:
            self._hand_over()
            return
        websocket = headers.get("upgrade", "").lower() == "websocket"
        peer = cast("tuple[str, int] | str | None", self._transport.get_extra_info("peername"))
        try:
            answer = _upgrade(headers) if websocket else _stream_head(headers.get("origin", ""), self._door)
            admission = self._door.admit(Ask(headers, query, peer[0] if isinstance(peer, tuple) else "", websocket))
        except (CallerError, ServerError) as error:
            self._refuse(error)
            return
        self._open(admission, answer, after, websocket=websocket)

    def _open(self, admission: Admission, answer: bytes, after: bytes, *, websocket: bool) -> None:
        wire = RawWire(self._transport, websocket=websocket, max_bytes=self._door.feed.settings.frame_bytes)
        wire.viewer = self._door.open(wire, admission)
        wire.cork()
        wire.viewer.write(answer)
        self._door.begin(wire.viewer, admission)
        wire.uncork()
        if after:
            wire.data_received(after)

    def _refuse(self, error: CallerError | ServerError) -> None:
        status, body, retry_s = refusal_of(error)
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/problem+json\r\n"
        if retry_s is not None:
            head += f"retry-after: {max(1, round(retry_s))}\r\n"
        if status == HTTPStatus.UPGRADE_REQUIRED:
            head += f"sec-websocket-version: {_WEBSOCKET_VERSION}\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self._transport.write(head.encode() + body)
        self._transport.close()


def read_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Path, query and headers of a request head; names in lower case, a header that came twice joined by a comma."""
    lines = head.decode("latin-1").split("\r\n")
    target = lines[0].partition(" ")[2].partition(" ")[0]
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return path, query, headers


def _stream_head(origin: str, door: Door) -> bytes:
    """The answer that begins an event stream; a listed page may read it."""
    shared = origin.lower() in door.guard.origins
    allowed = f"access-control-allow-origin: {origin}\r\nvary: Origin\r\n" if shared else ""
    return _SSE_HEAD + allowed.encode("latin-1") + b"connection: close\r\n\r\n" + RETRY


def _upgrade(headers: Mapping[str, str]) -> bytes:
    """The answer that makes the connection a WebSocket. InvalidInput: the request is not a handshake."""
    if headers.get("sec-websocket-version", "").strip() != _WEBSOCKET_VERSION:
        raise _UpgradeRequired("This server speaks WebSocket version 13.")
    accept = accept_key(headers.get("sec-websocket-key", ""))
    if accept is None or "upgrade" not in headers.get("connection", "").lower():
        raise InvalidInput("Sec-WebSocket-Key", "is not a WebSocket handshake's")
    offered = {word.strip() for word in headers.get("sec-websocket-protocol", "").split(",")}
    agreed = f"sec-websocket-protocol: {VIEWER_PROTOCOL}\r\n" if VIEWER_PROTOCOL in offered else ""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
        + accept
        + f"\r\n{agreed}\r\n".encode()
    )


class _UpgradeRequired(Forbidden):
    code = "upgrade_required"
    status = HTTPStatus.UPGRADE_REQUIRED
