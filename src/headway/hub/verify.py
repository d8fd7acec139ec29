"""Proof of I3 on a live store: rows, counts and documents against the fold of the log, and what differs.

Jobs are read in short transactions, a hundred each, so it may run beside commits. Workers, queues, kinds, services
and what is saved are compared while the log still has all their events (nothing was purged yet), counts if nothing was committed meanwhile;
what could not be compared is said. Soft columns are no part of documents. Called by `headway verify` and by REST, in a
thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from headway.model.event import Event
from headway.model.fold import fold
from headway.store.base import Document, Reading, Store

MOST = 100
"""Differences that are listed; all are counted."""
PAGE = 5_000
SOFT = {"worker": frozenset({"last_heard_at", "load"})}
"""Entity -> columns beside its document. All else is folded, a service's load too."""

Row = Mapping[str, Any]
Counts = dict[str, dict[str, int]]


class Difference(msgspec.Struct, frozen=True):
    """A field of a document: what its row says, and what its log says. Absent: None. `entity` is job, worker, queue …"""

    job: str
    field: str
    row: Any
    log: Any
    entity: str = "job"


class Verified(msgspec.Struct, kw_only=True):
    """What was compared, and what differs: `different` in number, the first of them listed; `skipped` with its reason."""

    jobs: int = 0
    documents: int = 0
    events: int = 0
    different: int = 0
    differences: list[Difference] = []
    skipped: dict[str, str] = {}

    def note(self, found: Iterable[Difference]) -> None:
        """Count differences, and list them while there is room."""
        for difference in found:
            self.different += 1
            if len(self.differences) < MOST:
                self.differences.append(difference)


def verify(store: Store) -> Verified:
    """Compare everything there is. Blocking; takes as long as the log is."""
    found = Verified()
    with store.reading() as reading:
        head, told = reading.head.seq, reading.counts()
    counted: dict[str, Counter[str]] = {}
    for row, events in store.scan_jobs():
        found.jobs += 1
        found.events += len(events)
        found.note(differences(row, events))
        counted.setdefault(row.get("queue", ""), Counter())[row.get("state", "")] += 1
    with store.reading() as reading:
        if reading.head.seq == head:
            found.note(_counts_differ(told, {queue: dict(states) for queue, states in counted.items()}))
        else:
            found.skipped["counts"] = "jobs moved meanwhile"
        if reading.first_seq() == 1:
            _verify_documents(reading, found)
        else:
            found.skipped["documents"] = "the log no longer reaches back to their beginning"
    return found


def differences(row: Row, events: Iterable[Event]) -> list[Difference]:
    """Fields in which a job's row is not the fold of its events."""
    log: dict[str, Any] = {}
    for event in events:
        if event.prefix == "job":
            log = fold(log, event)
    return _differ("job", str(row.get("id")), row, log)


def _differ(entity: str, id: str, row: Row, log: Row) -> list[Difference]:
    fields = sorted(field for field in {*row, *log} if row.get(field) != log.get(field))
    return [Difference(id, field, row.get(field), log.get(field), entity) for field in fields]


def _counts_differ(told: Counts, counted: Counts) -> list[Difference]:
    rows = {queue: states for queue, states in told.items() if states}
    return [
        Difference(queue, "counts", rows.get(queue), counted.get(queue), "queue")
        for queue in sorted({*rows, *counted})
        if rows.get(queue) != counted.get(queue)
    ]


def _verify_documents(reading: Reading, found: Verified) -> None:
    """Workers, queues, kinds, services and what is saved, each by its own events."""
    log: dict[tuple[str, str], dict[str, Any]] = {}
    seq = 0
    while events := reading.events(seq, until=reading.head.seq, limit=PAGE):
        seq = events[-1].seq
        for event in events:
            if event.prefix in _TABLES:
                _follow(log, event)
    for entity, table in _TABLES.items():
        for document in table(reading):
            id = str(document.get("id") or document.get("name"))
            soft = SOFT.get(entity, frozenset())
            row = {field: value for field, value in document.items() if field not in soft}
            found.documents += 1
            told = {field: value for field, value in log.pop((entity, id), {}).items() if field not in soft}
            found.note(_differ(entity, id, row, told))
    for (entity, id), folded in log.items():
        found.note(_differ(entity, id, {}, folded))


def _follow(log: dict[tuple[str, str], dict[str, Any]], event: Event) -> None:
    key = event.prefix, event.subject
    if event.data.get("deleted"):
        log.pop(key, None)
    else:
        log[key] = fold(log.get(key), event)


_TABLES: dict[str, Callable[[Reading], list[Document]]] = {
    "worker": lambda reading: reading.workers(),
    "service": lambda reading: reading.services(),
    "queue": lambda reading: reading.queues(),
    "kind": lambda reading: reading.kinds(),
    "saved": lambda reading: reading.saved(),
}
