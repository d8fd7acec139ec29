"""Lists of jobs: a filter becomes walks along indexes, newest first, and `headway.model.query.matches` has the last word.

Terms of state, kind and queue choose shelves (lane, state) from the exact counts; an exact label chooses its own
index; what is left is tested on the documents, at most SCANNED of them or SCAN_S. Called by `queries.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from headway.clock import SystemClock
from headway.model.job import FINAL, JobDoc, JobState
from headway.model.query import Query, Term, matches
from headway.store.base import Page
from headway.store.journal import job_of
from headway.store.lanes import Lane, shelves_for
from headway.store.schema import counts, job_labels, jobs, lanes

SCANNED = 100_000
"""Rows that one list may test on their documents before it stops and says `partial` (08-risks W22)."""
SCAN_S = 2.0
MOST_SHELVES = 64
"""Shelves walked side by side; a query that means more of them walks all jobs instead."""

Found = tuple[str, str, int]
"""id, text of the document, seq"""

_columns = (jobs.c.id, jobs.c.doc, jobs.c.seq)
_UNFINISHED = frozenset(JobState) - FINAL


def list_jobs(db: Connection, query: Query, *, now: int, limit: int, after: str | None) -> Page[JobDoc]:
    """One page of the jobs that match, newest first."""
    monotonic = SystemClock().monotonic
    stop_at = monotonic() + SCAN_S
    found: list[JobDoc] = []
    last = ""
    for seen, (id, text, seq) in enumerate(_walk(db, query, after, limit)):
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
        return _by_label(db, "flow", value, None, most, states)
    if name == "label":
        key, _, wanted = value.partition("=")
        return _by_label(db, key, wanted, None, most, states)
    terms = (Term(name, (value,)),) if name in ("queue", "kind") else ()
    return _by_shelves(db, _shelves(db, _in(states, terms)), None, most)


def in_states(db: Connection, states: Collection[str]) -> list[JobDoc]:
    """Every job in one of the states, newest first."""
    return [job_of(text, seq) for _, text, seq in _by_shelves(db, _shelves(db, _in(states, ())), None, 200)]


def _in(states: Collection[str], terms: tuple[Term, ...]) -> Query:
    return Query((Term("state", tuple(states)), *terms))


def _walk(db: Connection, query: Query, after: str | None, limit: int) -> Iterator[Found]:
    """A walk, newest first, that meets every job which the query can match."""
    for term in query.terms:
        if term.key == "label" and not term.negated and len(term.values) == 1 and "*" not in term.values[0]:
            return _by_label(db, term.name, term.values[0], after, limit, frozenset(JobState))
    shelves = _shelves(db, query)
    if len(shelves) <= MOST_SHELVES and any(term.key in ("state", "kind", "queue") for term in query.terms):
        return _by_shelves(db, shelves, after, limit)
    return _pages(db, select(*_columns).order_by(jobs.c.id.desc()), jobs.c.id, after, limit + 1)


def _shelves(db: Connection, query: Query) -> list[tuple[int, str]]:
    known = [Lane(*row) for row in db.execute(select(lanes))]
    stock = {(lane, state): number for lane, state, number in db.execute(select(counts))}
    return shelves_for(query, known, stock)


def _by_shelves(db: Connection, shelves: list[tuple[int, str]], after: str | None, limit: int) -> Iterator[Found]:
    size = max(8, 2 * limit // max(len(shelves), 1) + 1)
    walks = [
        _pages(
            db, select(*_columns).where(jobs.c.lane == lane, jobs.c.state == state).order_by(jobs.c.id.desc()),
            jobs.c.id, after, size,
        )
        for lane, state in shelves
    ]  # fmt: skip
    return merge(*walks, key=itemgetter(0), reverse=True)


def _by_label(
    db: Connection, name: str, value: str, after: str | None, limit: int, states: Collection[str]
) -> Iterator[Found]:
    statement = (
        select(*_columns)
        .join_from(job_labels, jobs, jobs.c.id == job_labels.c.job)
        .where(job_labels.c.name == name, job_labels.c.value == value)
        .order_by(job_labels.c.job.desc())
    )
    if len(states) < len(JobState):
        statement = statement.where(jobs.c.state.in_(states))
    return _pages(db, statement, job_labels.c.job, after, limit + 1)


def _pages(db: Connection, statement: Any, key: Any, after: str | None, size: int) -> Iterator[Found]:
    """The rows of a statement ordered by `key` descending, in pages that grow, below `after`."""
    size = min(size, 1_000)
    while True:
        page = statement if after is None else statement.where(key < after)
        rows: Any = db.execute(page.limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1][0]
        size = min(2 * size, 1_000)
