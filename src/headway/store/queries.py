"""Cold reads, the same for both databases: SQLAlchemy Core over one short read transaction.

`SqlReading` is `headway.store.base.Reading`; everything it answers is the state at its `head`. Lists and filters are in
`listing.py`. Must never write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, Table, func, select, text as sql, tuple_

from headway.model.event import Event
from headway.model.fold import is_checkpoint
from headway.model.job import ACTIVE, JobDoc
from headway.model.query import Query
from headway.store import listing
from headway.store.base import Answer, Head, Line, Page
from headway.store.journal import decode, document_of, encode, event_of, job_of, lines_of
from headway.store.schema import (
    bodies,
    checkpoints,
    counts,
    events,
    idempotency,
    job_after,
    jobs,
    kinds,
    lanes,
    log_chunks,
    log_head,
    queues,
    samples,
    saved,
    services,
    workers,
)

_HELD = sql("state = 'queued' AND ready = 0")  # literally the condition of its partial index, or it is not used
_WORKERS = select(workers.c.doc, workers.c.seq, workers.c.last_heard_at, workers.c.load)
_event_columns = [column for column in events.c if column.name != "prev"]


CHUNKS = 32
"""Chunks of a job's log in one page."""


class SqlReading:
    """Reads inside one transaction that its maker began and ends."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        row = connection.execute(
            select(log_head.c.epoch, log_head.c.seq, log_head.c.at, log_head.c.first_seq, log_head.c.skew)
        ).one()
        self.head = Head(row[0], row[1], row[2])
        self._first_seq: int = row[3]
        self._skew: int = row[4]

    def _all(self, statement: Executable) -> Sequence[Any]:
        return self._db.execute(statement).all()

    # -- jobs ------------------------------------------------------------------------------------------------------

    def job(self, id: str) -> JobDoc | None:
        row = self._db.execute(select(jobs.c.doc, jobs.c.seq).where(jobs.c.id == id)).first()
        return job_of(row[0], row[1]) if row else None

    def jobs(self, query: Query, *, now: int, limit: int, after: str | None = None) -> Page[JobDoc]:
        return listing.list_jobs(self._db, query, self._skew, now=now, limit=limit, after=after)

    def board(self, topic: tuple[str, str], *, unfinished: int, finished: int) -> list[JobDoc]:
        return listing.list_board(self._db, topic, unfinished=unfinished, finished=finished)

    def counts(self) -> dict[str, dict[str, int]]:
        statement = (
            select(lanes.c.queue, counts.c.state, func.sum(counts.c.jobs))
            .join_from(counts, lanes, counts.c.lane == lanes.c.id)
            .group_by(lanes.c.queue, counts.c.state)
        )
        found: dict[str, dict[str, int]] = {}
        for queue, state, number in self._all(statement):
            if number:
                found.setdefault(queue, {})[state] = number
        return found

    def args(self, id: str) -> bytes | None:
        return self._body(id, "args")

    def result(self, id: str) -> bytes | None:
        return self._body(id, "result")

    def _body(self, id: str, part: str) -> bytes | None:
        """To the letter, where the document does not hold it so."""
        row = self._db.execute(select(bodies.c.body).where(bodies.c.job == id, bodies.c.part == part)).first()
        if row:
            return bytes(row[0])
        doc: Mapping[str, Any] = self.job(id) or {}
        return encode(doc[part]) if part in doc else None

    def checkpoints(self, id: str) -> dict[str, Any]:
        rows = self._all(select(checkpoints.c.key, checkpoints.c.value).where(checkpoints.c.job == id))
        return {key: decode(value) for key, value in rows}

    def next_jobs(self, after: str, limit: int) -> list[JobDoc]:
        """Jobs by id, upwards, for a walk over all."""
        statement = select(jobs.c.doc, jobs.c.seq).where(jobs.c.id > after).order_by(jobs.c.id).limit(limit)
        return [job_of(doc, seq) for doc, seq in self._all(statement)]

    def waiting(self) -> dict[str, int]:
        held = select(jobs.c.lane, func.count()).where(_HELD).group_by(jobs.c.lane)
        queued = (
            select(lanes.c.id, lanes.c.kind, counts.c.jobs)
            .join_from(counts, lanes, counts.c.lane == lanes.c.id)
            .where(counts.c.state == "queued", counts.c.jobs > 0)
        )
        held_back: dict[int, int] = dict(self._all(held))  # pyright: ignore[reportArgumentType]
        found: dict[str, int] = {}
        for lane, kind, number in self._all(queued):
            found[kind] = found.get(kind, 0) + number - held_back.get(lane, 0)
        return {kind: number for kind, number in found.items() if number}

    def due(self, now: int, *, after: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
        place = tuple_(jobs.c.due_at, jobs.c.id)
        statement = select(jobs.c.due_at, jobs.c.id).where(jobs.c.due_at.is_not(None), jobs.c.due_at <= now)
        if after is not None:
            statement = statement.where(place > after)
        return [(at, id) for at, id in self._all(statement.order_by(jobs.c.due_at, jobs.c.id).limit(limit))]

    def waiting_for(self, id: str) -> list[tuple[str, tuple[str, ...]]]:
        found = select(job_after.c.job).join(jobs, jobs.c.id == job_after.c.job).where(jobs.c.state == "blocked")
        if id:
            found = found.where(job_after.c.waits_for == id)
        docs = [self.job(job) for (job,) in self._all(found.distinct().order_by(job_after.c.job))]
        return [(doc.get("id", ""), tuple(doc.get("after", ()))) for doc in docs if doc is not None]

    def held_by(self, worker: str) -> list[JobDoc]:
        return [job for job in listing.in_states(self._db, ACTIVE) if job.get("worker") == worker]

    # -- other documents -------------------------------------------------------------------------------------------

    def workers(self) -> list[dict[str, Any]]:
        return [_worker_of(*row) for row in self._all(_WORKERS.order_by(workers.c.id))]

    def worker(self, id: str) -> dict[str, Any] | None:
        row = self._db.execute(_WORKERS.where(workers.c.id == id)).first()
        return _worker_of(*row) if row else None

    def services(self) -> list[dict[str, Any]]:
        return self._documents(services)

    def queues(self) -> list[dict[str, Any]]:
        return self._documents(queues)

    def kinds(self) -> list[dict[str, Any]]:
        return self._documents(kinds)

    def saved(self, section: str = "") -> list[dict[str, Any]]:
        return [doc for doc in self._documents(saved) if not section or doc["section"] == section]

    def _documents(self, table: Table) -> list[dict[str, Any]]:
        return [document_of(doc, seq) for doc, seq in self._all(select(table.c.doc, table.c.seq).order_by(table.c.id))]

    def samples(self, kind: str) -> list[tuple[str, float]]:
        statement = select(samples.c.stage, samples.c.seconds).where(samples.c.kind == kind)
        return [(stage, seconds) for stage, seconds in self._all(statement.order_by(samples.c.n.desc()))]

    def answer(self, subject: str, key: str) -> Answer | None:
        statement = select(idempotency.c.body, idempotency.c.answer)
        row = self._db.execute(statement.where(idempotency.c.subject == subject, idempotency.c.key == key)).first()
        return Answer(row[0], bytes(row[1])) if row else None

    # -- the log ---------------------------------------------------------------------------------------------------

    def first_seq(self) -> int:
        return self._first_seq

    def events(self, after: int, *, until: int | None = None, limit: int = 1000) -> list[Event]:
        statement = select(*_event_columns).where(events.c.seq > after)
        if until is not None:
            statement = statement.where(events.c.seq <= until)
        return self._with_lines([event_of(row) for row in self._all(statement.order_by(events.c.seq).limit(limit))])

    def events_of(self, job: str, *, after: int = 0, limit: int | None = 1000) -> list[Event]:
        """Back along the job's chain; `limit` None: all."""
        tail = select(jobs.c.tail).where(jobs.c.id == job).scalar_subquery()
        chain = select(events.c.seq, events.c.prev).where(events.c.seq == tail).cte("chain", recursive=True)
        chain = chain.union_all(
            select(events.c.seq, events.c.prev).where(events.c.seq == chain.c.prev, chain.c.prev > after)
        )
        wanted = select(chain.c.seq).where(chain.c.seq > after).order_by(chain.c.seq).limit(limit)
        statement = select(*_event_columns).where(events.c.seq.in_(wanted)).order_by(events.c.seq)
        return self._with_lines([event_of(row) for row in self._all(statement)])

    def _with_lines(self, found: list[Event]) -> list[Event]:
        logged = [event.seq for event in found if event.type == "job.logged"]
        if not logged:
            return found
        joined: dict[int, list[Line]] = {}
        for start in range(0, len(logged), 500):
            statement = select(log_chunks).where(log_chunks.c.seq.in_(logged[start : start + 500]))
            for seq, _, attempt, first, _, text in self._all(statement):
                joined[seq] = lines_of(first, attempt, text)
        return [_joined(event, joined[event.seq]) if event.seq in joined else event for event in found]

    def lines(self, job: str, *, first: int = 1, limit: int = 1000, last: int | None = None) -> list[Line]:
        if last is not None:
            newest = self._db.execute(select(func.max(log_chunks.c.last)).where(log_chunks.c.job == job)).scalar() or 0
            first, limit = max(newest - last + 1, 1), last
        found: list[Line] = []
        while len(found) < limit:
            chunks = self._chunks(job, found[-1].number + 1 if found else first)
            for _, _, attempt, start, _, text in chunks:
                found += [line for line in lines_of(start, attempt, text) if line.number >= first]
            if len(chunks) < CHUNKS:
                break
        return found[:limit]

    def _chunks(self, job: str, first: int) -> Sequence[Any]:
        """A page of those that hold line `first` and later ones: a log may be long, and few lines wanted."""
        statement = select(log_chunks).where(log_chunks.c.job == job, log_chunks.c.last >= first)
        return self._all(statement.order_by(log_chunks.c.last).limit(CHUNKS))


def _worker_of(doc: str, seq: int, heard: int | None, load: str | None) -> dict[str, Any]:
    return document_of(doc, seq) | {"last_heard_at": heard} | ({"load": decode(load)} if load else {})


def _joined(event: Event, lines: list[Line]) -> Event:
    return msgspec.structs.replace(
        event, extra={"lines": [(line.number, line.at, line.level, line.text) for line in lines]}
    )


JOBS_PER_READING = 100


def verified_jobs(
    reading: Callable[[], AbstractContextManager[SqlReading]],
) -> Iterator[tuple[JobDoc, Sequence[Event]]]:
    """Every job with all its events, a hundred per read transaction, so that none is held for long."""
    after = ""
    while True:
        with reading() as now:
            docs = now.next_jobs(after, JOBS_PER_READING)
            found = [(doc, _from_checkpoint(now.events_of(doc.get("id", ""), limit=None))) for doc in docs]
        if not found:
            return
        yield from found
        after = found[-1][0].get("id", "")


def _from_checkpoint(found: list[Event]) -> list[Event]:
    """From the newest event that holds the whole document on; all of them where there is none."""
    last = max((place for place, event in enumerate(found) if is_checkpoint(event)), default=0)
    return found[last:]
