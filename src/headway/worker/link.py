"""The worker's link on a real WebSocket: outbound, for ever, resumed by what `protocol.leasing` knows.

This is the shell: it opens and aborts transports, feeds frames and instants in, writes what comes out, in messages of
many frames. Every decision is `Leaseholder`'s. Must never know executors. Called by `main.py` and `adopted.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from headway.clock import Clock
from headway.errors import BadFrame, InvalidInput, LinkRefused
from headway.model.report import ReportItem
from headway.protocol.frames import WORKER_PROTOCOL, Begin, CloseCode, Frame, decode_to_worker, encode
from headway.protocol.leasing import Leaseholder, Wish
from headway.protocol.link import Action, Happening, LinkState
from headway.worker.held import End

MESSAGE_BYTES = 900_000
"""Frames are gathered into one message up to this size; the server takes 1 MB."""
_SOONEST_S = 0.01
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def say_nothing(state: LinkState, reason: str) -> None:
    """For links whose state nobody asked about."""


class WorkerLink:
    """Statements go in (by its methods, from the loop), wishes come out (`on_wish`), `on_state` says how the link is.

    `run()` ends when `leave()` was called, or with LinkRefused when the server does not want this worker at all.
    """

    def __init__(
        self,
        holder: Leaseholder,
        server: str,
        token: str | None,
        clock: Clock,
        on_wish: Callable[[Wish], None],
        on_state: Callable[[LinkState, str], None] = say_nothing,
    ) -> None:
        self.holder = holder
        self.url = worker_url(server)
        self._token = token
        self._clock = clock
        self._on_wish = on_wish
        self._on_state = on_state
        self._told = LinkState.IDLE
        self._loop = asyncio.get_running_loop()
        self._connection: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> None:
        """Connect and stay connected."""
        self._do(self.holder.connect(self._now()))
        self._schedule()
        try:
            await self._over
        finally:
            self._drop()
            if self._timer is not None:
                self._timer.cancel()

    async def leave(self, patience_s: float) -> None:
        """Wait until everything said is acknowledged, say goodbye, close. What is not by then stays unsaid."""
        end = self._now() + patience_s
        while self.holder.held and self._now() < end:
            await self._clock.sleep(0.02)
        self.holder.goodbye("leaving")
        closing, self._connection = self._connection, None  # from here on its end is no loss
        if self._socket is not None:
            frames = self.holder.frames(self._now())
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(1.0):
                    for message in messages_of(frames):
                        await self._socket.send(message, text=True)
                    await self._socket.close()
        if closing is not None:
            closing.cancel()
        self._do(self.holder.end(self._now()))
        if not self._over.done():
            self._over.set_result(None)

    # -- statements, as `held.Statements` asks for --

    def accept(self, job: str, attempt: int) -> None:
        """The offer is taken."""
        self.holder.accept(job, attempt)
        self._wake.set()

    def refuse(self, job: str, attempt: int, reason: str) -> None:
        """The offer is not taken."""
        self.holder.refuse(job, attempt, reason)
        self._wake.set()

    def report(self, job: str, attempt: int, items: Sequence[ReportItem]) -> None:
        """What happened, in order."""
        self.holder.report(job, attempt, items)
        self._wake.set()

    def cancel_state(self, job: str, attempt: int, step: Any, note: str = "") -> None:
        """A cancel came so far."""
        self.holder.cancel_state(job, attempt, step, note)
        self._wake.set()

    def outcome(self, job: str, attempt: int, end: End) -> None:
        """The attempt ended."""
        self.holder.outcome(job, attempt, end)
        self._wake.set()

    def begin(self, begin: Begin) -> None:
        """Adopt work; answered by the wish `Begun` or `Error`."""
        self.holder.begin(begin)
        self._wake.set()

    def drain(self, reason: str) -> None:
        """No more offers."""
        self.holder.drain(reason)
        self._wake.set()

    def wake(self) -> None:
        """Something was observed: send what is due."""
        self._wake.set()

    # -- inside --

    def _now(self) -> float:
        return self._clock.monotonic()

    def _dice(self) -> float:
        return self._clock.uniform(0.0, 1.0)

    def _do(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if action is Action.CONNECT:
                self._connection = self._loop.create_task(self._connect())
            elif action is Action.DROP:
                self._drop()
            elif action is Action.REFUSE and not self._over.done():
                self._over.set_exception(LinkRefused(CloseCode.FORBIDDEN, self.holder.link.reason))
        state = self.holder.link.state
        if state is not self._told:
            self._told = state
            self._on_state(state, self.holder.link.reason)
        for wish in self.holder.wishes():
            self._on_wish(wish)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection is not asyncio.current_task(self._loop):
            connection.cancel()

    def _schedule(self) -> None:
        """Come back when time has something to say. What is said meanwhile does not wait for it."""
        if self._timer is not None:
            self._timer.cancel()
        due = self.holder.due()
        if due is not None and not self._over.done():
            self._timer = self._loop.call_later(max(due - self._now(), _SOONEST_S), self._tick)

    def _tick(self) -> None:
        self._do(self.holder.tick(self._now(), self._dice()))
        self._wake.set()
        self._schedule()

    async def _connect(self) -> None:
        """One transport, from its opening to its end."""
        mine = asyncio.current_task()
        try:
            happening, reason = await self._live()
        except InvalidStatus as error:
            happening, reason = _meaning_of_status(error)
        except (OSError, TimeoutError, EOFError) as error:
            happening, reason = Happening.UNREACHABLE, str(error) or type(error).__name__
        except (InvalidHandshake, InvalidURI) as error:
            happening, reason = Happening.BARRED, str(error)
        if self._connection is mine:  # else it was dropped, and what it says is not for us
            self._connection = None
            if isinstance(happening, int) and not isinstance(happening, Happening):
                self._do(self.holder.closed(happening, self._now(), self._dice(), reason))
            else:
                self._do(self.holder.failed(Happening(happening), self._now(), self._dice(), reason))
            self._schedule()

    async def _live(self) -> tuple[int | Happening, str]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        loopback = urlsplit(self.url).hostname in _LOOPBACK
        async with connect(
            self.url, subprotocols=[WORKER_PROTOCOL], additional_headers=headers, compression=None,  # pyright: ignore[reportArgumentType]
            max_size=None, max_queue=64, ping_interval=None, close_timeout=1.0, proxy=None if loopback else True,
        ) as connection:  # fmt: skip
            self._socket = connection
            self._do(self.holder.opened(self._now()))
            writer = self._loop.create_task(self._write(connection))
            try:
                await self._read(connection)
            except ConnectionClosed:
                pass
            finally:
                writer.cancel()
                if self._socket is connection:
                    self._socket = None
                connection.transport.abort()
            return connection.close_code or 1006, connection.close_reason or "the connection ended"

    async def _read(self, connection: ClientConnection) -> None:
        while True:
            message = await connection.recv(decode=False)
            now, holder = self._now(), self.holder
            try:
                frames = decode_to_worker(message)
            except BadFrame as error:
                self._on_state(holder.link.state, f"passed over: {error}")
                continue
            actions: tuple[Action, ...] = ()
            for frame in frames:
                actions += holder.receive(frame, now, 0.5)
            self._do(actions)
            self._wake.set()
            if self._connection is not asyncio.current_task(self._loop):
                return  # what was just heard had it dropped: the next one's socket is not for it to touch

    async def _write(self, connection: ClientConnection) -> None:
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            if frames := self.holder.frames(self._now()):
                for message in messages_of(frames):
                    await connection.send(message, text=True)
            self._schedule()


def messages_of(frames: Sequence[Frame]) -> list[bytes]:
    """Frames as few messages as fit: one frame, or an array of frames."""
    messages: list[bytes] = []
    gathered: list[bytes] = []
    size = 0
    for frame in frames:
        encoded = encode(frame)
        if gathered and size + len(encoded) > MESSAGE_BYTES:
            messages.append(_message(gathered))
            gathered, size = [], 0
        gathered.append(encoded)
        size += len(encoded) + 1
    if gathered:
        messages.append(_message(gathered))
    return messages


def _message(frames: list[bytes]) -> bytes:
    return frames[0] if len(frames) == 1 else b"[" + b",".join(frames) + b"]"


def _meaning_of_status(error: InvalidStatus) -> tuple[Happening, str]:
    """What an HTTP answer to the upgrade means."""
    status = error.response.status_code
    said = (error.response.body or b"")[:300].decode("utf-8", "replace")
    try:
        body: Any = msgspec.json.decode(error.response.body or b"{}")
        said = str(body.get("message") or body.get("detail") or said)
    except (msgspec.DecodeError, AttributeError):
        pass
    reason = f"HTTP {status}: {said}".rstrip(": ")
    return (Happening.REFUSAL if status in (401, 403) else Happening.UNREACHABLE), reason


def worker_url(server: str) -> str:
    """`ws://host:port/api/v1/worker` of `http://host:port`. InvalidInput names what is wrong."""
    parts = urlsplit(server)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise InvalidInput("server", f"{server!r} is not a server's URL", hint="Write http://host:8400.")
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/v1/worker"
