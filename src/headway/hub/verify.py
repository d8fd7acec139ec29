"""Proof of I3 on a live store: every job's row against the fold of its events, and what differs.

Reads in short transactions, a hundred jobs each, so it may run beside commits. Soft columns are no part of documents
and are not compared. Called by `headway verify` and by REST, in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headway.model.event import Event
from headway.model.fold import fold
from headway.store.base import Store

MOST = 100
"""Differences that are listed; all are counted."""
_UNFOLDED = frozenset({"seq"})  # the row's own column


class Difference(msgspec.Struct, frozen=True):
    """A field of a job: what its row says, and what its log says. Absent: None."""

    job: str
    field: str
    row: Any
    log: Any


class Verified(msgspec.Struct, kw_only=True):
    """What was compared, and what differs: `different` in number, the first of them listed."""

    jobs: int = 0
    events: int = 0
    different: int = 0
    differences: list[Difference] = []


def verify(store: Store) -> Verified:
    """Compare every job. Blocking; takes as long as the log is."""
    found = Verified()
    for row, events in store.scan_jobs():
        found.jobs += 1
        found.events += len(events)
        for difference in differences(row, events):
            found.different += 1
            if len(found.differences) < MOST:
                found.differences.append(difference)
    return found


def differences(row: Mapping[str, Any], events: Iterable[Event]) -> list[Difference]:
    """Fields in which a row is not the fold of its events."""
    log: dict[str, Any] = {}
    for event in events:
        if event.prefix == "job":
            log = fold(log, event)
    return [
        Difference(str(row.get("id")), field, row.get(field), log.get(field))
        for field in sorted({*row, *log} - _UNFOLDED)
        if row.get(field) != log.get(field)
    ]
