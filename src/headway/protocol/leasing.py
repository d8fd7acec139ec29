"""The worker's half of the worker link: what it holds, what it says, and when it must stop by itself.

Theory. A lease is the server's promise to give an attempt to nobody else while it hears from this worker. The promise
ends on the server's clock; so the worker ends its work before that by its own (`lease_s` - 2 s without any word from
the server), unless the job says `on_lost="continue"`. A lost link alone changes nothing: what is said meanwhile waits
(statements.py), and the hello of the next link names every attempt still held, so that both sides agree again:

    the attempt is          in `yours`                       not in `yours`
    offered, undecided      – (dropped when the link went)   –
    running                 go on; resend after its `n`      stop it: fenced
    ended, not acked        resend after its `n`             its last word once more, to be recorded as late

Frames, instants (seconds, monotonic) and dice come in; frames, actions and wishes come out. Must never know
processes or sockets. Called by worker.link and the simulator; the other half is session.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from headway.model.report import InputTaken, ReportItem
from headway.model.settings import Settings
from headway.protocol.frames import (
    Accept,
    Ack,
    Begin,
    Begun,
    Bye,
    Cancel,
    Drain,
    Draining,
    Error,
    Fenced,
    Frame,
    Goodbye,
    InputAnswer,
    Offer,
    Ping,
    Pong,
    Refuse,
    ReportPace,
    ToWorker,
    Unknown,
    WorkerHello,
    WorkerWelcome,
)
from headway.protocol.holding import SPEAKING, Held, Holdings, Key, Phase, Stop
from headway.protocol.link import LONGEST_WAIT_S, Action, Happening, Link, LinkState, Patience
from headway.protocol.linked import Linked
from headway.protocol.observing import Observations
from headway.protocol.statements import Ending, Spool

FENCE_MARGIN_S = 2.0
FENCE_MARGIN = 0.2

WAITS_IN_A_LEASE = 4
"""A server that was away counts a lease again once it is back: by then every worker must have tried to come back."""

_DEFAULTS = Settings()
_WELCOMED = frozenset({LinkState.CATCHING_UP, LinkState.LIVE})

Wish = Offer | Cancel | InputAnswer | Drain | Begun | Error | Stop
"""What the supervisor is asked to do: the server's own frames, or to stop."""


