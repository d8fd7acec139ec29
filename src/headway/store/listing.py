"""Lists of jobs: a filter becomes a walk along an index, newest first, and `headway.model.query.matches` has the last word.

Ids are looked up; exact labels, parents and retried jobs have an index; terms of state, kind and queue, and what follows
for the state from others, choose shelves (lane, state) from the exact counts. What is left is tested on the documents
that pass the sieve, at most SCANNED rows or SCAN_S. Called by `queries.py`; the SQL is in `walks.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from sqlalchemy import Connection, and_, func, or_, select

from headway.clock import SystemClock, ulid
from headway.model.job import FINAL, JobDoc, JobState
from headway.model.query import Query, Term, matches
from headway.store.base import Page
from headway.store.journal import END_OF_ULIDS, LINK, LINKS, job_of, link_to
from headway.store.lanes import Lane, shelf_terms, shelves_for
from headway.store.schema import counts, job_labels, lanes
from headway.store.sieve import needs_of
from headway.store.walks import BY_LABEL, BY_STATE, Bounds, Found, Walker

SCANNED = 100_000
"""Rows that one list may test before it stops and says `partial`."""
SCAN_S = 2.0
MOST_PLACES = 250
"""Shelves or labels of one walk (SQLite joins at most 500 branches); a query that means more walks all jobs instead."""
COUNTED = 10_000
"""Shelves with more jobs than that are not compared with labels."""

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
        if text is not None and matches(query, job := job_of(text, seq), now):
            found.append(job)
        last = id
    return Page(found)


def list_board(db: Connection, topic: tuple[str, str], *, unfinished: int, finished: int) -> list[JobDoc]:
    """The rows of a snapshot: unfinished jobs of the topic, then finished ones, each newest first."""
    return [
        job
        for states, most in ((_UNFINISHED, unfinished), (FINAL, finished))
        for job in islice(_topic(db, topic, states, most), most)
    ]


def _topic(db: Connection, topic: tuple[str, str], states: Collection[str], most: int) -> Iterator[JobDoc]:
    name, value = topic
    if name in ("flow", "label"):
        key, _, wanted = ("flow", "", value) if name == "flow" else value.partition("=")
        query = _in(states, Term("label", (wanted,), key))
        walk = _documents(_along(db, query, [(key, wanted)], Bounds(), most + 1))
        return (job for job in walk if job.get("state") in states and job.get("labels", {}).get(key) == wanted)
    terms = (Term(name, (value,)),) if name in ("queue", "kind") else ()
    return _documents(_along(db, _in(states, *terms), [], Bounds(), most + 1))


def in_states(db: Connection, states: Collection[str]) -> list[JobDoc]:
    """Every job in one of the states, newest first."""
    return [job for job in _documents(_along(db, _in(states), [], Bounds(), 200)) if job.get("state") in states]


def _documents(walk: Iterator[Found]) -> Iterator[JobDoc]:
    return (job_of(text, seq) for _, text, seq in walk if text is not None)


def _in(states: Collection[str], *terms: Term) -> Query:
    return Query((Term("state", tuple(sorted(states))), *terms))


def _bounds(query: Query, now: int, skew: int, after: str | None) -> Bounds:
    """The ids that jobs of the asked times, or with the asked beginnings, can have."""
    bounds = Bounds("", after)
    for term in query.terms:
        if term.negated or term.key not in ("since", "until", "id"):
            continue
        at = term.instant(now) if term.key != "id" else 0
        if term.key == "id":
            bounds = bounds.cut(*_beginning(term.values))
        elif term.key == "since" and at > skew:
            bounds = bounds.cut(ulid(at - skew, 0), None)
        elif term.key == "until" and 0 <= at + skew < END_OF_ULIDS:
            bounds = bounds.cut("", ulid(at + skew + 1, 0))
    return bounds


_LAST = "\U0010ffff"
"""Behind every other character, in both databases."""


def _beginning(values: Collection[str]) -> tuple[str, str | None]:
    """The ids that begin as one of the globs does."""
    starts = [value.partition("*")[0] for value in values]
    return min(starts), max(starts) + _LAST if all(starts) else None


def _walk(db: Connection, query: Query, bounds: Bounds, limit: int) -> Iterator[Found]:
    """A walk, newest first, that meets every job which the query can match."""
    if (ids := _exact(query, "id")) is not None:
        return Walker(db, bounds, limit).over_ids(ids)
    return _along(db, query, _labels(query), bounds, limit + 1)


def _along(db: Connection, query: Query, labels: list[tuple[str, str]], bounds: Bounds, size: int) -> Iterator[Found]:
    """Along the labels or the shelves, whichever hold fewer jobs; else over all."""
    terms = shelf_terms(query)
    shelves = _shelves(db, terms) if terms.terms else None
    if labels and (shelves is None or _are_fewer(db, labels, sum(shelves.values()))):
        return Walker(db, bounds, size, needs_of(query)).over_shelves(BY_LABEL, labels)
    if shelves is not None and len(shelves) <= MOST_PLACES:
        needs = needs_of(query, known=("state", "kind", "queue"))
        return Walker(db, bounds, size, needs).over_shelves(BY_STATE, shelves)
    never = JobDoc(priority=0)
    with_priority = any(term.key == "priority" and not matches(Query((term,)), never, 0) for term in query.terms)
    return Walker(db, bounds, size, needs_of(query)).over_all(with_priority=with_priority)


def _are_fewer(db: Connection, labels: Collection[tuple[str, str]], stock: int) -> bool:
    """True if the labels have no more jobs than shelves of `stock` jobs, or than anybody counts."""
    if stock > COUNTED:
        return True
    places = or_(*(and_(job_labels.c.name == name, job_labels.c.value == value) for name, value in labels))
    rows = select(job_labels.c.job).where(places).limit(stock + 1).subquery()
    return (db.execute(select(func.count()).select_from(rows)).scalar() or 0) <= stock


def _exact(query: Query, key: str) -> tuple[str, ...] | None:
    """The values of the first term of the key that is neither negated nor a glob."""
    for term in query.terms:
        if term.key == key and not term.negated and not any("*" in value for value in term.values):
            return tuple(dict.fromkeys(term.values))
    return None


def _labels(query: Query) -> list[tuple[str, str]]:
    """Rows of `job_labels` of which every match has exactly one."""
    for term in query.terms:
        if term.key not in ("label", *LINKS) or (values := _exact(Query((term,)), term.key)) is None:
            continue
        if len(values) <= MOST_PLACES:
            is_label = term.key == "label"
            return [(term.name, value) if is_label else (LINK, link_to(term.key, value)) for value in values]
    return []


def _shelves(db: Connection, query: Query) -> dict[tuple[int, str], int]:
    known = [Lane(*row) for row in db.execute(select(lanes))]
    stock = {(lane, state): number for lane, state, number in db.execute(select(counts))}
    return shelves_for(query, known, stock)
