"""What the only writer of a store remembers, so that hot commands read nothing: documents, lanes, counts, limits.

Rebuilt from the database when the store opens and after any failed commit; brought forward after each good one.
Touched by the appender alone. Valid only while nobody else writes: SQLite. Knows no SQL beyond what it is given.
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import islice
from typing import Any

import msgspec

from headway.model.job import ACTIVE, FINAL, JobDoc
from headway.model.world import World, limit_keys
from headway.store.journal import KEPT_SAMPLES, Journal, Kept, Row
from headway.store.lanes import Lane, Place, place_of

KEPT_JOBS = 10_000
"""Unfinished jobs whose documents are remembered; more are read when they are needed."""

Durations = list[tuple[str, float]]


class Mirror(msgspec.Struct):
    """The state at the head, as far as it is hot. Documents are shared: nobody changes one in place."""

    seq: int
    at: int
    skew: int
    jobs: dict[str, Kept] = {}
    documents: dict[str, dict[str, dict[str, Any]]] = {}  # table -> id -> document, whole
    lanes: dict[Place, Lane] = {}
    counts: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter[tuple[int, str]])
    active: Counter[tuple[str, ...]] = msgspec.field(default_factory=Counter[tuple[str, ...]])
    held: dict[str, set[str]] = {}  # worker -> ids of its active jobs
    samples: dict[str, dict[str, deque[tuple[int, float]]]] = {}  # kind -> stage -> (n, seconds), newest first
    listed: dict[str, Durations] = {}  # kind -> its durations as the world takes them, until there is a new one

    def lane_of(self, job: JobDoc, fresh: list[Lane]) -> int:
        """The number of the job's lane; a new lane is added to `fresh` too."""
        place = place_of(job)
        lane = self.lanes.get(place)
        if lane is None:
            lane = self.lanes[place] = Lane(len(self.lanes) + 1, *place)
            fresh.append(lane)
        return lane.id

    def durations(self, kind: str) -> Durations:
        """Past durations of a kind, newest first within a stage."""
        found = self.listed.get(kind)
        if found is None:
            stages = self.samples.get(kind, {})
            found = [(stage, seconds) for stage, kept in stages.items() for _, seconds in kept]
            self.listed[kind] = found
        return found

    def take_sample(self, kind: str, stage: str, n: int, seconds: float) -> None:
        """Remember a duration, newer than all before."""
        stages = self.samples.setdefault(kind, {})
        if stage not in stages:
            stages[stage] = deque(maxlen=KEPT_SAMPLES)
        stages[stage].appendleft((n, seconds))
        self.listed.pop(kind, None)

    def keep(self, id: str, kept: Kept) -> None:
        """Remember a job, as the newest."""
        self.jobs.pop(id, None)
        self.jobs[id] = kept

    def trim(self) -> None:
        """Forget the oldest jobs when there are too many; never between load and commit, which must know what was."""
        if len(self.jobs) > KEPT_JOBS:
            for old in list(islice(self.jobs, KEPT_JOBS // 4)):
                del self.jobs[old]

    def hold(self, job: JobDoc) -> None:
        """Count an active job: in its limits, with its worker."""
        self.active.update(limit_keys(job))
        if worker := job.get("worker"):
            self.held.setdefault(worker, set()).add(job.get("id", ""))

    def advance(self, journal: Journal, world: World, changes: dict[tuple[int, str], int], samples: list[Row]) -> None:
        """Take over what was committed."""
        if journal.events:
            self.seq = journal.events[-1].seq
            self.at = max(self.at, journal.events[-1].at)
        for row in journal.jobs:
            self._settle(row.id, row.before, row.now)
        for id in world.deleted:
            before = self.jobs.pop(id, None)
            if before is not None and before.columns[0] in ACTIVE:  # ended and deleted in one batch
                self._release(before.doc)
        for entity, rows in journal.documents.items():
            known = self.documents[entity]
            for id, _, _ in rows:
                known[id] = getattr(world, entity)[id]
        for id in journal.unsaved:
            self.documents["saved"].pop(id, None)
        self.counts.update(changes)
        for kind, stage, _, n, seconds in samples:
            self.take_sample(kind, stage, n, seconds)

    def _settle(self, id: str, before: Kept | None, now: Kept) -> None:
        was_active = before is not None and before.columns[0] in ACTIVE
        is_active = now.columns[0] in ACTIVE
        if was_active and (not is_active or before.doc.get("worker") != now.doc.get("worker")):  # pyright: ignore[reportOptionalMemberAccess]
            self._release(before.doc)  # pyright: ignore[reportOptionalMemberAccess]
            was_active = False
        if is_active and not was_active:
            self.hold(now.doc)
        if now.columns[0] in FINAL:
            self.jobs.pop(id, None)
        else:
            self.keep(id, now)

    def _release(self, job: JobDoc) -> None:
        for key in limit_keys(job):
            self.active[key] -= 1
            if not self.active[key]:
                del self.active[key]
        held = self.held.get(job.get("worker") or "", set())
        held.discard(job.get("id", ""))
        if not held:
            self.held.pop(job.get("worker") or "", None)

    def number_samples(self, fresh: list[tuple[str, str, float]]) -> list[Row]:
        """Rows (kind, stage, slot, n, seconds) of new durations: the newest take the places of the oldest."""
        last: dict[tuple[str, str], int] = {}
        rows: list[Row] = []
        for kind, stage, seconds in fresh:
            known = last.get((kind, stage))
            if known is None:
                kept = self.samples.get(kind, {}).get(stage)
                known = kept[0][0] if kept else -1
            n = last[kind, stage] = known + 1
            rows.append((kind, stage, n % KEPT_SAMPLES, n, seconds))
        return rows
