"""Counters of this server, and the series that viewers of the topic `metrics` are shown.

Every `sample_s` it (of several servers: the one that leads) says in the log what happened since the last sample, counted from the commits themselves, and how
things stand. While nothing happens it says nothing: the last sample still holds. Called by the hub.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from headway.clock import Clock
from headway.errors import HeadwayError
from headway.hub.ledger import Commit, Ledger
from headway.model import command as c
from headway.model.fold import fold_counts
from headway.model.settings import Settings

COUNTED = {
    "job.submitted": "submitted",
    "job.started": "started",
    "job.completed": "completed",
    "job.failed": "failed",
    "job.cancelled": "cancelled",
    "job.retry_scheduled": "retried",
}
"""Event type -> name of its counter in a sample."""
SAMPLED = "metrics.sampled"

Counts = dict[str, dict[str, int]]
"""Jobs by queue and state."""


class Sampler:
    """`follow` every commit, then `run` until cancelled. `viewers` tells how many look."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        settings: Settings,
        *,
        viewers: Callable[[], int],
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._settings = settings
        self._viewers = viewers
        self._leads = leads
        self._happened: Counter[str] = Counter()
        self._counts: Counts = {}
        self._standing: dict[str, int] = {}
        self._sampling = False
        ledger.on_commit(self.follow)

    def begin(self, counts: Counts) -> None:
        """How many jobs stand where at the seq from which commits are followed."""
        self._counts = {queue: dict(states) for queue, states in counts.items()}

    def follow(self, commit: Commit) -> None:
        """Count what a commit brought; what another server has told in a sample is not told again."""
        for event in commit.events:
            if event.type.startswith("job."):
                fold_counts(self._counts, event)
                if name := COUNTED.get(event.type):
                    self._happened[name] += 1
            elif event.type == SAMPLED and not self._sampling:
                self._happened.clear()
                self._standing = dict(event.data.get("now") or {})

    async def run(self) -> None:
        """A sample every `sample_s`, for ever; one that can not be committed is the next one's."""
        while True:
            await self._clock.sleep(self._settings.sample_s)
            if self._leads():
                await self.sample()

    async def sample(self) -> bool:
        """Say what changed; False: nothing did, and nothing was said."""
        standing = self._stand()
        if not self._happened and standing == self._standing:
            return False
        happened = dict(self._happened)
        data = {"period_s": self._settings.sample_s, "happened": happened, "now": standing}
        self._sampling = True
        try:
            await self._ledger.execute(c.Note(name=SAMPLED, data=data))
        except HeadwayError:
            return False
        finally:
            self._sampling = False
        self._happened.subtract(happened)
        self._happened += Counter()  # drops what is zero
        self._standing = standing
        return True

    def _stand(self) -> dict[str, int]:
        states: Counter[str] = Counter()
        for numbers in self._counts.values():
            states.update(numbers)
        gauges = {state: states[state] for state in ("queued", "running", "cancelling", "scheduled", "blocked")}
        return {**gauges, "viewers": self._viewers()}
