"""The working copy of one batch: the rows that commands declared, changed by the events they make.

Loaded by a store, used by `decide`, written back by the store. Lives for one transaction. Knows no SQL and no rule.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from headway.clock import iso
from headway.model.command import Claim
from headway.model.event import Event
from headway.model.fold import fold
from headway.model.job import ACTIVE, JobDoc

Document = dict[str, Any]


class World:
    """Documents by id; `None` in a map means: looked for, does not exist.

    `now` in ms since the epoch, `now_text` the same as documents write it. `dirty` holds (entity, id) of every
    document that an event changed. `args` are inputs as JSON text, of jobs that are new or were loaded for a claim.
    `active` counts running and cancelling jobs by ("queue", q), ("kind", k), ("key", k, key): exact for every
    limit that a claim of this batch can meet.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.now_text = iso(now)
        self.jobs: dict[str, JobDoc | None] = {}
        self.workers: dict[str, Document | None] = {}
        self.queues: dict[str, Document] = {}  # all of them
        self.kinds: dict[str, Document | None] = {}
        self.services: dict[str, Document] = {}  # "worker/service"
        self.held_by: dict[str, set[str]] = {}  # worker -> ids of the active jobs it holds
        self.uniques: dict[tuple[str, str], str | None] = {}  # (namespace, key) -> newest job with it
        self.externals: dict[tuple[str, str], str | None] = {}
        self.candidates: dict[int, list[str]] = {}  # id(claim) -> job ids, best first
        self.active: Counter[tuple[str, ...]] = Counter()
        self.samples: dict[str, Any] = {}  # kind -> past durations (estimate.py)
        self.checkpoints: dict[str, dict[str, Any]] = {}
        self.args: dict[str, bytes] = {}
        self.results: dict[str, bytes] = {}
        self.new_checkpoints: list[tuple[str, str, Any]] = []
        self.new_samples: list[tuple[str, str, float]] = []  # kind, stage path ("" the whole), seconds
        self.deleted: list[str] = []
        self.heard: dict[str, tuple[int, Document | None]] = {}  # soft: worker -> (at, load)
        self.events: list[Event] = []
        self.stamp: tuple[str, str, int] | None = None  # (job, attempt, n) of the statement being applied
        self.dirty: dict[tuple[str, str], None] = {}
        self._undo: list[tuple[dict[str, Any], str, Any]] = []
        self.new_queued: list[str] = []  # queued by this batch: claims must see them too

    def candidates_of(self, claim: Claim) -> list[str]:
        """Ids of queued jobs that the claim may take, best first, including those that this batch queued."""
        ids = self.candidates.get(id(claim), [])
        fresh = [id for id in self.new_queued if _fits(self.jobs[id], claim)]
        if fresh:
            ids = sorted(dict.fromkeys([*ids, *fresh]), key=self._rank)
        return ids

    def _rank(self, id: str) -> tuple[int, str, str]:
        job = self.jobs[id] or JobDoc()
        return -job.get("priority", 0), job.get("queued_at", ""), id

    def job(self, id: str) -> JobDoc | None:
        return self.jobs.get(id)

    def mark(self) -> int:
        """A point to `rewind` to: nothing of a refused command may stay."""
        self._undo.clear()
        return len(self.events)

    def rewind(self, mark: int) -> None:
        """Take back every event since `mark`, newest first."""
        if len(self.events) == mark:
            return
        del self.events[mark:]
        for documents, id, before in reversed(self._undo):
            after = documents[id]
            documents[id] = before
            if documents is self.jobs:
                self._count(after, before)
        self._undo.clear()

    def add(self, event: Event) -> None:
        """Take an event into the batch and fold it into its document."""
        self.events.append(event)
        fold_into = _ENTITY.get(event.prefix)
        if fold_into is None or ("set" not in event.data and "put" not in event.data):
            return
        documents: dict[str, Any] = getattr(self, fold_into)
        before = documents.get(event.subject)
        after = fold(before, event)
        documents[event.subject] = after
        self._undo.append((documents, event.subject, before))
        self.dirty[fold_into, event.subject] = None
        if fold_into == "jobs":
            self._count(before, after)

    def _count(self, before: Document | None, after: Document | None) -> None:
        old = before["state"] if before else None
        new = after["state"] if after else None
        if after and new == "queued" and old != "queued":
            self.new_queued.append(after["id"])
        step = (new in ACTIVE) - (old in ACTIVE)
        if step:
            job: Any = after if step > 0 else before
            for key in limit_keys(job):
                self.active[key] += step
            if (held := self.held_by.get(job.get("worker"))) is not None:
                (held.add if step > 0 else held.discard)(job["id"])


_ENTITY = {"job": "jobs", "worker": "workers", "queue": "queues", "kind": "kinds", "service": "services"}


def limit_keys(job: JobDoc) -> list[tuple[str, ...]]:
    """The counters of `World.active` that a running job counts in."""
    keys: list[tuple[str, ...]] = [("queue", job.get("queue", "")), ("kind", job.get("kind", ""))]
    if key := job.get("limit_key"):
        keys.append(("key", job.get("kind", ""), key))
    return keys


def _fits(job: JobDoc | None, claim: Claim) -> bool:
    return (
        job is not None
        and job.get("state") == "queued"
        and not job.get("held")
        and job.get("kind") in claim.kinds
        and job.get("namespace") == claim.namespace
        and (not claim.queues or job.get("queue") in claim.queues)
        and job.get("requires", {}).items() <= claim.labels.items()
    )
