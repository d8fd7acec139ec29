"""The simulated server: the hub's real parts over a disk that survives, and the server's ends of the wires.

It commits after a random while, sweeps every second, and may crash between any two steps: then ledger, dispatcher,
roster and sessions are gone and what was not committed was never acknowledged. Twin of server.workerlink without
sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from headway.errors import ServerError
from headway.hub.asking import at_once
from headway.hub.dispatcher import Dispatcher
from headway.hub.ledger import Commit
from headway.hub.roster import Roster
from headway.hub.sweeper import Sweeper
from headway.model import command as c
from headway.model.job import JobDoc
from headway.model.settings import Settings
from headway.protocol.frames import CloseCode, decode_worker, encode_many
from headway.protocol.session import Order, SessionPhase, WorkerSession
from headway.store.base import LEADER_S, Standing
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore
from headway.testing.simulator.network import Wire
from headway.testing.simulator.stepping import Soon, SteppedLedger, run_to_end
from headway.testing.simulator.timeline import Timeline

COMMIT_S = 0.1
FROZEN_LOOK_S = 0.5
TICKS_S = (0.3, 0.7, 3.0)
"""Links are ticked by a clock of their own, as in server.gateway: before the sweep or after it, and late under load."""
_UP = (SessionPhase.LIVE, SessionPhase.JOINING)


class Server:
    """`up` while it runs. `watchers` are called for every commit of its own, over all its lives.

    With `peers` it is one of several on one disk: it follows the log by reading it, when the bell reaches it and at the
    latest after `poll_s`, and sweeps for all while it leads.
    """

    def __init__(
        self, timeline: Timeline, settings: Settings, disk: Disk, name: str = "s0", *, peers: bool = False
    ) -> None:
        self.timeline = timeline
        self.settings = settings
        self.disk = disk
        self.name = name
        self.store = MemoryStore(self.disk)
        self._peers = peers
        self._standing: Standing | None = None
        self._beat_at = 0.0
        self.up = False
        self.frozen = False
        self.life = 0
        self.watchers: list[Any] = []  # called with each Commit
        self.worker_ends: list[WorkerEnd] = []
        self.viewer_ends: list[Any] = []
        self.ledger: SteppedLedger
        self.roster: Roster
        self.dispatcher: Dispatcher
        self.sweeper: Sweeper

    # -- its life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the disk and begin."""
        self.life += 1
        life, clock = self.life, self.timeline.clock
        self.timeline.note(lambda: f"{self.name}: start, life {life}")
        self.store = MemoryStore(self.disk, clock=clock if self._peers else None)
        head = self.store.open(now=clock.now(), new_epoch=f"sim{life}")
        ask = at_once(self.store)
        self.ledger = SteppedLedger(self.store, clock, self.settings, ask)
        self.ledger.tail.begin(head)
        self.ledger.on_own_commit(self._committed)
        self.roster = Roster(clock, self.settings)
        self.ledger.on_commit(self._linked_elsewhere)
        self.dispatcher = Dispatcher(self.ledger, self.store, clock, self.settings, ask, self.name)
        self.sweeper = Sweeper(
            self.ledger, self.dispatcher, self.roster, clock, self.settings, ask=ask, leads=self._leads
        )
        self.up, self.frozen = True, False
        run_to_end(self.sweeper.prepare(head.at if head.seq else 0))
        self.ledger.submit_nowait(c.Note(name="system.started"))
        self._soon(COMMIT_S, self._commit)
        self._soon(self.settings.sweep_s, self._sweep)
        self._soon(self.timeline.dice.choice(TICKS_S), self._tick)
        if self._peers:
            self._beat()
            self._soon(self.settings.beat_s, self._beat)
            self._soon(self.settings.poll_s, self._catch_up)
            self.store.on_news(lambda: self._hear_bell(life))

    # -- beside others ---------------------------------------------------------------------------------------------

    @property
    def told(self) -> int:
        """How far this server knows the log."""
        return self.ledger.tail.seq

    def _leads(self) -> bool:
        if self._standing is None:
            return True
        return (
            self._standing.leader == self.name and self.timeline.now - self._beat_at < LEADER_S - self.settings.beat_s
        )

    def _beat(self) -> None:
        with suppress(ServerError):
            self._standing = self.store.beat(self.name, {})
            self._beat_at = self.timeline.now

    def _hear_bell(self, life: int) -> None:
        """Some rings are never heard."""
        if self.timeline.dice.random() < 0.8:
            later = lambda: self._catch_up() if self.up and self.life == life and not self.frozen else None  # noqa: E731
            self.timeline.after(self.timeline.dice.uniform(0, 0.3), later)

    def _catch_up(self) -> None:
        run_to_end(self.ledger.tail.catch_up())
        self._flush()

    def _linked_elsewhere(self, commit: Commit) -> None:
        """A worker that the log says is linked to another server, or is gone, has no link here any more (server.gateway)."""
        for event in commit.events:
            if event.type in {"worker.lost", "worker.disconnected"}:
                self._given_up(event.subject)
            change: dict[str, Any] = event.data.get("set") or {}
            server = change.get("server") if event.prefix == "worker" else None
            for end in list(self.worker_ends) if server else ():
                if end.session.worker == event.subject and end.session.phase in _UP:
                    if server == self.name:
                        end.placed = True
                    elif end.placed:
                        self.dispatcher.detach(end)
                        end.session.replace(change)

    def _given_up(self, worker: str) -> None:
        for end in self.worker_ends:
            if end.session.worker == worker and end.session.phase in _UP and end.placed:
                end.session.close(CloseCode.NO_PONG, "given up meanwhile; say hello again")

    # -- its life, when it ends ------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Everything but the disk is gone; all wires are cut."""
        self.timeline.note(lambda: f"{self.name}: crash")
        self.up = False
        self.ledger.running = False
        self.store.close()
        for end in [*self.worker_ends, *self.viewer_ends]:
            end.wire.cut(by="server")
        self.worker_ends.clear()
        self.viewer_ends.clear()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP: nothing is read, committed or swept for so long; nobody is told."""
        self.timeline.note(lambda: f"{self.name}: stopped for {seconds:.1f} s")
        self.frozen = True
        life = self.life

        def thaw() -> None:
            if self.life == life:
                self.timeline.note(lambda: f"{self.name}: goes on")
                self.frozen = False

        self.timeline.after(seconds, thaw)

    def _soon(self, seconds: float, work: Any) -> None:
        """Do it again and again in this life, and not while frozen."""
        life = self.life

        def again() -> None:
            if self.life != life or not self.up:
                return
            if not self.frozen:
                work()
            self.timeline.after(seconds, again)

        self.timeline.after(seconds, again)

    # -- its steps -------------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        while self.ledger.step() and self.timeline.dice.random() < 0.7:
            pass
        self._flush()

    def _tick(self) -> None:
        for end in list(self.worker_ends):
            end.tick()
        self._flush()

    def _sweep(self) -> None:
        with suppress(ServerError):  # as the sweeper's own loop does: the next tick tries again
            run_to_end(self.sweeper.sweep())
        self._flush()

    def _flush(self) -> None:
        for end in [*self.worker_ends, *self.viewer_ends]:
            end.flush()

    def _committed(self, commit: Commit) -> None:
        for watcher in self.watchers:
            watcher(commit)
        for event in commit.events:
            self.timeline.note(lambda event=event: f"log {event.seq:5} {event.type} {event.job or event.subject} "
                               f"{event.attempt or ''} {event.data.get('outcome') or event.data.get('reason') or ''}")  # fmt: skip

    def rival_of(self, worker: str, asking: WorkerEnd) -> WorkerSession | None:
        """The live session of this id, if any."""
        for end in self.worker_ends:
            if end is not asking and end.session.worker == worker and end.session.phase is not SessionPhase.NEW:
                return end.session
        return None


class WorkerEnd:
    """One worker's link at the server: frames to orders, orders to the ledger, answers to frames; the dispatcher's port."""

    def __init__(self, server: Server) -> None:
        self.wire: Wire
        self.worker = ""
        self.instance = ""
        self._server = server
        self._life = server.life
        self._attached = False
        self.placed = False  # the log has told that the worker is linked here
        self._waiting: list[bytes] = []
        self._pending: list[Order] = []
        self._in_flight = 0
        clock = server.timeline.clock
        self.session = WorkerSession(
            server.settings, clock.now(), session_key=clock.new_id(),
            rival_of=lambda worker: server.rival_of(worker, self), new_id=clock.new_id,
            dice=server.timeline.dice.random, server=server.name,
        )  # fmt: skip
        server.worker_ends.append(self)

    @property
    def _now(self) -> int:
        return self._server.timeline.clock.now()

    # -- in --------------------------------------------------------------------------------------------------------

    def take(self, message: bytes) -> None:
        if self._server.frozen or self._waiting:
            self._waiting.append(message)
            if len(self._waiting) == 1:
                self._server.timeline.after(FROZEN_LOOK_S, self._catch_up)
            return
        if self._life != self._server.life or self.session.phase is SessionPhase.CLOSED:
            return
        self.session.receive(decode_worker(message), self._now)
        if self._attached:
            self._server.roster.hear(self.worker)
        self.stir()

    def _catch_up(self) -> None:
        """What came while the server was stopped, in order."""
        if self._server.frozen:
            self._server.timeline.after(FROZEN_LOOK_S, self._catch_up)
            return
        waiting, self._waiting = self._waiting, []
        for message in waiting if self.wire.whole else ():
            self.take(message)

    def cut(self, code: int) -> None:
        if self._life != self._server.life or self not in self._server.worker_ends:
            return
        self._server.worker_ends.remove(self)
        if self._attached:
            self._server.dispatcher.detach(self)
        self.session.lost(self._now)
        self.stir()

    def tick(self) -> None:
        self.session.tick(self._now)
        self.stir()

    def stir(self) -> None:
        """Orders on their way to the ledger."""
        for order in self.session.orders():
            if isinstance(order.command, c.Hear):
                self._server.roster.hear(order.command.worker, order.command.load)
            else:
                self._pending.append(order)
        if self._pending and self._server.up:
            orders, self._pending = self._pending, []
            soon = self._server.ledger.enter([order.command for order in orders])
            soon.add_done_callback(lambda done: self._settle(orders, done))

    def _settle(self, orders: Sequence[Order], done: Soon) -> None:
        error = done.exception()
        answers: list[Any] = [error] * len(orders) if error else done.result()
        for order, answer in zip(orders, answers, strict=True):
            self.session.answered(order, answer, self._now)
        if self.session.phase is SessionPhase.LIVE and not self._attached and self in self._server.worker_ends:
            self._attach()
        elif self._attached and self.session.serving.changed():
            self._server.dispatcher.serve(self, *msgspec.structs.astuple(self.session.serving.now))
        self.stir()

    def _attach(self) -> None:
        self._attached = True
        self.worker, self.instance = self.session.worker, self.session.instance
        self._server.roster.hear(self.worker)
        with self._server.store.reading() as reading:
            held = reading.held_by(self.worker)
        session = self.session
        kinds, needs, definitions = msgspec.structs.astuple(session.serving.now)
        self._server.dispatcher.attach(
            self, session.profile, kinds, held, needs=needs, services=session.services, definitions=definitions
        )

    # -- out -------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """What the session says, onto the wire."""
        frames = self.session.frames()
        if frames:
            self.wire.send("client", encode_many(frames))
        if (closing := self.session.closing) is not None and self in self._server.worker_ends:
            self.wire.cut(int(closing.code), by="server")
            self.cut(int(closing.code))

    def offer(self, job: JobDoc, args: bytes, checkpoints: dict[str, Any]) -> None:
        self.session.offer(job, args, checkpoints)

    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None:
        self.session.cancel(job, attempt, reason, grace_s)

    def fence(self, job: str, attempt: int, reason: str) -> None:
        self.session.fence(job, attempt, reason)

    def answer_input(self, job: str, attempt: int, request: str, answer: Any) -> None:
        self.session.answer_input(job, attempt, request, answer)

    def drain(self) -> None:
        self.session.drain()
