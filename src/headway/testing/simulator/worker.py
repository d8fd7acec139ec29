"""A simulated worker: the real `Leaseholder`, with handlers that are scripts of dice and processes that die.

What it runs it knows only in its own memory: a crash loses it, and the next process (same id, new instance) begins
with nothing. It keeps a record of what it really did, for the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from headway.model import report as r
from headway.protocol.frames import (
    Begin,
    Begun,
    Cancel,
    Drain,
    InputAnswer,
    Offer,
    WorkerHello,
    decode_to_worker,
    encode,
)
from headway.protocol.holding import Key, Stop
from headway.protocol.leasing import Leaseholder
from headway.protocol.link import Action, Happening, LinkState
from headway.testing.simulator.network import Wire
from headway.testing.simulator.server import Server, WorkerEnd
from headway.testing.simulator.timeline import Timeline

SLOTS = 3
PLAN = [{"name": "load", "weight": 1}, {"name": "run", "weight": 3}]
KINDS = [{"name": "steady", "hash": "1", "plan": PLAN}, {"name": "shaky", "hash": "1", "service": "engine"}]
TOOL = "tool"
"""A kind whose definition is its program's: now one, now another, now none at all."""
SETTLED = "d1"
DEFINITIONS = (SETTLED, "d2", None)
ENGINE_SLOTS = 2
STATUSES = ("starting", "idle", "busy", "error", "unreachable")
LATE_S = 2.0


class Last(msgspec.Struct, frozen=True):
    """How an attempt ended (`statements.Ending`)."""

    outcome: str
    result: msgspec.Raw | None = None
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""


