"""What outlives a simulated crash, and how it is read: the lower half of the store in memory.

Documents and events are shared and never changed in place, so a frozen copy of the tables is a read transaction. Used
through `memory.py`; knows no rule.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from headway.model.elapse import due_at
from headway.model.event import Event
from headway.model.job import ACTIVE, JobDoc, JobState, is_claimable, is_final
from headway.model.query import Query, matches
from headway.store.base import Answer, Document, Head, Line, Page, Peer


class Disk:
    """What outlives a crash."""

    def __init__(self) -> None:
        self.head = Head("", 0, 0)
        self.first_seq = 1
        self.log: list[Event] = []
        self.jobs: dict[str, JobDoc] = {}
        self.documents: dict[str, dict[str, Document]] = {
            entity: {} for entity in ("workers", "queues", "kinds", "services", "saved")
        }
        self.soft: dict[str, Document] = {}  # worker -> last_heard_at, load
        self.counts: dict[str, dict[str, int]] = {}
        self.args: dict[str, bytes] = {}
        self.results: dict[str, bytes] = {}
        self.checkpoints: dict[str, dict[str, Any]] = {}
        self.samples: dict[str, list[tuple[str, float]]] = {}  # kind -> newest first
        self.answers: dict[tuple[str, str], tuple[Answer, int]] = {}
        self.opened = 0
        self.writing = threading.Lock()
        self.servers: dict[str, Peer] = {}
        self.leader = ""
        self.bells: list[tuple[object, Callable[[], None]]] = []  # (store, its bell)

    def copy(self) -> Disk:
        """The state now, untouched by later commits: documents and events are shared, nobody changes one in place."""
        other = Disk()
        for name, value in vars(self).items():
            setattr(other, name, dict(self.jobs) if name == "jobs" else _copied(value))
        return other


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        table = cast("dict[Any, Any]", value)
        return {key: cast("Any", each).copy() if isinstance(each, dict | list) else each for key, each in table.items()}
    return cast("list[Any]", value).copy() if isinstance(value, list) else value


class MemoryReading:
    """`headway.store.base.Reading` of a frozen `Disk`."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.head = disk.head

    def job(self, id: str) -> JobDoc | None:
        return self.disk.jobs.get(id)

    def jobs(self, query: Query, *, now: int, limit: int, after: str | None = None) -> Page[JobDoc]:
        found = [job for id, job in self._newest_first() if (after is None or id < after) and matches(query, job, now)]
        return Page(found[:limit], found[limit - 1].get("id") if len(found) > limit else None)

    def _newest_first(self) -> list[tuple[str, JobDoc]]:
        return sorted(self.disk.jobs.items(), reverse=True)

    def board(self, topic: tuple[str, str], *, unfinished: int, finished: int) -> list[JobDoc]:
        found = [job for _, job in self._newest_first() if _belongs(job, topic)]
        going = [job for job in found if not is_final(job)]
        return going[:unfinished] + [job for job in found if is_final(job)][:finished]

    def counts(self) -> dict[str, dict[str, int]]:
        return self.disk.counts

    def args(self, id: str) -> bytes | None:
        return self._body(id, self.disk.args, "args")

    def result(self, id: str) -> bytes | None:
        return self._body(id, self.disk.results, "result")

    def _body(self, id: str, table: Mapping[str, bytes], part: str) -> bytes | None:
        job: Mapping[str, Any] = self.disk.jobs.get(id) or {}
        if id in table or part not in job:
            return table.get(id)
        return msgspec.json.encode(job[part])

    def checkpoints(self, id: str) -> dict[str, Any]:
        return self.disk.checkpoints.get(id, {})

    def workers(self) -> list[Document]:
        return [each | self.disk.soft.get(id, {}) for id, each in self.disk.documents["workers"].items()]

    def worker(self, id: str) -> Document | None:
        return next((each for each in self.workers() if each["id"] == id), None)

    def services(self) -> list[Document]:
        return list(self.disk.documents["services"].values())

    def queues(self) -> list[Document]:
        return list(self.disk.documents["queues"].values())

    def kinds(self) -> list[Document]:
        return list(self.disk.documents["kinds"].values())

    def waiting(self) -> dict[str, int]:
        return dict(Counter(job.get("kind", "") for job in self.disk.jobs.values() if is_claimable(job)))

    def due(self, now: int, *, after: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
        found = sorted((at, id) for id, job in self.disk.jobs.items() if (at := due_at(job)) is not None and at <= now)
        return [each for each in found if after is None or each > after][:limit]

    def waiting_for(self, id: str) -> list[tuple[str, tuple[str, ...]]]:
        blocked = [(job, doc.get("after", [])) for job, doc in sorted(self.disk.jobs.items()) if _is_blocked(doc)]
        return [(job, tuple(after)) for job, after in blocked if not id or id in after]

    def held_by(self, worker: str) -> list[JobDoc]:
        return [job for _, job in self._newest_first() if job.get("worker") == worker and job.get("state") in ACTIVE]

    def events(self, after: int, *, until: int | None = None, limit: int = 1000) -> list[Event]:
        start = bisect_left(self.disk.log, after + 1, key=lambda event: event.seq)
        found = self.disk.log[start : start + limit]
        return [event for event in found if until is None or event.seq <= until]

    def events_of(self, job: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        return [event for event in self.disk.log if event.job == job and event.seq > after][:limit]

    def first_seq(self) -> int:
        return self.disk.first_seq

    def lines(self, job: str, *, first: int = 1, limit: int = 1000, last: int | None = None) -> list[Line]:
        if job not in self.disk.jobs:
            return []
        found = [
            Line(number, at, level, text, event.attempt or 0)
            for event in self.events_of(job, limit=1_000_000)
            for number, at, level, text in (event.extra or {}).get("lines", ())
        ]
        return (found[-last:] if last is not None else [line for line in found if line.number >= first])[:limit]

    def samples(self, kind: str) -> list[tuple[str, float]]:
        return self.disk.samples.get(kind, [])

    def answer(self, subject: str, key: str) -> Answer | None:
        found = self.disk.answers.get((subject, key))
        return found[0] if found else None

    def saved(self, section: str = "") -> list[Document]:
        found = sorted(self.disk.documents["saved"].items())
        return [doc for _, doc in found if not section or doc["section"] == section]


def _is_blocked(job: JobDoc) -> bool:
    return job.get("state") == JobState.BLOCKED


def _belongs(job: JobDoc, topic: tuple[str, str]) -> bool:
    name, rest = topic
    labels = job.get("labels", {})
    if name == "label":
        key, _, value = rest.partition("=")
        return labels.get(key) == value
    if name == "flow":
        return labels.get("flow") == rest
    return name == "jobs" or job.get(name) == rest
