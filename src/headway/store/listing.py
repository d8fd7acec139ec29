"""Lists of jobs: a filter becomes walks along indexes, newest first, and `headway.model.query.matches` has the last word.

Terms of state, kind and queue choose shelves (lane, state) from the exact counts; an exact label chooses its own
index; what is left is tested on the documents, at most SCANNED of them or SCAN_S. Called by `queries.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text as sql

from headway.clock import SystemClock, ulid
from headway.model.job import FINAL, JobDoc, JobState
from headway.model.query import Query, Term, matches
from headway.store.base import Page
from headway.store.journal import END_OF_ULIDS, job_of
from headway.store.lanes import Lane, shelves_for
from headway.store.schema import counts, job_labels, jobs, lanes

SCANNED = 100_000
"""Rows that one list may test on their documents before it stops and says `partial`."""
SCAN_S = 2.0
MOST_SHELVES = 64
"""Shelves walked side by side; a query that means more of them walks all jobs instead."""

Found = tuple[str, str, int]
"""id, text of the document, seq"""

_WITH_PRIORITY = sql("priority <> 0")  # literally the condition of its partial index, or it is not used
_columns = (jobs.c.id, jobs.c.doc, jobs.c.seq)
_UNFINISHED = frozenset(JobState) - FINAL


def list_jobs(db: Connection, query: Query, skew: int, *, now: int, limit: int, after: str | None) -> Page[JobDoc]:
    """One page of the jobs that match, newest first. `skew` bounds how far ids are from `created_at` (ms)."""
    monotonic = SystemClock().monotonic
    stop_at = monotonic() + SCAN_S
    found: list[JobDoc] = []
    last = ""
    for seen, (id, text, seq) in enumerate(_walk(db, query, _bounds(query, now, skew, after), limit)):
        if len(found) == limit:
            return Page(found, next=last)
        if seen >= SCANNED or (seen % 256 == 255 and monotonic() > stop_at):
            return Page(found, next=last, partial=True)
        job = job_of(text, seq)
        if matches(query, job, now):
            found.append(job)
        last = id
    return Page(found)


def list_board(db: Connection, topic: tuple[str, str], *, unfinished: int, finished: int) -> list[JobDoc]:
    """The rows of a snapshot: unfinished jobs of the topic, then finished ones, each newest first."""
    return [
        job_of(text, seq)
        for states, most in ((_UNFINISHED, unfinished), (FINAL, finished))
        for _, text, seq in islice(_topic(db, topic, states, most), most)
    ]


def _topic(db: Connection, topic: tuple[str, str], states: Collection[str], most: int) -> Iterator[Found]:
    name, value = topic
    if name == "flow":
        return _by_label(db, "flow", value, EVERYTHING, most, states)
    if name == "label":
        key, _, wanted = value.partition("=")
        return _by_label(db, key, wanted, EVERYTHING, most, states)
    terms = (Term(name, (value,)),) if name in ("queue", "kind") else ()
    return _by_shelves(db, _shelves(db, _in(states, terms)), EVERYTHING, most)


def in_states(db: Connection, states: Collection[str]) -> list[JobDoc]:
    """Every job in one of the states, newest first."""
    return [job_of(text, seq) for _, text, seq in _by_shelves(db, _shelves(db, _in(states, ())), EVERYTHING, 200)]


def _in(states: Collection[str], terms: tuple[Term, ...]) -> Query:
    return Query((Term("state", tuple(states)), *terms))


class Bounds(NamedTuple):
    """Ids of interest: from `low` up to, without, `high`."""

    low: str
    high: str | None


EVERYTHING = Bounds("", None)


def _bounds(query: Query, now: int, skew: int, after: str | None) -> Bounds:
    """The ids that jobs of the asked times can have."""
    low, highs = "", [after] if after is not None else []
    for term in query.terms:
        if term.negated or term.key not in ("since", "until"):
            continue
        at = term.instant(now)
        if term.key == "since" and at > skew:
            low = max(low, ulid(at - skew, 0))
        elif term.key == "until" and 0 <= at + skew < END_OF_ULIDS:
            highs.append(ulid(at + skew + 1, 0))
    return Bounds(low, min(highs) if highs else None)


def _walk(db: Connection, query: Query, bounds: Bounds, limit: int) -> Iterator[Found]:
    """A walk, newest first, that meets every job which the query can match."""
    for term in query.terms:
        if term.key == "label" and not term.negated and len(term.values) == 1 and "*" not in term.values[0]:
            return _by_label(db, term.name, term.values[0], bounds, limit, frozenset(JobState))
    shelves = _shelves(db, query)
    if len(shelves) <= MOST_SHELVES and any(term.key in ("state", "kind", "queue") for term in query.terms):
        return _by_shelves(db, shelves, bounds, limit)
    statement = select(*_columns).order_by(jobs.c.id.desc())
    if any(term.key == "priority" and not matches(Query((term,)), JobDoc(priority=0), 0) for term in query.terms):
        statement = statement.where(_WITH_PRIORITY)
    return _pages(db, statement, jobs.c.id, bounds, limit + 1)


def _shelves(db: Connection, query: Query) -> list[tuple[int, str]]:
    known = [Lane(*row) for row in db.execute(select(lanes))]
    stock = {(lane, state): number for lane, state, number in db.execute(select(counts))}
    return shelves_for(query, known, stock)


def _by_shelves(db: Connection, shelves: list[tuple[int, str]], bounds: Bounds, limit: int) -> Iterator[Found]:
    size = max(8, limit // max(len(shelves), 1) + 1)
    walks = [
        _pages(
            db, select(*_columns).where(jobs.c.lane == lane, jobs.c.state == state).order_by(jobs.c.id.desc()),
            jobs.c.id, bounds, size,
        )
        for lane, state in shelves
    ]  # fmt: skip
    return merge(*walks, key=itemgetter(0), reverse=True)


def _by_label(
    db: Connection, name: str, value: str, bounds: Bounds, limit: int, states: Collection[str]
) -> Iterator[Found]:
    statement = (
        select(*_columns)
        .join_from(job_labels, jobs, jobs.c.id == job_labels.c.job)
        .where(job_labels.c.name == name, job_labels.c.value == value)
        .order_by(job_labels.c.job.desc())
    )
    if len(states) < len(JobState):
        statement = statement.where(jobs.c.state.in_(states))
    return _pages(db, statement, job_labels.c.job, bounds, limit + 1)


def _pages(db: Connection, statement: Any, key: Any, bounds: Bounds, size: int) -> Iterator[Found]:
    """The rows of a statement ordered by `key` descending, within the bounds, in pages that grow."""
    size = min(size, 1_000)
    high = bounds.high
    if bounds.low:
        statement = statement.where(key >= bounds.low)
    while True:
        page = statement if high is None else statement.where(key < high)
        rows: Any = db.execute(page.limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        high = rows[-1][0]
        size = min(2 * size, 1_000)
