"""One ComfyUI of a worker: its socket, its checks, what the board says of it, and the prompt that is at it.

One prompt of ours at a time. Others' prompts are counted and never touched. A prompt that must end is told so until the
engine says that it is over, whether or not somebody still waits for that; till then the engine takes nothing new.
Knows no job but its id. Run by the executor (`headway.worker.engines`), taken by the handler through `fleet.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from headway.clock import Clock
from headway.connectors.base import Board, Service
from headway.connectors.comfyui.api import Api, NoAnswer, Queue, Refusal
from headway.connectors.comfyui.driving import Drive
from headway.connectors.comfyui.events import Event, Said
from headway.connectors.comfyui.prompt import Pace, Stopping, Want
from headway.connectors.comfyui.socket import Socket
from headway.connectors.comfyui.status import State, load_of, said_of, version_of
from headway.connectors.comfyui.target import Address

_CHECK_S = 0.5  # at least between two checks, however often the queue changes
_DEAF_S = 2.0  # after a submission was taken: an engine says `status` to all who are registered
_SILENT_S = 30.0  # of a prompt that runs: perhaps it is at a long step, perhaps the socket is deaf


class ComfyEngine:
    """An `Engine` with one service. `hold` it for a job, `watch` a prompt of that, `stop` one that must end."""

    def __init__(self, address: Address, clock: Clock, pace: Pace | None = None) -> None:
        self.address = address
        self.name = address.name
        self.client_id = f"headway-{clock.new_id()}"
        self.pace = pace or Pace()
        self.api = Api(address)
        self.on_free: Callable[[], None] = lambda: None
        self._clock = clock
        self._state = State()
        self._board: Board | None = None
        self._socket = Socket(address, self.client_id, self, clock)
        self._drive: Drive | None = None
        self._stopping: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._probed = False
        self._check_due = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()

    # -- as the worker runs it --

    def services(self) -> list[Service]:
        return [
            {"name": self.name, "type": "comfyui", "status": "starting", "slots": 1, "url": self.address.url},
        ]

    async def run(self, board: Board) -> None:
        self._board = board
        self.api = Api(self.address, on_answer=self._seen)
        self._socket = Socket(self.address, self.client_id, self, self._clock)
        self._probed = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._socket.run())
                group.create_task(self._check_for_ever(board))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._unreachable("its connector has ended")
            await self.api.close()

    # -- as the socket tells it --

    def opened(self) -> None:
        """Registered. It may be another ComfyUI than before: it is probed before anything relies on it."""
        self._probed = False
        self._check_due.set()

    def heard(self, event: Event) -> None:
        self._seen()
        if self._drive is not None:
            self._drive.hear(event)
        if isinstance(event, Said) and event.type == "status":
            self._check_due.set()
            if self._drive is not None:
                self._drive.stirred()

    def closed(self, reason: str) -> None:
        self._probed = False
        if self._drive is not None:
            self._drive.disconnected()
        self._unreachable(reason)

    # -- as jobs use it --

    @property
    def free(self) -> bool:
        """Whether it can take a prompt now."""
        return self._state.problem is None and self._state.job is None and not self._stopping

    @property
    def others(self) -> int:
        """Prompts in its queue that are not ours, when it was last asked."""
        return self._state.others

    def hold(self, job: str) -> None:
        """It is this job's from now on."""
        self._state.job = job
        self._tell()

    def begin(self) -> None:
        """A prompt was taken: how the one before failed is past."""
        self._state.failed = None
        self._tell()

    def release(self) -> None:
        """It is nobody's."""
        self._state.job = None
        self._tell()
        self._check_due.set()

    def failed(self, message: str) -> None:
        """The prompt failed in the engine; that is its status until the next one begins."""
        self._state.failed = message

    async def watch(self, drive: Drive) -> None:
        """Run a prompt to its end; `drive` hears what the socket hears. As `Drive.run`."""
        self._drive = drive
        if self._socket.open and self._probed:
            drive.connected()
        try:
            await drive.run()
        finally:
            self._drive = None

    def accepted(self, sent_at: float) -> None:
        """A submission was taken: who is registered hears of it, or is not registered any more."""
        self._start(self._reopen_if_deaf(sent_at))

    def silent(self, word_s: float) -> None:
        """The running prompt has said nothing for `word_s`."""
        if word_s >= _SILENT_S and self._clock.monotonic() - self._socket.heard_at >= _SILENT_S:
            self._start(self._socket.reopen())

    async def _reopen_if_deaf(self, since: float) -> None:
        await self._clock.sleep(_DEAF_S)
        if self._socket.open and self._socket.heard_at < since:
            await self._socket.reopen()

    def _start(self, coroutine: Any) -> None:
        begun = asyncio.get_running_loop().create_task(coroutine)
        self._background.add(begun)
        begun.add_done_callback(self._background.discard)

    # -- stopping --

    def stop(self, id: str, job: str, *, sure: bool, after: Drive | None = None) -> asyncio.Task[None]:
        """End this prompt, and no other, however long that takes; awaiting the answer is waiting for its end.

        `sure`: the engine had it; `after`: a submission that is under way is waited for. Again: the same answer.
        """
        if id not in self._stopping:
            stopping = Stopping(id, sure=sure, now=self._clock.monotonic(), pace=self.pace)
            ending = asyncio.get_running_loop().create_task(self._stop(stopping, after))
            self._stopping[id] = (job, ending)
            self._tell()
        return self._stopping[id][1]

    async def _stop(self, stopping: Stopping, after: Drive | None) -> None:
        try:
            if after is not None:
                stopping.seen = await after.settle() or stopping.seen
            while not stopping.over:
                await self._stop_once(stopping)
        finally:
            del self._stopping[stopping.id]
            self._tell()
            self._check_due.set()

    async def _stop_once(self, stopping: Stopping) -> None:
        want = stopping.wanted(self._clock.monotonic())
        try:
            if want is Want.STOP:
                await self.api.stop(stopping.id)
            elif want is Want.LOOK:
                stopping.looked(await self.api.look(stopping.id), self._clock.monotonic())
                return
        except (NoAnswer, Refusal):
            if want is Want.LOOK:
                stopping.unseen(self._clock.monotonic())
        if want is Want.STOP:
            stopping.ordered(self._clock.monotonic())
        await self._clock.sleep(max(0.0, stopping.wake_at() - self._clock.monotonic()))

    # -- checks --

    async def _check_for_ever(self, board: Board) -> None:
        while True:
            if self._socket.open:
                await self._check()
            await self._clock.sleep(_CHECK_S)
            await self._until_due(board.service_s - _CHECK_S)

    async def _until_due(self, seconds: float) -> None:
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        due = asyncio.ensure_future(self._check_due.wait())
        try:
            await asyncio.wait([timer, due], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            due.cancel()
        self._check_due.clear()

    async def _check(self) -> None:
        """Ask how it stands; the first time after the socket opened, which generation it is."""
        try:
            fresh = not self._probed
            if fresh:
                await self.api.probe()
            stats, queue = await self.api.stats(), await self.api.queue()
        except NoAnswer as silence:
            self._unreachable(silence.problem)
            self._check_due.set()
            return
        except Refusal as refusal:
            self._unreachable(f"it refuses to say how it stands: HTTP {refusal.status}")
            return
        if self._socket.open:
            self._checked(stats, queue, fresh=fresh)

    def _checked(self, stats: dict[str, Any], queue: Queue, *, fresh: bool) -> None:
        self._probed = True
        self._state.heard, self._state.problem = True, None
        self._state.others = sum(id not in self._ours() for id in (*queue.running, *queue.pending))
        self._tell(version=version_of(stats), load=load_of(stats, queue, self._state.others))
        if fresh and self._drive is not None:
            self._drive.connected()

    def _ours(self) -> set[str]:
        return {*self._stopping, *({self._drive.prompt.id} if self._drive is not None else ())}

    # -- telling --

    def _unreachable(self, reason: str) -> None:
        self._state.heard, self._state.problem = True, reason
        self._tell()

    def _seen(self) -> None:
        if self._board is not None:
            self._board.tell(self.name, seen=True)

    def _tell(self, **more: Any) -> None:
        self._state.stopping = [job for job, _ in self._stopping.values()]
        if self._board is not None:
            self._board.tell(self.name, **said_of(self._state), **more)
        if self.free:
            self.on_free()
