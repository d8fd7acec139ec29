"""The working copy of one batch: the rows that commands declared, changed by the events they make.

Loaded by a store, used by `decide`, written back by the store. Lives for one transaction. Whatever a rule changes here
goes through `add`, `put` or one of the lists, so that a refused command can be taken back whole (`rewind`). Knows no
SQL and no rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from headway.clock import iso
from headway.model.command import Claim
from headway.model.event import Event
from headway.model.fold import fold
from headway.model.job import ACTIVE, JobDoc, is_claimable

Document = dict[str, Any]
Mark = tuple[int, int, int, int]

_ABSENT: Any = object()


class World:
    """Documents by id; `None` in a map means: looked for, does not exist; no entry: not looked for.

    `now` in ms since the epoch, `now_text` the same as documents write it. `args` are inputs as JSON text, of jobs
    that are new or were loaded for a claim.
    `active` counts running and cancelling jobs by ("queue", q), ("kind", k), ("key", k, key): exact for every
    limit that a claim of this batch can meet. Documents are shared and never changed in place.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.now_text = iso(now)
        self.jobs: dict[str, JobDoc | None] = {}
        self.workers: dict[str, Document | None] = {}  # those declared, and those of every loaded active job
        self.queues: dict[str, Document] = {}  # all of them
        self.kinds: dict[str, Document | None] = {}
        self.services: dict[str, Document] = {}  # "worker/service"
        self.saved: dict[str, Document | None] = {}  # "section/name", of whole sections; None: removed by this batch
        self.held_by: dict[str, set[str]] = {}  # worker -> ids of the active jobs it holds
        self.uniques: dict[tuple[str, str], str | None] = {}  # (namespace, key) -> newest job with it
        self.externals: dict[tuple[str, str], str | None] = {}
        self.candidates: dict[int, list[str]] = {}  # id(claim) -> job ids, best first
        self.active: Counter[tuple[str, ...]] = Counter()
        self.samples: dict[str, Any] = {}  # kind -> past durations (past.py), of the kinds of loaded jobs
        self.checkpoints: dict[str, dict[str, Any]] = {}
        self.args: dict[str, bytes] = {}
        self.results: dict[str, bytes] = {}
        self.new_checkpoints: list[tuple[str, str, Any]] = []
        self.new_samples: list[tuple[str, str, float]] = []  # kind, stage path ("" the whole), seconds
        self.new_queued: dict[str, None] = {}  # queued by this batch and not claimed yet: claims must see them too
        self.deleted: list[str] = []
        self.heard: dict[str, tuple[int, Document | None]] = {}  # soft: worker -> (at, load)
        self.events: list[Event] = []
        self.stamp: tuple[str, int] | None = None  # (job, n) of the statement being applied
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # -- reading ---------------------------------------------------------------------------------------------------

    def job(self, id: str) -> JobDoc | None:
        """The job as the events so far have made it; None for one that does not exist (any more)."""
        return None if id in self.deleted else self.jobs.get(id)

    def candidates_of(self, claim: Claim) -> list[str]:
        """Ids of queued jobs that the claim may take, best first, including those that this batch queued."""
        ids = self.candidates.get(id(claim), [])
        if fresh := [id for id in self.new_queued if fits(self.jobs[id], claim)]:
            ids = sorted(dict.fromkeys([*ids, *fresh]), key=self._rank)
        return ids

    def _rank(self, id: str) -> tuple[int, str, str]:
        job = self.jobs[id] or JobDoc()
        return -job.get("priority", 0), job.get("queued_at", ""), id

    # -- changing --------------------------------------------------------------------------------------------------

    def add(self, event: Event) -> None:
        """Take an event into the batch and fold it into its document."""
        self.events.append(event)
        entity = _ENTITY.get(event.prefix)
        data = event.data
        if entity is None or ("set" not in data and "put" not in data and "soft" not in data):
            return
        documents: dict[str, Any] = getattr(self, entity)
        before = documents.get(event.subject, _ABSENT)
        known = None if before is _ABSENT else before
        after = fold(known, event)
        documents[event.subject] = after
        self._undo.append((documents, event.subject, before))
        if entity == "jobs":
            self._count(known, after)

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Set an entry of one of the maps beside the documents (keys, inputs, results, what was heard)."""
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    # -- taking back -----------------------------------------------------------------------------------------------

    def mark(self) -> Mark:
        """A point to `rewind` to: nothing of a refused command may stay."""
        self._undo.clear()
        return len(self.events), len(self.new_checkpoints), len(self.new_samples), len(self.deleted)

    def rewind(self, mark: Mark) -> None:
        """Take back everything since `mark`, newest first."""
        for table, key, before in reversed(self._undo):
            if table is self.jobs:
                self._count(table[key], None if before is _ABSENT else before)
            if before is _ABSENT:
                del table[key]
            else:
                table[key] = before
        self._undo.clear()
        for grown, length in zip(
            (self.events, self.new_checkpoints, self.new_samples, self.deleted), mark, strict=True
        ):
            del grown[length:]
        self.stamp = None

    # -- counting --------------------------------------------------------------------------------------------------

    def _count(self, before: Document | None, after: Document | None) -> None:
        """Keep `active`, `held_by` and `new_queued` right while a job goes from one document to another."""
        old = before["state"] if before else None
        new = after["state"] if after else None
        if new == old and (new not in ACTIVE or _holder(before or {}) == _holder(after or {})):
            return
        if new == "queued" and after:
            self.new_queued[after["id"]] = None
        elif old == "queued" and before:
            self.new_queued.pop(before["id"], None)
        was, now = old in ACTIVE, new in ACTIVE
        if was and before and not (now and after and _holder(before) == _holder(after)):
            self._uncount(before)
            was = False
        if now and not was and after:
            for key in limit_keys(after):  # pyright: ignore[reportArgumentType]
                self.active[key] += 1
            if (held := self.held_by.get(_holder(after))) is not None:
                held.add(after["id"])

    def _uncount(self, job: Document) -> None:
        for key in limit_keys(job):  # pyright: ignore[reportArgumentType]
            self.active[key] -= 1
        if (held := self.held_by.get(_holder(job))) is not None:
            held.discard(job["id"])


_ENTITY = {
    "job": "jobs",
    "worker": "workers",
    "queue": "queues",
    "kind": "kinds",
    "service": "services",
    "saved": "saved",
}


def _holder(job: Mapping[str, Any]) -> str:
    return job.get("worker") or ""


def limit_keys(job: JobDoc) -> list[tuple[str, ...]]:
    """The counters of `World.active` that a running job counts in."""
    keys: list[tuple[str, ...]] = [("queue", job.get("queue", "")), ("kind", job.get("kind", ""))]
    if key := job.get("limit_key"):
        keys.append(("key", job.get("kind", ""), key))
    return keys


def fits(job: JobDoc | None, claim: Claim) -> bool:
    """True if the worker of the claim serves such a job, whatever paused or limited it."""
    return (
        job is not None
        and is_claimable(job)
        and job.get("kind") in claim.kinds
        and job.get("namespace") == claim.namespace
        and (not claim.queues or job.get("queue") in claim.queues)
        and job.get("requires", {}).items() <= claim.labels.items()
    )