class Worker:
    """`running` are the attempts whose handler runs now, in this process. `twice`: how many messages come twice."""

    twice = 0.02

    def __init__(
        self, name: str, timeline: Timeline, balancer: Callable[[], Server], *, faults: Callable[[], bool]
    ) -> None:
        self.name = name
        self.running: set[Key] = set()
        self.alive = False
        self.done: list[tuple[str, str, int, str]] = []  # (event, job, attempt, outcome) as they happened here
        self._timeline = timeline
        self._balancer = balancer
        self._faults = faults
        self._life = 0
        self._wire: Wire | None = None
        self._externals = count()
        self._engine: list[Begin] = []  # outlives the process
        self.status = "starting"  # of the engine behind it
        self.definition: str | None = None  # of its tool; None: it has told of none yet, or has none now
        self._lease: Leaseholder

    # -- its life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A new process under the old id."""
        self._life += 1
        self.alive = True
        instance = f"{self.name}#{self._life}"
        self._timeline.note(lambda: f"worker {self.name}: start as {instance}")
        described = {"id": self.name, "machine": "m-" + self.name, "instance": instance, "slots": SLOTS}
        if self._timeline.dice.random() < 0.7:
            described |= {"boot_id": "b-" + self.name, "pid": 100 + self._life}
        self._lease = Leaseholder(WorkerHello(worker=described, kinds=self._kinds(), services=[self._service()]))
        if self._timeline.dice.random() < 0.5:
            self._lease.observe(load={"cpu": round(self._timeline.dice.random(), 2)})
        self._do(self._lease.connect(self._timeline.now))
        for begin in self._engine[-1:]:
            if self._timeline.dice.random() < 0.6:
                self._lease.begin(begin)
        self._tick(self._life)

    def _service(self) -> dict[str, Any]:
        """The engine behind it, as it tells of it now."""
        service = {"name": "e", "type": "engine", "status": self.status, "slots": ENGINE_SLOTS}
        return service | ({} if self.status in ("starting", "unreachable") else {"seen": self._timeline.now})

    def _look_at_engine(self) -> None:
        """It lives while there is peace; before, it does what it likes."""
        dice = self._timeline.dice
        if dice.random() < 0.08 or (self.status != "idle" and not self._faults()):
            self.status = dice.choice(STATUSES) if self._faults() else "idle"
            self._lease.observe(services=[{**self._service(), "load": {"waiting": dice.randint(0, 3)}}])

    def _kinds(self) -> list[dict[str, Any]]:
        tool = {"name": TOOL, "hash": self.definition, "definition": self.definition}
        return [*KINDS, tool] if self.definition else KINDS

    def _look_at_tool(self) -> None:
        """Its program stays the same while there is peace; before, it does what it likes."""
        dice = self._timeline.dice
        if dice.random() < 0.03 if self._faults() else self.definition != SETTLED:
            self.definition = dice.choice(DEFINITIONS) if self._faults() else SETTLED
            self._lease.serve(self._kinds())

    def crash(self) -> None:
        """The process is gone, with all it held."""
        self._timeline.note(lambda: f"worker {self.name}: crash")
        self.alive = False
        self._life += 1
        self.running.clear()
        self.cut()

    def cut(self) -> None:
        """Somebody pulls the cable."""
        if self._wire is not None:
            self._wire.cut()

    def stall_link(self, seconds: float) -> None:
        """Its network forgets it for a while."""
        if self._wire is not None:
            self._timeline.note(lambda: f"worker {self.name}: nothing comes through for {seconds:.1f} s")
            self._wire.hold(seconds)

    def leave(self) -> None:
        """Stop in good order: what runs is given back, and goodbye is said."""
        self._timeline.note(lambda: f"worker {self.name}: goodbye")
        self.running.clear()
        self._lease.goodbye("stopped")
        self._flush()
        self.alive = False
        self._life += 1

    @property
    def is_draining(self) -> bool:
        return self._lease.draining

    @property
    def is_linked(self) -> bool:
        """True while this process has been welcomed on a link that stands."""
        return self.alive and self._lease.link.state is LinkState.LIVE

    @property
    def is_busy(self) -> bool:
        """True until it is linked and everything it held is settled."""
        return self._lease.link.state is not LinkState.LIVE or bool(self._lease.held)

    def adopt(self) -> None:
        """An engine behind it has begun something of its own."""
        begin = Begin(external_id=f"{self.name}-{next(self._externals)}", kind="steady")
        self._engine.append(begin)
        self._lease.begin(begin)
        self._flush()

    # -- its link --------------------------------------------------------------------------------------------------

    def _tick(self, life: int) -> None:
        if life == self._life:
            self._do(self._lease.tick(self._timeline.now, self._timeline.dice.random()))
            self._look_at_engine()
            self._look_at_tool()
            self._flush()
            self._timeline.after(0.25, lambda: self._tick(life))

    def _do(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if action is Action.CONNECT:
                wait = self._timeline.dice.uniform(0.01, 0.3)
                self._timeline.after(wait, lambda life=self._life: self._connect(life))
            elif action is Action.DROP and self._wire is not None:
                self._wire.cut(by="client")
                self._wire = None

    def _connect(self, life: int) -> None:
        if life != self._life:
            return
        server = self._balancer()
        if not server.up:
            self._do(self._lease.failed(Happening.UNREACHABLE, self._timeline.now, self._timeline.dice.random()))
            return
        end, hearing = WorkerEnd(server), _Hearing(self, life)
        self._wire = end.wire = hearing.wire = Wire(self._timeline, hearing, end, twice=self.twice)
        self._do(self._lease.opened(self._timeline.now))
        self._flush()

    def _flush(self) -> None:
        for frame in self._lease.frames(self._timeline.now):
            if self._wire is not None:
                self._wire.send("server", encode(frame))
        for wish in self._lease.wishes():
            self._grant(wish)

    def hear(self, life: int, message: bytes) -> None:
        if life == self._life:
            for frame in decode_to_worker(message):
                self._do(self._lease.receive(frame, self._timeline.now, self._timeline.dice.random()))
            self._flush()

    def lose_link(self, life: int, code: int, wire: Wire) -> None:
        if life == self._life and wire is self._wire:
            self._wire = None
            self._do(self._lease.closed(code, self._timeline.now, self._timeline.dice.random()))
            self._flush()

    # -- its work --------------------------------------------------------------------------------------------------

    def _grant(self, wish: Any) -> None:
        dice = self._timeline.dice
        match wish:
            case Offer():
                key = wish.job, wish.attempt
                if dice.random() < 0.05:
                    self._lease.refuse(*key, "not now")
                elif wish.kind == TOOL and wish.definition != self.definition:
                    self._lease.refuse(*key, "defined otherwise now")
                elif not self._faults() or dice.random() > 0.03:  # now and then an offer is simply forgotten
                    self._lease.accept(*key)
                    self._run(key, wish.kind)
            case Begun():
                self._run((wish.job, wish.attempt), "steady")
            case Cancel():
                self._stop((wish.job, wish.attempt))
            case Stop():
                self._timeline.note(lambda: f"worker {self.name}: stops {wish.job} {wish.attempt} ({wish.why})")
                self.running.discard((wish.job, wish.attempt))
                self.done.append(("stopped", wish.job, wish.attempt, wish.why))
                if wish.why == "lease":  # the server may have kept it: it is given back, as a supervisor does
                    self._lease.outcome(wish.job, wish.attempt, Last(outcome="released", reason="lease lost"))
            case InputAnswer() | Drain():
                pass
            case _:
                pass

    def _run(self, key: Key, kind: str) -> None:
        """A handler: some reports, then an end."""
        dice = self._timeline.dice
        self.running.add(key)
        self.done.append(("started", *key, ""))
        steps = dice.randint(0, 6)
        lasts = dice.uniform(0.1, 12.0)
        for step in range(steps):
            items = self._items(step, steps)
            self._later(lasts * (step + 1) / (steps + 1), key, lambda items=items: self._lease.report(*key, items))
        self._later(lasts, key, lambda: self._end(key, self._fate(kind)))

    def _items(self, step: int, steps: int) -> list[r.ReportItem]:
        dice = self._timeline.dice
        items: list[r.ReportItem] = [
            r.Progressed(stage=dice.choice(["load", "run", ""]), current=float(step), total=float(steps)),
            r.LogLines(lines=[(0, "info", f"line {step}")] * dice.randint(1, 3)),
            r.StageCompleted(stage="load"),
            r.Warned(message="careful"),
            r.Checkpoint(key="at", value=step),
        ]
        return dice.sample(items, dice.randint(1, 3))

    def _fate(self, kind: str) -> Last:
        dice = self._timeline.dice
        if kind == "shaky" and self._faults():
            outcome = dice.choice(["errored", "errored", "crashed", "released", "succeeded"])
        else:
            outcome = "succeeded"
        return Last(outcome=outcome, result=msgspec.Raw(b'{"by":"%b"}' % self.name.encode()))

    def _stop(self, key: Key) -> None:
        """Asked to cancel: acknowledged, then stopped and cleaned up; or it was done before."""
        if key not in self.running:
            return
        self._lease.cancel_state(*key, "acknowledged")
        if self._timeline.dice.random() < 0.8:
            self._later(LATE_S, key, lambda: self._give_up(key))

    def _give_up(self, key: Key) -> None:
        self._lease.cancel_state(*key, "stopped")
        self._end(key, Last(outcome="cancelled"))
        self._lease.cancel_state(*key, "cleaned")

    def _end(self, key: Key, last: Last) -> None:
        self.running.discard(key)
        self.done.append(("ended", *key, last.outcome))
        self._lease.outcome(*key, last)

    def _later(self, seconds: float, key: Key, work: Callable[[], None]) -> None:
        """In this process, while the attempt runs."""
        life = self._life

        def then() -> None:
            if life == self._life and key in self.running:
                work()
                self._flush()

        self._timeline.after(seconds, then)


class _Hearing:
    """The worker's end of one wire, of one process."""

    def __init__(self, worker: Worker, life: int) -> None:
        self.wire: Wire
        self._worker = worker
        self._life = life

    def take(self, message: bytes) -> None:
        self._worker.hear(self._life, message)

    def cut(self, code: int) -> None:
        self._worker.lose_link(self._life, code, self.wire)
