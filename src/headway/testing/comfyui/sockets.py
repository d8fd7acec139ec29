"""Who hears what: one socket for each client id, no replay, and the messages in the order they were sent.

Played as the real server does, its trap included: when a client comes again under its id, the old socket stays open
and deaf, and its end takes the NEW one out of the table, which then stays open and deaf too (seen on 0.3.64). The
executor's thread sends; the loop delivers. Knows nothing of nodes.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

FEATURES = {"supports_preview_metadata": True, "max_upload_size": 104_857_600}
PREVIEW, TEXT, PREVIEW_WITH_METADATA = 1, 3, 4
PNG = 2


class Sockets:
    """`greeting` gives the messages for a client that has just come."""

    def __init__(self, greeting: Callable[[str], list[tuple[str, Mapping[str, Any]]]]) -> None:
        self._greeting = greeting
        self._table: dict[str, WebSocket] = {}
        self._flags: dict[str, Mapping[str, Any]] = {}
        self._outbox = asyncio.Queue[tuple[str | bytes, str | None]]()
        self._loop = asyncio.get_running_loop()

    # -- any thread --------------------------------------------------------------------------------------------------

    def send(self, event: str, payload: Mapping[str, Any], client: str | None) -> None:
        """To the client's socket, if it has one; to all sockets without a client."""
        self._put(json.dumps({"type": event, "data": payload}), client)

    def preview(self, png: bytes, about: Mapping[str, Any], client: str | None) -> None:
        """An image of the running node: with what it is of for a client that can read that, bare for any other."""
        if self.understands(client):
            told = json.dumps({**about, "image_type": "image/png"}).encode()
            self._put(struct.pack(">II", PREVIEW_WITH_METADATA, len(told)) + told + png, client)

    def bare_preview(self, png: bytes, client: str | None) -> None:
        """The same for a client that knows nothing of metadata, after the step was told."""
        if not self.understands(client):
            self._put(struct.pack(">II", PREVIEW, PNG) + png, client)

    def text(self, node: str, text: str, client: str | None) -> None:
        """A line about the running node."""
        name = node.encode()
        self._put(struct.pack(">II", TEXT, len(name)) + name + text.encode(), client)

    def understands(self, client: str | None) -> bool:
        """Whether that client has said that it reads previews with metadata."""
        return bool(self._flags.get(client or "", {}).get("supports_preview_metadata"))

    def _put(self, message: str | bytes, client: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._outbox.put_nowait, (message, client))
        except RuntimeError:  # the loop has ended meanwhile: nobody is there to hear it
            return

    # -- the loop ----------------------------------------------------------------------------------------------------

    @property
    def clients(self) -> list[str]:
        """The client ids that hear something."""
        return list(self._table)

    def deafen(self) -> None:
        """Every socket stays open and hears nothing more."""
        self._table.clear()

    async def publish(self) -> None:
        """Deliver, one message after the other."""
        while True:
            message, client = await self._outbox.get()
            targets = list(self._table.values()) if client is None else [self._table.get(client)]
            for socket in targets:
                if socket is not None:
                    await _deliver(socket, message)

    async def serve(self, socket: WebSocket) -> None:
        """One socket, to its end."""
        await socket.accept()
        client = socket.query_params.get("clientId") or uuid4().hex
        self._table[client] = socket
        self._flags[client] = {}
        try:
            for event, payload in self._greeting(client):
                await self._now(socket, event, payload)
            await self._listen(socket, client)
        except WebSocketDisconnect:
            pass
        finally:
            self._table.pop(client, None)  # by its id, whoever stands there now
            self._flags.pop(client, None)

    async def _listen(self, socket: WebSocket, client: str) -> None:
        first = True
        while True:
            message = json.loads(await socket.receive_text())
            if first and message.get("type") == "feature_flags":
                self._flags[client] = message.get("data", {})
                await self._now(socket, "feature_flags", FEATURES)
            first = False

    async def _now(self, socket: WebSocket, event: str, payload: Mapping[str, Any]) -> None:
        await _deliver(socket, json.dumps({"type": event, "data": payload}))


async def _deliver(socket: WebSocket, message: str | bytes) -> None:
    """Whoever has gone hears nothing; that is no matter of the others."""
    try:
        await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
    except (WebSocketDisconnect, RuntimeError, OSError):
        return
