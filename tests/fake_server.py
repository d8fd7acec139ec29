"""A server of the worker link that does what a test tells it: real WebSocket, real frames, no ledger."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from headway.protocol.frames import (
    Ack,
    Ended,
    Frame,
    FromWorker,
    Report,
    Running,
    WorkerHello,
    WorkerWelcome,
    decode_worker,
    encode_many,
)

F = TypeVar("F")


class FakeServer:
    """Welcomes every worker. Acknowledges nothing unless `acking`; refuses the upgrade with `status` when set."""

    def __init__(self) -> None:
        self.frames: list[FromWorker] = []
        self.yours: list[Running] = []
        self.acking = False
        self.status: int | None = None
        self.token: str | None = None
        self.lease_s = 30.0
        self.heartbeat_s = 5.0
        self.service_s = 15.0
        self.links = 0
        self._changed = asyncio.Event()
        self._connection: ServerConnection | None = None
        self._server: Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, subprotocols=["headway.worker.v1"], process_request=self._request
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connection(self) -> ServerConnection:
        """The newest link."""
        assert self._connection is not None
        return self._connection

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        self.token = request.headers.get("Authorization")
        if self.status is not None:
            return connection.respond(self.status, '{"message": "the token is unknown"}')
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self.links += 1
        self._connection = connection
        try:
            async for message in connection:
                assert isinstance(message, str)
                for frame in decode_worker(message.encode()):
                    await self._take(frame)
        except ConnectionClosed:
            pass

    async def _take(self, frame: FromWorker) -> None:
        if isinstance(frame, WorkerHello):
            await self.send(
                WorkerWelcome(
                    session_key="key", lease_s=self.lease_s, heartbeat_s=self.heartbeat_s, report_ms=20,
                    now="2026-11-22T00:00:00.000Z", yours=self.yours,
                    service_s=self.service_s,
                )
            )  # fmt: skip
        elif self.acking and isinstance(frame, Report | Ended):
            await self.send(Ack(job=frame.job, attempt=frame.attempt, n=frame.n))
        self.frames.append(frame)
        self._changed.set()

    async def send(self, *frames: Frame) -> None:
        await self.connection.send(encode_many(frames), text=True)

    def cut(self) -> None:
        """The network, not the server, ends the link."""
        self.connection.transport.abort()

    async def changed(self) -> None:
        """Until another frame is there."""
        self._changed.clear()
        await self._changed.wait()

    async def until(self, type: type[F], after: int = 0, **fields: Any) -> F:
        """The first frame of this type with these fields, among those after the first `after`."""
        async with asyncio.timeout(20):
            while True:
                for frame in self.frames[after:]:
                    if isinstance(frame, type) and all(getattr(frame, k) == v for k, v in fields.items()):
                        return frame
                self._changed.clear()
                await self._changed.wait()
