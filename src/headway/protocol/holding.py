"""The attempts that a worker holds, and what may still be said of each.

Owns the phases of an attempt at the worker and who may speak of it: a statement about an attempt that is not held
(any more) is ignored, because its fence was told. Must never know links or time beyond what it is given. Called by
leasing.py.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal

import msgspec

from headway.protocol.frames import Begin, Begun, Running
from headway.protocol.statements import Outbox, Spool

Key = tuple[str, int]
"""(job, attempt); of adopted work that has no job yet: (external id, 0)."""

REMEMBERED = 1_000
"""Settled attempts of which a late `cleaned` may still be said."""


class Stop(msgspec.Struct, frozen=True):
    """A wish: end this attempt here. `why` fenced: the server took it away; lease: nobody heard us for too long."""

    job: str
    attempt: int
    why: Literal["fenced", "lease"]
    reason: str


class Phase(StrEnum):
    """Where an attempt stands, here."""

    BEGINNING = "beginning"  # adopted; the server has not named it yet
    OFFERED = "offered"
    RUNNING = "running"  # until its last statement is acknowledged
    PARTING = "parting"  # taken away after its end was said


SPEAKING = frozenset({Phase.RUNNING, Phase.PARTING})


class Held(msgspec.Struct):
    """One attempt at this worker."""

    phase: Phase
    outbox: Outbox
    stays: bool = False  # on_lost="continue"
    stopped: bool = False  # told to stop by our own clock
    begin: Begin | None = None
    answered: set[str] = msgspec.field(default_factory=set[str])  # requests whose answer was handed on

    @property
    def at_risk(self) -> bool:
        """True if it must be stopped before the lease ends."""
        return not self.stays and not self.stopped and self.phase is not Phase.PARTING


class Holdings:
    """Attempts by key. What the supervisor must end is added to `wishes`, in order with all else asked of it."""

    def __init__(self, spool: Spool, wishes: list[Any]) -> None:
        self.spool = spool
        self._wishes = wishes
        self._held: dict[Key, Held] = {}
        self._names: dict[Key, Key] = {}
        self._past: dict[Key, int] = {}

    def entries(self) -> list[tuple[Key, Held]]:
        """All of them, in the order they came."""
        return list(self._held.items())

    def get(self, job: str, attempt: int) -> Held | None:
        """Whatever is held under this name."""
        return self._held.get(self._names.get((job, attempt), (job, attempt)))

    def speaker(self, job: str, attempt: int) -> Held | None:
        """What the worker may still speak of under this name."""
        held = self.get(job, attempt)
        return None if held is None or held.phase is Phase.PARTING else held

    def offer(self, key: Key, *, stays: bool) -> None:
        """An offer has come."""
        self._held[key] = Held(Phase.OFFERED, Outbox(*key, self.spool), stays=stays)

    def begin(self, begin: Begin, *, stays: bool) -> None:
        """Work is adopted, and not named yet."""
        key = begin.external_id, 0
        self._held[key] = Held(Phase.BEGINNING, Outbox(*key, self.spool), stays=stays, begin=begin)

    def name(self, begun: Begun) -> bool:
        """The server has named adopted work; False: it knows nothing of it here."""
        external = begun.external_id, 0
        held = self._held.pop(external, None)
        if held is None:
            return False
        held.outbox.address(begun.job, begun.attempt, begun.n)
        held.phase, held.begin = Phase.RUNNING, None
        self._held[begun.job, begun.attempt] = held
        self._names[external] = begun.job, begun.attempt
        return True

    def clean_up_after(self, job: str, attempt: int) -> Held | None:
        """The attempt to say `cleaned` of: one held, or one settled lately, whose numbers then go on."""
        held = self.speaker(job, attempt)
        if held is None and (job, attempt) in self._past:
            held = Held(Phase.RUNNING, Outbox(job, attempt, self.spool, self._past[job, attempt]), stays=True)
            held.outbox.ended = True
            self._held[job, attempt] = held
        return held

    def settle(self, key: Key) -> None:
        """Everything was said and acknowledged."""
        held = self._held.pop(key)
        held.outbox.discard()
        self._forget_name(key)
        self._past[key] = held.outbox.acked
        while len(self._past) > REMEMBERED:
            del self._past[next(iter(self._past))]

    def take_away(self, key: Key, reason: str) -> None:
        """It is not ours any more: stop it, unless it has ended; say nothing more of it."""
        held = self._held.pop(key, None)
        if held is not None:
            if not held.outbox.ended:
                self._wishes.append(Stop(*key, "fenced", reason))
            held.outbox.discard()
            self._forget_name(key)

    def remove(self, key: Key) -> None:
        """A refused offer, or a refused beginning."""
        self._held.pop(key).outbox.discard()

    def _forget_name(self, key: Key) -> None:
        for external in [external for external, named in self._names.items() if named == key]:
            del self._names[external]

    def end_leases(self, reason: str) -> None:
        """Stop what the server may be about to give to somebody else."""
        for (job, attempt), held in self._held.items():
            if held.at_risk:
                held.stopped = True
                if not held.outbox.ended:
                    self._wishes.append(Stop(job, attempt, "lease", reason))

    def drop_offers(self) -> None:
        """The link went: an offer not yet taken is void."""
        for key, held in self.entries():
            if held.phase is Phase.OFFERED:
                self.take_away(key, "the link was lost before the offer was taken")

    def running(self) -> list[Running]:
        """What the hello names: every attempt of which something is still to be said."""
        known = [held.outbox for held in self._held.values() if held.phase in SPEAKING]
        return [Running(outbox.job, outbox.attempt, outbox.acked) for outbox in known]

    def carried(self, carries: Callable[[str, int], bool]) -> list[Running]:
        """What a heartbeat names: the same, without what was neither ended nor is known to the supervisor any more."""
        return [
            each
            for each in self.running()
            if (held := self.get(each.job, each.attempt)) is None
            or held.outbox.ended
            or carries(each.job, each.attempt)
        ]

    def agree(self, yours: dict[Key, int], now: float) -> list[Begin]:
        """Compare with the server's welcome, by the table of leasing.py; what is still to begin."""
        beginning: list[Begin] = []
        for key, held in self.entries():
            if held.begin is not None:
                beginning.append(held.begin)
            elif key in yours:
                held.outbox.acknowledge(yours[key], now)
                held.outbox.rewind()
            elif held.outbox.ended:
                held.phase = Phase.PARTING
                held.outbox.part()
            else:
                self.take_away(key, "the server gave it up while the link was down")
        return beginning