class Leaseholder(Linked):
    """A worker on its link. Feed `receive`, `tick`, `opened`, `closed`; do the actions; write what `frames` gives.

    Wishes gather in `wishes()`. Statements may be said at any time, linked or not. `carries`: whether the supervisor
    still knows an attempt that has not ended; heartbeats name those alone, for the server to compare.
    """

    def __init__(self, hello: WorkerHello, *, link: Link | None = None, spool: Spool | None = None) -> None:
        super().__init__(link or Link(ways=("websocket",)))
        self.hello = hello
        self.lease_s = _DEFAULTS.lease_s
        self.report_s = _DEFAULTS.report_ms / 1000
        self.draining = False
        self.observed = Observations(hello.services, hello.kinds)
        self._wishes: list[Wish] = []
        self._holdings = Holdings(spool or Spool(), self._wishes)
        self._out: list[Frame] = []
        self._later: list[Frame] = []  # once the server wants to hear more again
        self._quiet_until = float("-inf")
        self.carries: Callable[[str, int], bool] = lambda _job, _attempt: True
        self._contact: float | None = None

    # -- for the supervisor ----------------------------------------------------------------------------------------

    def wishes(self) -> list[Wish]:
        """What the supervisor is to do, in order; each is given once."""
        wishes = list(self._wishes)
        self._wishes.clear()
        return wishes

    @property
    def held(self) -> list[Key]:
        """(job, attempt) of all that is not settled."""
        return [key for key, _ in self._holdings.entries()]

    def accept(self, job: str, attempt: int) -> None:
        """The offer is taken."""
        held = self._holdings.get(job, attempt)
        if held is not None and held.phase is Phase.OFFERED:
            held.phase = Phase.RUNNING
            self._say(Accept(job=job, attempt=attempt))

    def refuse(self, job: str, attempt: int, reason: str) -> None:
        """The offer is not taken."""
        held = self._holdings.get(job, attempt)
        if held is not None and held.phase is Phase.OFFERED:
            self._holdings.remove((job, attempt))
            self._say(Refuse(job=job, attempt=attempt, reason=reason))

    def begin(self, begin: Begin, *, stays: bool = True) -> None:
        """Adopt work; until `begun` names it, speak of it as (external_id, 0). Said again on each link until then."""
        self._holdings.begin(begin, stays=stays)
        self._say(begin)

    def report(self, job: str, attempt: int, items: Sequence[ReportItem]) -> None:
        """What happened, in order. TooLarge: an item that could never be carried."""
        if held := self._holdings.speaker(job, attempt):
            for item in items:
                held.outbox.add(item)

    def cancel_state(
        self, job: str, attempt: int, step: Literal["acknowledged", "stopped", "cleaned"], note: str = ""
    ) -> None:
        """A cancel came so far. `cleaned` may be said after the outcome."""
        if held := self._holdings.clean_up_after(job, attempt):
            held.outbox.cancel_state(step, note)

    def outcome(self, job: str, attempt: int, end: Ending) -> None:
        """The attempt ended. TooLarge: the result could never be carried; say another outcome."""
        if held := self._holdings.speaker(job, attempt):
            held.outbox.end(end)

    def serve(self, kinds: list[dict[str, Any]]) -> None:
        """All kinds that this worker serves from now on: told at once, and in the hello of each later link."""
        self.observed.serve(kinds)

    def observe(self, *, load: dict[str, Any] | None = None, services: list[dict[str, Any]] | None = None) -> None:
        """How the machine and the engines behind it are; services are told at once, load with the next heartbeat.

        `seen` of a service is the instant (seconds, monotonic) of its last sign of life: told as its age when it is sent.
        """
        self.observed.observe(load, services)

    def drain(self, reason: str = "") -> None:
        """No more offers."""
        self.draining = True
        self._say(Draining(reason=reason))

    def goodbye(self, reason: str = "") -> None:
        """Nothing is held any more, and nothing will be."""
        self._say(Goodbye(reason=reason))

    # -- for the link ----------------------------------------------------------------------------------------------

    def tick(self, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """What time brings about: a silent link, the end of a wait, the end of the lease by our own clock."""
        self._fence_self(now)
        return super().tick(now, dice)

    def receive(self, frame: ToWorker | Unknown, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """Take one frame. A word that was long in coming does not undo that the lease had ended before it came."""
        self._fence_self(now)
        self._contact = now
        self.link.hear(now)
        match frame:
            case WorkerWelcome():
                return self._welcome(frame, now)
            case Offer():
                self._consider(frame)
            case Cancel():
                if self._runs(frame):
                    self._wishes.append(frame)
            case InputAnswer():
                self._hand_on(frame)
            case Ack():
                self._acknowledge(frame, now)
            case Fenced():
                self._holdings.take_away((frame.job, frame.attempt), frame.reason)
            case Begun():
                if self._holdings.name(frame):
                    self._wishes.append(frame)
            case ReportPace():
                self.report_s = frame.report_ms / 1000
            case Drain():
                self.draining = True
                self._wishes.append(frame)
            case Ping():
                self._say(Pong())
                self.link.be_patient(now)
            case Bye():
                patience = Patience(after_ms=frame.after_ms)
                return self._happen(Happening.BYE, now, dice, patience=patience, reason=frame.reason)
            case Error():
                self._note_error(frame, now)
            case _:
                pass  # of a newer server
        return ()

    def frames(self, now: float) -> list[Frame]:
        """What is to be sent now, in order; each is given once on this link."""
        out, self._out = self._out, []
        if self.link.state not in _WELCOMED:
            return out
        if now >= self.observed.due():
            out.append(self.observed.beat(now, lambda: self._holdings.carried(self.carries)))
        if now >= self._quiet_until:
            out, self._later = out + self._later, []
            for _, held in self._holdings.entries():
                if held.phase in SPEAKING:
                    out += held.outbox.take(now, self.report_s)
        return out

    def due(self) -> float | None:
        """When `tick` or `frames` has something next; None: never, by time alone."""
        times = [self.link.due, self._fence_at()]
        if self.link.state in _WELCOMED:
            times.append(float("-inf") if self._out else self.observed.due())
            boxes = [held.outbox.due() for _, held in self._holdings.entries() if held.phase in SPEAKING]
            boxes.append(float("-inf") if self._later else None)
            times += [max(due, self._quiet_until) for due in boxes if due is not None]
        return min((time for time in times if time is not None), default=None)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _say(self, frame: Frame) -> None:
        """A frame without a number: worth nothing on a later link, where the hello says how things stand."""
        if self.link.state in _WELCOMED:
            self._out.append(frame)

    def _fence_at(self) -> float | None:
        if self._contact is None or not any(held.at_risk for _, held in self._holdings.entries()):
            return None
        return self._contact + self._patience_s()

    def _patience_s(self) -> float:
        """How long without the server's word: the lease less a margin of 2 s, or of a fifth of a very short lease."""
        return self.lease_s - min(FENCE_MARGIN_S, FENCE_MARGIN * self.lease_s)

    def _fence_self(self, now: float) -> None:
        fence_at = self._fence_at()
        if fence_at is not None and now >= fence_at:
            self._holdings.end_leases(f"no word from the server for {self._patience_s():g} s")

    def _do(self, actions: tuple[Action, ...], now: float) -> tuple[Action, ...]:
        """Turn the actions that are frames into frames; the rest is the shell's."""
        if Action.GREET in actions:
            running = self._holdings.running()
            services = self.observed.greet(now)
            hello = msgspec.structs.replace(self.hello, running=running, services=services, kinds=self.observed.kinds)
            self._out = [hello]
        if Action.DROP in actions:
            self._out, self._later = [], []
            self._patience = None
            self._holdings.drop_offers()
        return tuple(action for action in actions if action not in (Action.GREET, Action.SUBSCRIBE))

    def _welcome(self, frame: WorkerWelcome, now: float) -> tuple[Action, ...]:
        self.hello = msgspec.structs.replace(self.hello, session_key=frame.session_key)
        self.lease_s, self.report_s = frame.lease_s, frame.report_ms / 1000
        self.link.longest_wait_s = min(LONGEST_WAIT_S, frame.lease_s / WAITS_IN_A_LEASE)
        actions = self._happen(Happening.WELCOMED, now) + self._happen(Happening.CAUGHT_UP, now)
        self.observed.welcome(frame, now)
        self._quiet_until = float("-inf")
        for begin in self._holdings.agree({(each.job, each.attempt): each.n for each in frame.yours}, now):
            self._say(begin)
        if self.draining:
            self._say(Draining())
        return actions

    def _consider(self, frame: Offer) -> None:
        key = frame.job, frame.attempt
        held = self._holdings.get(*key)
        if held is None and self.draining:
            self._say(Refuse(job=frame.job, attempt=frame.attempt, reason="draining"))
        elif held is None:
            self._holdings.offer(key, stays=frame.options.get("on_lost") == "continue")
            self._wishes.append(frame)
        elif held.phase is Phase.RUNNING:
            self._say(Accept(job=frame.job, attempt=frame.attempt))

    def _runs(self, frame: Cancel | InputAnswer) -> Held | None:
        held = self._holdings.speaker(frame.job, frame.attempt)
        return None if held is None or held.outbox.ended else held

    def _hand_on(self, frame: InputAnswer) -> None:
        """The server tells an answer on every link until this statement is durable; the handler gets it once."""
        held = self._runs(frame)
        if held is not None and frame.request not in held.answered:
            held.answered.add(frame.request)
            held.outbox.add(InputTaken(request=frame.request))
            self._wishes.append(frame)

    def _acknowledge(self, frame: Ack, now: float) -> None:
        held = self._holdings.get(frame.job, frame.attempt)
        if held is not None:
            held.outbox.acknowledge(frame.n, now)
            if held.outbox.settled or held.phase is Phase.PARTING:
                self._holdings.settle((frame.job, frame.attempt))

    def _note_error(self, frame: Error, now: float) -> None:
        """A refused `begin` is the supervisor's matter; "not now" means: be quiet for a while, then say it again."""
        held = self._holdings.get(frame.id or "", 0)
        if frame.retry_after_ms is not None:
            self._patience = Patience(retry_after_ms=frame.retry_after_ms)
            self._quiet_until = now + frame.retry_after_ms / 1000
            for _, each in self._holdings.entries():
                each.outbox.rewind()
            if held is not None and held.begin is not None:
                self._later.append(held.begin)
        elif held is not None and held.begin is not None:
            self._holdings.remove((held.begin.external_id, 0))
            self._wishes.append(frame)
