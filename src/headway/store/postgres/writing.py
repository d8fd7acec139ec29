"""Writing a batch to PostgreSQL: what may wait comes first, then one flush takes the head, writes and commits.

Under the head nothing waits: every row that the flush changes is locked by then or can not be locked by others. All
of it is sent at once, with numbers relative to the head, so the head is held for one round trip and its fsync. Called
by `store.py`. Knows the tables through `journal.py` and `statements.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from headway.model.event import Event
from headway.model.job import JobDoc
from headway.store.base import Answer
from headway.store.journal import (
    KEPT_SAMPLES,
    JobRow,
    Journal,
    Kept,
    bodies_of,
    encode,
    labels_of,
    settle,
    skew_of,
    write_journal,
)
from headway.store.lanes import Lane, Place, place_of
from headway.store.postgres import statements as s
from headway.store.postgres.batch import Batch
from headway.store.postgres.fields import number_of, text_of
from headway.store.postgres.known import Known
from headway.store.postgres.packing import long, longs, words
from headway.store.postgres.wire import Reply, Wire


class Overtaken(Exception):
    """Documents that another server changed since they were loaded; next time they are locked from the start."""

    def __init__(self, places: set[tuple[str, str]]) -> None:
        super().__init__(", ".join("/".join(place) for place in sorted(places)))
        self.places = places


class Writing:
    """One commit: `prepare`, then `flush`, then `settled` whatever way it became known that it stands."""

    def __init__(self, wire: Wire, known: Known, batch: Batch, answers: Mapping[tuple[str, str], Answer]) -> None:
        self.wire = wire
        self.batch = batch
        self.commit: Reply | None = None
        self._known = known
        self._answers = answers
        self._world = batch.world
        self.journal: Journal = write_journal(batch.world, count(-1, -1), self._stored)
        self._lanes: dict[str, int] = {}  # of the jobs that are written
        self._fresh_lanes: list[Lane] = []
        self._head: Reply | None = None

    def _stored(self, id: str) -> Kept | None:
        job = self.batch.jobs.get(id)
        return job.kept if job is not None else None

    def _before(self, table: str, id: str) -> int | None:
        """The number of a document as the batch found it; None for one that is new."""
        if table in ("queues", "kinds"):
            doc = getattr(self._known, table).get(id)
            return doc["seq"] if doc is not None else None
        return self.batch.found.get((table, id))

    # -- before the head -------------------------------------------------------------------------------------------

    def prepare(self, schema: str) -> None:
        """Lock what is not locked yet, and number new lanes. Overtaken, or LockNotAvailable from PostgreSQL."""
        self._lock_documents()
        places = {row.id: place_of(row.now.doc) for row in self.journal.jobs if row.before is None}
        if new := {place for place in places.values() if place not in self._known.lanes}:
            self._number_lanes(schema, new)
        fresh = {(lane.namespace, lane.kind, lane.queue, lane.requires): lane.id for lane in self._fresh_lanes}
        for id, place in places.items():
            lane = self._known.lanes.get(place)
            self._lanes[id] = lane.id if lane is not None else fresh[place]
        self._lanes |= {row.id: self.batch.jobs[row.id].lane for row in self.journal.jobs if row.before is not None}

    def _lock_documents(self) -> None:
        unlocked = {
            table: {id: self._before(table, id) for id, _, _ in rows if (table, id) not in self.batch.locked}
            for table, rows in self.journal.documents.items()
        }
        asked = {
            table: self.wire.ask(s.LOCKED_NOW[table], [words(sorted(old)), longs([old[id] for id in sorted(old)])])
            for table, loaded in unlocked.items()
            if (old := {id: seq for id, seq in loaded.items() if seq is not None})
        }
        if not asked:
            return
        places = {(table, id) for table in asked for id in unlocked[table]}
        try:
            self.wire.exchange()
        except Exception as error:
            raise Overtaken(places) from error
        changed = {
            (table, text_of(id))
            for table, reply in asked.items()
            for id, seq, _ in reply.rows()
            if number_of(seq) != unlocked[table][text_of(id)]
        }
        if changed:
            raise Overtaken(changed)

    def _number_lanes(self, schema: str, places: set[Place]) -> None:
        self.wire.ask(s.LOCK_LANES, [schema.encode()])
        reply = self.wire.ask(s.LANES, [long(self._known.last_lane)])
        self.wire.exchange()
        self._known.learn_lanes(Lane(number_of(row[0]), *map(text_of, row[1:])) for row in reply.rows())
        new = sorted(place for place in places if place not in self._known.lanes)
        self._fresh_lanes = [Lane(number, *place) for number, place in enumerate(new, self._known.last_lane + 1)]

    # -- the flush -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Everything, and the COMMIT. psycopg.Error: see `committed`."""
        events, world = self.journal.events, self._world
        if events or world.new_samples:
            self._take_head(events)
        self._write_jobs()
        self._write_documents()
        self._write_beside()
        self._put(s.INSERT_EVENTS, self.journal.event_rows)
        self.commit = self.wire.ask(s.COMMIT)
        self.wire.exchange()

    def _take_head(self, events: Sequence[Event]) -> None:
        new = (row.now.doc for row in self.journal.jobs if row.before is None)
        skew = skew_of(new, self.batch.skew)
        at = max((event.at for event in events), default=0)
        where = [self.batch.epoch.encode(), long(self.batch.table)]
        self._head = self.wire.ask(s.MOVE_HEAD, [long(len(events)), long(at), long(skew), *where])
        if any(event.type == "job.offered" for event in events):
            self.wire.ask(s.GUARD, [long(version) for version in self.batch.versions])

    def _write_jobs(self) -> None:
        jobs = self.journal.jobs
        new = [row for row in jobs if row.before is None]
        self._put(s.INSERT_LANES, [(each.id, each.namespace, each.kind, each.queue, each.requires) for each in self._fresh_lanes])  # fmt: skip
        self._put(s.INSERT_JOBS, [(row.id, *self._coordinates(row), *_changing(row), row.text) for row in new])
        docs = [(row.id, row.now.doc) for row in new]
        self._put(s.INSERT_LABELS, [label for _, doc in docs for label in labels_of(doc)])
        self._put(s.INSERT_AFTER, [(up, id) for id, doc in docs for up in dict.fromkeys(doc.get("after", ()))])
        old = [row for row in jobs if row.before is not None]
        self._put(s.MOVE_JOBS, [(row.id, *_changing(row), row.text) for row in old if row.moved])
        self._put(s.TOUCH_JOBS, [(row.id, row.seq, row.now.tail, row.text) for row in old if not row.moved])
        if self._world.args or self._world.results:
            self._put(s.PUT_BODIES, [body for row in jobs for body in bodies_of(row, self._world)])
        self._put(s.ADD_COUNTS, self._changes())
        self._forget_jobs()

    def _coordinates(self, row: JobRow) -> tuple[object, ...]:
        doc = row.now.doc
        return doc.get("namespace", "default"), self._lanes[row.id], doc.get("unique"), doc.get("external_id")

    def _changes(self) -> list[tuple[int, str, int]]:
        """How the number of jobs on each shelf changes: what rows leave and enter, and what is deleted."""
        changes: Counter[tuple[int, str]] = Counter()
        for row in self.journal.jobs:
            if row.changed_state:
                changes[self._lanes[row.id], row.now.columns[0]] += 1
                if row.before is not None:
                    changes[self._lanes[row.id], row.before.columns[0]] -= 1
        for job in self._deleted():
            changes[job.lane, job.kept.columns[0]] -= 1
        return [(lane, state, number) for (lane, state), number in changes.items() if number]

    def _deleted(self) -> list[Any]:
        """Of the deleted jobs those that are in the store."""
        return [self.batch.jobs[id] for id in dict.fromkeys(self._world.deleted) if id in self.batch.jobs]

    def _forget_jobs(self) -> None:
        gone: list[JobDoc] = [job.kept.doc for job in self._deleted()]
        if gone:
            self._put(s.FORGET_LABELS, [label for doc in gone for label in labels_of(doc)])
            ids = words([doc.get("id", "") for doc in gone])
            for text in s.FORGET_JOBS:
                self.wire.ask(text, [ids])

    def _write_documents(self) -> None:
        for table, rows in self.journal.documents.items():
            self._put(s.INSERT_DOCUMENTS[table], [row for row in rows if self._before(table, row[0]) is None])
            self._put(s.UPDATE_DOCUMENTS[table], [row for row in rows if self._before(table, row[0]) is not None])
        if self.journal.unsaved:
            self.wire.ask(s.FORGET_SAVED, [words(self.journal.unsaved)])

    def _write_beside(self) -> None:
        world = self._world
        self._put(s.INSERT_CHUNKS, self.journal.chunks)
        points = {(job, key): encode(value).decode() for job, key, value in world.new_checkpoints}
        self._put(s.PUT_CHECKPOINTS, [(*point, value) for point, value in points.items()])
        self._put(s.PUT_SAMPLES, _numbered(world.new_samples))
        heard = [(id, at, encode(load).decode() if load else None) for id, (at, load) in world.heard.items()]
        self._put(s.HEAR_WORKERS, heard)
        self._put(s.PUT_ANSWERS, [(*key, each.body, each.answer, world.now) for key, each in self._answers.items()])

    def _put(self, statement: s.Rows, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self.wire.ask(statement.text, statement.parameters(rows, len(self.journal.events)))

    # -- after it ----------------------------------------------------------------------------------------------------

    @property
    def is_sent(self) -> bool:
        """True if the COMMIT may have reached the server."""
        return self.commit is not None

    @property
    def committed(self) -> bool:
        """True if the server said so."""
        return self.commit is not None and self.commit.arrived

    def head(self) -> tuple[int, int]:
        """What the server said: the head before these events, and its instant now."""
        [(seq, at)] = self._head.rows() if self._head is not None else [(b"0", b"0")]
        return number_of(seq) - len(self.journal.events), number_of(at)

    def settled(self, base: int, at: int) -> list[Event]:
        """The events, numbered; what we know is brought forward."""
        settle(self.journal, self._world, base, at)
        self._known.learn_lanes(self._fresh_lanes)
        self._known.advance(self.journal, self._world, self._lanes)
        return self.journal.events


def _changing(row: JobRow) -> tuple[object, ...]:
    return *row.now.columns, row.seq, row.now.tail


def _numbered(samples: Sequence[tuple[str, str, float]]) -> list[tuple[str, str, int, float]]:
    """(kind, stage, number from 1 in this batch, seconds): at most the newest that are kept."""
    counted: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[str, str, int, float]] = []
    for kind, stage, seconds in samples:
        counted[kind, stage] += 1
        rows.append((kind, stage, counted[kind, stage], seconds))
    return [row for row in rows if row[2] > counted[row[0], row[1]] - KEPT_SAMPLES]
