"""An attempt as the supervisor holds it, and what its end means for the server: one table, no processes.

Must never know sockets. Used by `supervisor.py`, which owns timers and processes.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal, Protocol

import msgspec

from headway.model.job import Outcome
from headway.model.report import ReportItem
from headway.model.retry import EXECUTOR_DIED

Stopping = Literal["cancel", "fenced", "lease", "drain"]
"""Why an attempt is being stopped: somebody cancelled it; the server took it away; nobody heard us; we leave."""


class Statements(Protocol):
    """What may be said of an attempt: the worker's half of the link, which numbers, keeps and resends it."""

    def accept(self, job: str, attempt: int) -> None:
        """The offer is taken."""
        ...

    def refuse(self, job: str, attempt: int, reason: str) -> None:
        """The offer is not taken."""
        ...

    def report(self, job: str, attempt: int, items: list[ReportItem]) -> None:
        """What happened, in order."""
        ...

    def cancel_state(self, job: str, attempt: int, step: Any, note: str = "") -> None:
        """A cancel came as far as acknowledged, stopped or cleaned."""
        ...

    def outcome(self, job: str, attempt: int, end: End) -> None:
        """The attempt ended."""
        ...


class End(msgspec.Struct, kw_only=True, frozen=True):
    """How it ended, as the server is told. `result` is JSON text."""

    outcome: str
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""


class Held:
    """One attempt. `process` runs it; `abandoned`: its end was told although its code still runs."""

    __slots__ = (
        "abandoned",
        "acknowledged",
        "attempt",
        "checkpoints",
        "done",
        "isolated",
        "job",
        "key",
        "kind",
        "process",
        "reason",
        "stopping",
        "timer",
        "tmp",
    )

    def __init__(self, key: int, job: str, attempt: int, kind: str, tmp: str) -> None:
        self.key = key
        self.job = job
        self.attempt = attempt
        self.kind = kind
        self.tmp = tmp
        self.process: Any = None
        self.isolated = False
        self.checkpoints: dict[str, Any] = {}
        self.stopping: Stopping | None = None
        self.reason = ""
        self.acknowledged = False
        self.abandoned = False
        self.done: Any = None  # what an isolated attempt ended with; its output may still be on the way
        self.timer: asyncio.TimerHandle | None = None

    @property
    def silent(self) -> bool:
        """Nothing more may be said of it."""
        return self.stopping == "fenced" or self.abandoned


def end_of_run(held: Held, end: End) -> End:
    """How an attempt that ended in its own code ended: as it says, unless it was we who stopped it."""
    if held.stopping in ("lease", "drain") and end.outcome == Outcome.CANCELLED:
        return End(outcome=Outcome.RELEASED, reason=held.reason)
    if held.stopping == "cancel" and end.outcome == Outcome.CANCELLED and not end.reason:
        return End(outcome=Outcome.CANCELLED, reason=held.reason)
    return end


def end_of_killed(held: Held, how: str) -> End:
    """How an attempt ended whose process is gone, or whose code could not be stopped."""
    if held.stopping in ("lease", "drain"):
        return End(outcome=Outcome.RELEASED, reason=held.reason)
    return End(outcome=Outcome.CANCELLED, reason=f"{held.reason} ({how})" if held.reason else how)


def end_of_crash(held: Held, how: str, *, alone: bool) -> End:
    """How an attempt ended whose process died by itself: only one that ran alone is to blame."""
    if not alone:
        return End(outcome=Outcome.RELEASED, reason=EXECUTOR_DIED)
    message = f"The process that ran it died: {how}."
    return End(outcome=Outcome.CRASHED, error={"type": "Crashed", "message": message}, reason=message)
