"""SQLite: one file, one server process, one writer. What differs here from any other store, and nothing else.

Being the only writer, it remembers what is hot (`mirror.py`) and reads almost nothing while it commits. Every commit
is on disk before it returns (WAL, synchronous=FULL). Opening and its refusals are in `opening.py`, cold reads in
`queries.py`, the rows in `journal.py`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from headway.errors import StoreUnavailable
from headway.model.command import Reads
from headway.model.event import Event
from headway.model.job import JobDoc
from headway.model.world import World
from headway.store.base import Answer, Head, Peer, Standing
from headway.store.journal import (
    JobRow,
    Journal,
    bodies_of,
    encode,
    is_worth_writing,
    labels_of,
    skew_of,
    write_journal,
)
from headway.store.lanes import Lane
from headway.store.queries import SqlReading, verified_jobs
from headway.store.sqlite import statements as s
from headway.store.sqlite.loading import load_mirror, load_world
from headway.store.sqlite.mirror import Mirror
from headway.store.sqlite.opening import open_file, reader_engine
from headway.store.sqlite.witness import Lock, Witness, WitnessFile

WITNESS_MS = 1_000
"""How far (by the log's own clock) the witness may lag behind the head."""
WAL_BYTES = 64 * 1024 * 1024
"""A write-ahead log larger than this is cut at the next maintenance, while no commit runs."""
PURGE_ROWS = 2_000
"""Rows forgotten between two chances for commits."""


class SqliteStore:
    """`headway.store.base.Store` on one SQLite file. `path` and its companions `-wal`, `-shm`, `-lock`, `-witness`."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = Lock(self._path)
        self._witness = WitnessFile(self._path)
        self._witnessed_at = 0
        self._witnessed: Witness | None = None
        self._witnessing = threading.Lock()
        self._writing = threading.Lock()
        self._loaded = False
        self._writer: sqlite3.Connection
        self._engine: Engine
        self._epoch = ""
        self._mirror: Mirror | None = None

    # -- opening and closing ---------------------------------------------------------------------------------------

    def open(self, *, now: int, new_epoch: str) -> Head:
        self._lock.take()
        try:
            self._writer, head = open_file(self._path, self._witness.read(), now, new_epoch)
            self._epoch = head.epoch
            self._witnessed = None
            self._mirror = load_mirror(self._writer)
            self._engine = reader_engine(self._path)
            self._bear_witness(head.seq, now)
        except BaseException:
            self._lock.release()
            raise
        return head

    def close(self) -> None:
        with self._writing:
            if self._mirror is not None:
                self._bear_witness(self._mirror.seq, self._mirror.at)
            self._engine.dispose()
            self._writer.close()
            self._lock.release()

    # -- the writer ------------------------------------------------------------------------------------------------

    def load(self, reads: Reads, now: int) -> tuple[World, dict[tuple[str, str], Answer]]:
        self._writing.acquire()
        self._loaded = True
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            if self._mirror is None:
                self._mirror = load_mirror(self._writer)
            return load_world(self._writer, self._mirror, reads, now)
        except sqlite3.Error as error:
            self._abandon()
            raise unavailable(self._path, error) from error
        except BaseException:
            self._abandon()
            raise

    def commit(self, world: World, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        if not is_worth_writing(world, answers):
            self.rollback()
            return []
        mirror = self._mirror
        if mirror is None:
            raise RuntimeError("commit without load")
        try:
            journal = self._write(mirror, world, answers)
        except sqlite3.Error as error:
            self._abandon()
            raise unavailable(self._path, error) from error
        except BaseException:
            self._abandon()
            raise
        if world.now >= self._witnessed_at + WITNESS_MS:
            self._bear_witness(mirror.seq, world.now)
        self._end()
        return journal.events

    def rollback(self) -> None:
        if self._loaded:
            with suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            self._end()

    def _end(self) -> None:
        self._loaded = False
        self._writing.release()

    def _abandon(self) -> None:
        """After a failure: nothing is written, and what we remember may be wrong."""
        self._mirror = None
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        self._end()

    def _write(self, mirror: Mirror, world: World, answers: Mapping[tuple[str, str], Answer]) -> Journal:
        journal = write_journal(world, count(mirror.seq + 1), mirror.jobs.get)
        changes = self._write_jobs(mirror, journal, world)
        samples = mirror.number_samples(world.new_samples)
        skew = skew_of((row.now.doc for row in journal.jobs if row.before is None), mirror.skew)
        self._write_rest(journal, world, answers)
        self._insert(s.PUT_SAMPLES, samples)
        if journal.events:
            last = journal.events[-1]
            self._writer.execute(s.MOVE_HEAD, (last.seq, max(mirror.at, last.at), skew))
            self._insert(s.INSERT_EVENTS, journal.event_rows)
        self._writer.execute("COMMIT")
        mirror.skew = skew
        mirror.advance(journal, world, changes, samples)
        return journal

    def _write_jobs(self, mirror: Mirror, journal: Journal, world: World) -> dict[tuple[int, str], int]:
        """Rows of jobs and what hangs on them. Returns how the counts change, by lane and state."""
        fresh: list[Lane] = []
        changes = _changes_by_lane(mirror, journal, world, fresh)
        new = [row for row in journal.jobs if row.before is None]
        old = [row for row in journal.jobs if row.before is not None]
        if new:
            rows = [(row.id, *_coordinates(mirror, row.now.doc, fresh), *_changing(row), row.text) for row in new]
            self._insert(s.INSERT_JOBS, rows)
            docs = [row.now.doc for row in new]
            self._insert(s.INSERT_LABELS, [label for doc in docs for label in labels_of(doc)])
            self._insert(
                s.INSERT_AFTER, [(up, doc.get("id")) for doc in docs for up in dict.fromkeys(doc.get("after", ()))]
            )
        if moved := [(*_changing(row), row.text, row.id) for row in old if row.moved]:
            self._writer.executemany(s.MOVE_JOB, moved)
        if touched := [(row.seq, row.now.tail, row.text, row.id) for row in old if not row.moved]:
            self._writer.executemany(s.TOUCH_JOB, touched)
        if world.args or world.results:
            self._insert(s.PUT_BODIES, [body for row in journal.jobs for body in bodies_of(row, world)])
        self._insert(
            s.INSERT_LANES, [(lane.id, lane.namespace, lane.kind, lane.queue, lane.requires) for lane in fresh]
        )
        self._insert(s.ADD_COUNTS, [(lane, state, number) for (lane, state), number in changes.items()])
        for id in world.deleted:
            self._forget(id, world.jobs[id] or JobDoc())
        return changes

    def _write_rest(self, journal: Journal, world: World, answers: Mapping[tuple[str, str], Answer]) -> None:
        for table, rows in journal.documents.items():
            self._insert(s.PUT_DOCUMENTS[table], rows)
        self._writer.executemany(s.FORGET_SAVED, [(id,) for id in journal.unsaved])
        self._insert(s.INSERT_CHUNKS, journal.chunks)
        points = {(job, key): encode(value).decode() for job, key, value in world.new_checkpoints}
        self._insert(s.PUT_CHECKPOINTS, [(*point, value) for point, value in points.items()])
        if world.heard:
            heard = [(at, encode(load).decode() if load else None, id) for id, (at, load) in world.heard.items()]
            self._writer.executemany(s.HEAR_WORKER, heard)
        self._insert(s.PUT_ANSWERS, [(*key, each.body, each.answer, world.now) for key, each in answers.items()])

    def _insert(self, insert: s.Insert, rows: Sequence[Sequence[object]]) -> None:
        for text, parameters in insert.parts(rows):
            self._writer.execute(text, parameters)

    def _forget(self, id: str, job: JobDoc) -> None:
        self._writer.executemany(s.FORGET_LABEL, labels_of(job))
        for text in s.FORGET_JOB:
            self._writer.execute(text, (id,))

    # -- readers ---------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Generator[SqlReading, None, None]:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                yield SqlReading(connection)
        except DBAPIError as error:
            raise unavailable(self._path, error.orig or error) from error

    def scan_jobs(self) -> Iterator[tuple[JobDoc, Sequence[Event]]]:
        return verified_jobs(self.reading)

    # -- other servers: none ---------------------------------------------------------------------------------------

    @property
    def shared(self) -> bool:
        return False

    def clock_zero_ms(self) -> float:
        return 0.0

    def on_news(self, ring: Callable[[], None]) -> bool:
        return True

    def beat(self, server: str, doc: dict[str, Any]) -> Standing:
        return Standing((Peer(server, self._mirror.at if self._mirror else 0, doc),), server)

    def retire(self, server: str) -> None:
        """Nobody waits to lead."""

    # -- upkeep ----------------------------------------------------------------------------------------------------

    def maintain(self) -> None:
        if (mirror := self._mirror) is not None:  # the last commit before a silence would have no witness else
            self._bear_witness(mirror.seq, mirror.at)
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
                log = self._path.with_name(self._path.name + "-wal")
                if log.exists() and log.stat().st_size > WAL_BYTES:
                    with self._writing:
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except DBAPIError as error:
            raise unavailable(self._path, error.orig or error) from error

    def purge(self, *, events_before: int, keys_before: int) -> int:
        try:
            with self._writing:
                gone = self._writer.execute(s.FORGET_KEYS, (keys_before,)).rowcount
            with self.reading() as reading:
                first, last = reading.first_seq(), min(events_before, reading.head.seq + 1)
            for start in range(first, last, PURGE_ROWS):
                gone += self._purge_range(start, min(start + PURGE_ROWS, last))
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
        return gone

    def _purge_range(self, start: int, end: int) -> int:
        """One short transaction: events of no living job, and those below a checkpoint in the range."""
        db = self._writer
        with self._writing:
            db.execute("BEGIN IMMEDIATE")
            try:
                gone = db.execute(s.FORGET_UNOWNED, (start, end)).rowcount
                for seq, prev in db.execute(s.CHECKPOINTS, (start, end)).fetchall():
                    gone += db.execute(s.FORGET_BEFORE, (prev,)).rowcount
                    db.execute(s.CUT_CHAIN, (seq,))
                db.execute(s.MOVE_FIRST, (end,))
                db.execute("COMMIT")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return gone

    def _bear_witness(self, seq: int, at: int) -> None:
        """A witness that can not be written now lags: the next one is tried soon, the commit itself stands."""
        witness = Witness(self._epoch, seq)
        with self._witnessing, suppress(OSError):
            known = self._witnessed
            if known is None or known.epoch != witness.epoch or seq > known.seq:
                self._witness.write(witness)
                self._witnessed = witness
            self._witnessed_at = at


def _coordinates(mirror: Mirror, job: JobDoc, fresh: list[Lane]) -> tuple[object, ...]:
    return job.get("namespace", "default"), mirror.lane_of(job, fresh), job.get("unique"), job.get("external_id")


def _changing(row: JobRow) -> tuple[object, ...]:
    return *row.now.columns, row.seq, row.now.tail


def _changes_by_lane(mirror: Mirror, journal: Journal, world: World, fresh: list[Lane]) -> dict[tuple[int, str], int]:
    """How the number of jobs on each shelf changes: what rows leave and enter, and what is deleted."""
    moves = [(row.before, row.now) for row in journal.jobs if row.changed_state]
    moves += [(mirror.jobs.get(id), None) for id in world.deleted]
    changes: Counter[tuple[int, str]] = Counter()
    for before, now in moves:
        kept = now or before
        if kept is None:  # made and deleted in one batch
            continue
        lane = mirror.lane_of(kept.doc, fresh)
        if before is not None:
            changes[lane, before.columns[0]] -= 1
        if now is not None:
            changes[lane, now.columns[0]] += 1
    return {shelf: number for shelf, number in changes.items() if number}


_SENTENCES = {
    "SQLITE_FULL": ("The disk with the store {path} is full; nothing was committed.", "Free some space; the server goes on by itself."),
    "SQLITE_BUSY": ("The store {path} is locked by another program.", "Close what has it open; the server goes on by itself."),
    "SQLITE_READONLY": ("The store {path} can not be written.", "Give the server's user the right to write it."),
    "SQLITE_CORRUPT": ("The store {path} is damaged.", "Stop the server and put a backup back."),
}  # fmt: skip


def unavailable(path: Path, error: BaseException) -> StoreUnavailable:
    """What SQLite said, as a sentence with a way out."""
    name = getattr(error, "sqlite_errorname", "")
    for prefix, (sentence, hint) in _SENTENCES.items():
        if name.startswith(prefix):
            return StoreUnavailable(sentence.format(path=path), hint=hint)
    return StoreUnavailable(
        f"The store {path} does not answer: {error}.", hint="Look at the disk; the server goes on by itself."
    )
