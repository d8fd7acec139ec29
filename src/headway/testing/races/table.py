"""What must come of a race: a second, small account of how attempts end, as tables of what the documentation promises.

Owns no rule of the product and imports none: it is the other opinion that `race.py` holds the real one against.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Rival(StrEnum):
    """What can happen to a started attempt on worker `w/1`."""

    COMPLETE = "complete"
    ERROR = "error"
    CANCEL = "cancel"
    TIMEOUT = "timeout"
    STALL = "stall"
    LEASE_END = "lease-end"
    DRAIN = "drain"
    LEAVE = "leave"  # a goodbye: what it held is given back
    DISCONNECT = "disconnect"
    REPLACE = "replace"  # the hello of a newer process
    FORGET = "forget"  # a hello of the same process that does not name the attempt


RIVALS = tuple(Rival)
R = Rival


class Fate(msgspec.Struct, frozen=True):
    """What an ending makes of the job: with tries left, after the last one, and of a job that was asked to stop."""

    outcome: str
    again: str
    spent: str
    cancelling: str | None  # None: it does not happen then
    counts: bool = True


FATES: dict[Rival, Fate] = {
    R.COMPLETE: Fate("succeeded", "completed", "completed", "completed"),
    R.ERROR: Fate("errored", "scheduled", "failed(error)", "cancelled(cancelled)"),
    R.TIMEOUT: Fate("timed_out", "scheduled", "failed(timeout)", None),
    R.STALL: Fate("stalled", "queued", "failed(stalled)", None),
    R.LEASE_END: Fate("lost", "queued", "failed(worker_lost)", "cancelled(worker_lost)"),
    R.LEAVE: Fate("released", "queued", "queued", "cancelled(cancelled)", counts=False),
    R.REPLACE: Fate("crashed", "queued", "failed(crashed)", "cancelled(worker_lost)"),
    R.FORGET: Fate("lost", "queued", "failed(worker_lost)", "cancelled(worker_lost)"),
}
"""docs/reference/lifecycle.md, "How an attempt ends" and "Cancel". What is not here ends no attempt by itself."""

WORDS = (R.COMPLETE, R.ERROR)
"""A worker's own words: they are recorded also when they come too late."""
OF_TIME = (R.TIMEOUT, R.STALL)
WAITS = ("queued", "scheduled")
ENDED = ("completed", "failed", "cancelled")


class Expected:
    """How things stand after what has `met` the job so far. `state` is the job's, with its reason."""

    def __init__(self, *, tries: int) -> None:
        self.state = "running"
        self.outcome = ""  # of the first attempt
        self.late = ""  # what it said of itself when it was over
        self.asked_to_stop = False
        self.too_late = False
        self.refused = False  # what met it last was refused
        self.worker = "online"
        self.draining = False
        self.replaced = False
        self.elsewhere = False
        self._tries = tries

    @property
    def is_final(self) -> bool:
        """True where nothing changes the state any more."""
        return self.state.startswith(ENDED)

    def start_elsewhere(self) -> None:
        """The next attempt runs on another worker."""
        self.state, self.elsewhere = "running", True

    def meet(self, rival: Rival) -> None:
        """One more thing happens."""
        self.refused = False
        if rival is R.CANCEL:
            self._cancel()
        elif self._reaches(rival) and rival in FATES:
            self._end(rival, FATES[rival])

    def say_last(self, outcome: str) -> None:
        """The worker's last word of an attempt that is over."""
        self.late = self.late or outcome

    def _cancel(self) -> None:
        if self.state.startswith(("completed", "failed")):
            self.refused = True
        elif self.state in WAITS:
            self.state, self.asked_to_stop = "cancelled(cancelled)", True
        elif self.state == "running":
            self.state, self.asked_to_stop = "cancelling", True

    def _reaches(self, rival: Rival) -> bool:
        """What it does to the worker; False where it does not come to the worker's attempts."""
        here = self.worker in {"online", "draining"}
        if rival is R.LEASE_END:
            reaches, after = not self.replaced and self.worker != "lost", "lost"
        elif rival in {R.LEAVE, R.DISCONNECT}:
            reaches, after = not self.replaced and here, "disconnected"
        elif rival is R.DRAIN:
            self.refused = not here
            self.draining |= here
            reaches, after = here, "draining"
        elif rival in {R.REPLACE, R.FORGET}:
            self.draining = self.draining and rival is R.FORGET and not self.replaced
            self.replaced = rival is R.REPLACE
            reaches, after = True, "draining" if self.draining else "online"
        else:
            return rival is not R.STALL or here  # that clock stands while nothing is heard
        self.worker = after if reaches else self.worker
        return reaches

    def _end(self, rival: Rival, fate: Fate) -> None:
        if self.outcome:
            self.late = self.late or (fate.outcome if rival in WORDS else "")
        elif self.state != "cancelling":
            self.outcome = fate.outcome
            counts = fate.counts and not (fate.outcome == "lost" and self.draining)  # it was told to go
            self.state = fate.again if self._tries > 1 or not counts else fate.spent
        elif fate.cancelling is not None:
            self.outcome, self.state = fate.outcome, fate.cancelling
            self.too_late = rival is R.COMPLETE
