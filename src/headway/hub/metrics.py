"""Counters of this server, and the series that viewers of the topic `metrics` are shown.

Every `sample_s` it says in the log what happened since the last sample, counted from the commits themselves, and how
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
from headway.store.base import Store

COUNTED = {
    "job.submitted": "submitted",
    "job.started": "started",
    "job.completed": "completed",
    "job.failed": "failed",
    "job.cancelled": "cancelled",
    "job.retry_scheduled": "retried",
}
"""Event type -> name of its counter in a sample."""


class Sampler:
    """`follow` every commit, then `run` until cancelled. `viewers` tells how many look."""

    def __init__(
        self, ledger: Ledger, store: Store, clock: Clock, settings: Settings, viewers: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._settings = settings
        self._viewers = viewers
        self._happened: Counter[str] = Counter()
        self._counts: dict[str, dict[str, int]] = {}
        self._standing: dict[str, int] = {}
        ledger.on_commit(self.follow)

    def begin(self) -> None:
        """Read how many jobs stand where, before the first commit."""
        with self._store.reading() as reading:
            self._counts = {queue: dict(states) for queue, states in reading.counts().items()}

    def follow(self, commit: Commit) -> None:
        """Count what a commit brought."""
        for event in commit.events:
            if event.type.startswith("job."):
                fold_counts(self._counts, event)
                if name := COUNTED.get(event.type):
                    self._happened[name] += 1

    async def run(self) -> None:
        """A sample every `sample_s`, for ever; one that can not be committed is the next one's."""
        while True:
            await self._clock.sleep(self._settings.sample_s)
            await self.sample()

    async def sample(self) -> bool:
        """Say what changed; False: nothing did, and nothing was said."""
        standing = self._stand()
        if not self._happened and standing == self._standing:
            return False
        happened = dict(self._happened)
        data = {"period_s": self._settings.sample_s, "happened": happened, "now": standing}
        try:
            await self._ledger.execute(c.Note(name="metrics.sampled", data=data))
        except HeadwayError:
            return False
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
