"""What a writer remembers between batches, each of it checked against the database before it is used again.

Others write too, so nothing here is believed: jobs are known by their `tail`, documents by their `seq`, and the database
sends only what is another version. Durations of past runs, which only estimates use, are believed for a second.
Forgotten whole with the connection. Touched by the appender alone. Knows no SQL.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec

from headway.model.command import Reads
from headway.model.world import Document, World
from headway.store.journal import KEPT_SAMPLES, Journal, Kept
from headway.store.lanes import Lane, Place

KEPT_JOBS = 10_000
"""Jobs whose documents are remembered."""
KEPT_WORKERS = 10_000
BELIEVED_MS = 1_000
"""How long durations are taken for what they were."""

Durations = list[tuple[str, float]]


class KnownJob(msgspec.Struct, frozen=True, gc=False):
    """A job as it was last seen, and the number of its lane."""

    kept: Kept
    lane: int


class Past(msgspec.Struct):
    """Durations of a kind, as they were read `at` and as our own commits added to them: newest first in each stage."""

    at: int
    stages: dict[str, deque[float]] = {}
    listed: Durations | None = None  # one list until there is a new one: rules remember what they made of it

    def durations(self) -> Durations:
        if self.listed is None:
            self.listed = [(stage, seconds) for stage, kept in self.stages.items() for seconds in kept]
        return self.listed

    def add(self, stage: str, seconds: float) -> None:
        """One that is newer than all before."""
        self.stages.setdefault(stage, deque(maxlen=KEPT_SAMPLES)).appendleft(seconds)
        self.listed = None


class Known(msgspec.Struct):
    """What was last seen of the log `epoch`, whose head is the table with this oid (0: not seen yet)."""

    epoch: str = ""
    table: int = 0
    jobs: dict[str, KnownJob] = {}
    queues: dict[str, Document] = {}  # all of them
    kinds: dict[str, Document] = {}  # likewise
    workers: dict[str, Document] = {}  # some
    lanes: dict[Place, Lane] = {}  # all of them, and they never change
    lanes_by_id: dict[int, Lane] = {}
    past: dict[str, Past] = {}
    limit_keys: dict[str, dict[str, str | None]] = {}  # kind -> active job -> what it counts for

    @property
    def versions(self) -> tuple[int, int]:
        """One number for all queues, one for all kinds: any change makes it larger."""
        return _version(self.queues), _version(self.kinds)

    @property
    def last_lane(self) -> int:
        return max(self.lanes_by_id, default=0)

    def limits(self, reads: Reads) -> set[tuple[str, str]]:
        """The documents (table, id) of limits that a claim can meet: of kinds that it asks for, of queues that it may
        take from.
        """
        places: set[tuple[str, str]] = set()
        for claim in reads.claims:
            kinds = ((kind, self.kinds.get(kind, {})) for kind in claim.kinds)
            places |= {("kinds", kind) for kind, doc in kinds if _has_limit(doc)}
            queues = [id for id in self.queues if not claim.queues or id in claim.queues]
            places |= {("queues", id) for id in queues if _has_limit(self.queues[id])}
        return places

    def learn_lanes(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            self.lanes[lane.namespace, lane.kind, lane.queue, lane.requires] = lane
            self.lanes_by_id[lane.id] = lane

    def trim(self) -> None:
        """Forget the oldest when there is too much; never between load and commit."""
        for table, most in ((self.jobs, KEPT_JOBS), (self.workers, KEPT_WORKERS)):
            if len(table) > most:
                for old in list(islice(table, most // 4)):
                    del table[old]

    def learn_past(self, kinds: Iterable[str], rows: Iterable[tuple[str, str, float]], now: int) -> None:
        """Durations that were read for `kinds`: (kind, stage, seconds), newest first."""
        fresh = {kind: Past(now) for kind in kinds}
        for kind, stage, seconds in rows:
            fresh[kind].stages.setdefault(stage, deque(maxlen=KEPT_SAMPLES)).append(seconds)
        for kind, past in fresh.items():
            old = self.past.get(kind)
            if old is not None and old.stages == past.stages:
                past.listed = old.listed
        self.past |= fresh

    def advance(self, journal: Journal, world: World, lanes: Mapping[str, int]) -> None:
        """Take over what was committed; `lanes` are those of its jobs."""
        for row in journal.jobs:
            self.jobs.pop(row.id, None)
            self.jobs[row.id] = KnownJob(row.now, lanes[row.id])
        for id in world.deleted:
            self.jobs.pop(id, None)
        for entity in ("queues", "kinds", "workers"):
            for id, _, _ in journal.documents.get(entity, ()):
                getattr(self, entity)[id] = getattr(world, entity)[id]
        for kind, stage, seconds in world.new_samples:
            if kind in self.past:
                self.past[kind].add(stage, seconds)


def _has_limit(doc: Mapping[str, Any]) -> bool:
    return doc.get("limit") is not None or doc.get("key_limit") is not None


def _version(documents: Mapping[str, Any]) -> int:
    return sum(document["seq"] for document in documents.values())
