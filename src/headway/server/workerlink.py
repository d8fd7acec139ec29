"""One worker's WebSocket around its session: frames in and out, orders to the ledger, answers back, in order.

What the session wants done goes to the ledger as one entry per turn, a few entries under way at a time: while one
commits, the next gathers. What it says leaves as one message. Reading stops while too much waits, so that a worker
feels a full server in its own buffers. It is the `WorkerPort` of the dispatcher. Decides nothing: protocol/session.py
does. Made by gateway.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from starlette.types import Receive, Send

from headway.errors import BadFrame, HeadwayError, ServerError, TooLarge
from headway.hub.hub import Hub
from headway.model.command import Command, Hear
from headway.model.job import JobDoc
from headway.protocol.frames import CloseCode, Frame, FromWorker, WorkerHello, decode_worker, encode
from headway.protocol.registration import Rival
from headway.protocol.session import Order, SessionPhase, WorkerSession
from headway.server.elsewhere import Elsewhere

IN_FLIGHT = 3
"""Entries of one worker in the ledger at a time: enough that the appender need not wait for us."""
MOST_PENDING = 1_000
"""Orders that wait here before reading stops."""
MESSAGE_BYTES = 524_288
"""Frames are joined into messages up to this size; half of what the other side takes."""
FULL_S = 0.05


class WorkerLink:
    """`run` from the accepted handshake to the end of the socket. `rival_of` finds another link of the same worker.

    `placed`: the log has told that the worker is linked here, so that what it tells later is newer than this link.
    """

    def __init__(
        self,
        hub: Hub,
        receive: Receive,
        send: Send,
        *,
        address: str,
        rival_of: Callable[[str, WorkerLink], WorkerLink | None],
    ) -> None:
        self.worker = ""  # the port's name, once it is attached
        self.instance = ""
        self.address = address
        self.opened_at = hub.clock.monotonic()
        self._hub = hub
        self._receive = receive
        self._send = send
        self._rival_of = rival_of
        self._rival: WorkerLink | None = None
        self._elsewhere: Elsewhere | None = None
        self._watching: asyncio.Task[None] | None = None
        self.placed = False
        self._pending: list[Order] = []
        self._in_flight: set[asyncio.Task[list[Any]]] = set()
        self._room = asyncio.Event()
        self._wake = asyncio.Event()
        self._attached = False
        self._settling: asyncio.Future[None] | None = None
        self.over = asyncio.Event()
        self.session = WorkerSession(
            hub.settings,
            hub.clock.now(),
            session_key=hub.clock.new_id(),
            rival_of=self._rival_session,
            new_id=hub.clock.new_id,
            dice=lambda: hub.clock.uniform(0, 1),
            server=hub.feed.server,
        )

    async def run(self) -> None:
        """Until either side ends it; then the session's last orders are carried out."""
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end()

    async def _end(self) -> None:
        if self._attached:
            self._hub.dispatcher.detach(self)
        for asking in (self._settling, self._watching):
            if asking is not None:
                asking.cancel()
        self.session.lost(self._hub.clock.now())
        self.stir()
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        self.over.set()

    # -- in

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            frames = self._decoded(data if data is not None else message["text"].encode())
            if self.session.phase is SessionPhase.NEW and self._hub.store.shared:
                await self._look_elsewhere(frames)
            self.session.receive(frames, self._hub.clock.now())
            if frames and self._attached:
                self._hub.roster.hear(self.worker)
            self.stir()
            await self._wait_for_room()

    def _decoded(self, data: bytes) -> list[FromWorker]:
        """The frames of a message; none, and the end of the link, where it is not of the protocol."""
        settings = self._hub.settings
        try:
            return decode_worker(data, max_bytes=settings.worker_frame_bytes, max_depth=settings.json_depth)
        except TooLarge as error:
            self.session.close(CloseCode.FRAME_TOO_LARGE, error.message)
        except BadFrame as error:
            self.session.close(CloseCode.BAD_FRAME, error.message)
        return []

    async def _look_elsewhere(self, frames: list[FromWorker]) -> None:
        """Before a hello is taken: is its worker linked to another server?"""
        for frame in frames:
            if isinstance(frame, WorkerHello):
                self._elsewhere = Elsewhere(self._hub, frame.worker)
                await self._elsewhere.look()
                if self._elsewhere.rival is not None:
                    self._watching = asyncio.create_task(self._elsewhere.watch(self._waits))
                return

    def _waits(self) -> bool:
        return self.session.phase in {SessionPhase.NEW, SessionPhase.ASKING}

    async def _wait_for_room(self) -> None:
        while len(self._pending) > MOST_PENDING:
            self._room.clear()
            await self._room.wait()
        while self._hub.ledger.full:
            await self._hub.clock.sleep(FULL_S)

    def tick(self, now: int) -> None:
        """Time has passed."""
        self.session.tick(now)
        self.stir()

    # -- orders and answers

    def stir(self) -> None:
        """The session may have orders or frames: send both on their way."""
        self._pending += [order for order in self.session.orders() if not self._is_heard(order.command)]
        while self._pending and len(self._in_flight) < IN_FLIGHT:
            orders, self._pending = self._pending, []
            task = asyncio.ensure_future(self._hub.ledger.execute_all([order.command for order in orders]))
            self._in_flight.add(task)
            task.add_done_callback(lambda done, orders=orders: self._settle(orders, done))
        self._wake.set()
        if (rival := self._rival) is not None:
            self._rival = None
            rival.stir()

    def _is_heard(self, command: Command) -> bool:
        """A heartbeat goes to the roster, which writes what it heard every few seconds for all workers together."""
        if isinstance(command, Hear):
            self._hub.roster.hear(command.worker, command.load)
            return True
        return False

    def _settle(self, orders: list[Order], task: asyncio.Task[list[Any]]) -> None:
        self._in_flight.discard(task)
        for order, answer in zip(orders, _answers(task, len(orders)), strict=True):
            self.session.answered(order, answer, self._hub.clock.now())
        self._room.set()
        if self.session.phase is SessionPhase.LIVE and not self._attached:
            self._attach()
        elif self._attached and self.session.serving.changed():
            self._hub.dispatcher.serve(self, *msgspec.structs.astuple(self.session.serving.now))
        self.stir()

    def _attach(self) -> None:
        """From here on the dispatcher follows; it offers once it is known what the worker holds."""
        self._attached = True
        self.worker, self.instance = self.session.worker, self.session.instance
        self._hub.roster.hear(self.worker)
        session = self.session
        kinds, needs, definitions = msgspec.structs.astuple(session.serving.now)
        self._hub.dispatcher.attach(
            self, session.profile, kinds, needs=needs, services=session.services, definitions=definitions
        )
        self._settling = asyncio.ensure_future(self._settle_held())

    async def _settle_held(self) -> None:
        while not self.over.is_set():
            try:
                held = await self._hub.ask(lambda reading: reading.held_by(self.worker))
            except ServerError:
                await self._hub.clock.sleep(FULL_S)
            else:
                self._hub.dispatcher.settle(self, held)
                return

    def _rival_session(self, worker: str) -> Rival | None:
        """Whoever else has this id; it is stirred afterwards, because it may have been pinged or replaced."""
        self._rival = self._rival_of(worker, self)
        if self._rival is not None:
            return self._rival.session
        return self._elsewhere.rival if self._elsewhere is not None else None

    def replace(self, newer: Mapping[str, Any]) -> None:
        """The log says that the worker is linked to another server by now; `newer` is its description there."""
        self.session.replace(newer)
        self._hub.dispatcher.detach(self)
        self.stir()

    # -- out

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for text in messages(self.session.frames()):
                await self._send({"type": "websocket.send", "text": text})
            if (closing := self.session.closing) is not None:
                reason = closing.reason.encode()[:120].decode(errors="ignore")
                await self._send({"type": "websocket.close", "code": int(closing.code), "reason": reason})
                return

    # -- the dispatcher's port

    def offer(self, job: JobDoc, args: bytes, checkpoints: dict[str, Any]) -> None:
        self.session.offer(job, args, checkpoints)
        self._wake.set()

    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None:
        self.session.cancel(job, attempt, reason, grace_s)
        self.stir()

    def fence(self, job: str, attempt: int, reason: str) -> None:
        self.session.fence(job, attempt, reason)
        self._wake.set()

    def answer_input(self, job: str, attempt: int, request: str, answer: Any) -> None:
        self.session.answer_input(job, attempt, request, answer)
        self._wake.set()

    def drain(self) -> None:
        self.session.drain()
        self._wake.set()


def _answers(task: asyncio.Task[list[Any]], number: int) -> list[Any]:
    """What the ledger said to each order; an error for all where it took none."""
    if task.cancelled():
        return [ServerError("The server stops.")] * number
    error = task.exception()
    if error is None:
        return task.result()
    return [error if isinstance(error, HeadwayError) else ServerError(f"The command failed: {error!r}.")] * number


def messages(frames: list[Frame]) -> Iterator[str]:
    """The frames as few messages: alone as itself, several as an array, none over `MESSAGE_BYTES` unless one frame is."""
    parts: list[bytes] = []
    size = 0
    for frame in frames:
        part = encode(frame)
        if parts and size + len(part) > MESSAGE_BYTES:
            yield _joined(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield _joined(parts)


def _joined(parts: list[bytes]) -> str:
    return (parts[0] if len(parts) == 1 else b"[%b]" % b",".join(parts)).decode()
