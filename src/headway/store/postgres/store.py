"""PostgreSQL: several servers append to one log through one head row. What differs here from any other store.

Every lock is taken before the head, and under the head nothing waits; so batches of several servers run side by side
up to their last round trip. The world is read in `loading.py` and `claiming.py`, written in `writing.py`; a commit whose
connection was lost is looked for in `outcome.py`. Nothing that is remembered is believed unasked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import psycopg
from sqlalchemy import Connection as SqlConnection, Engine
from sqlalchemy.exc import DBAPIError, InvalidRequestError, TimeoutError as PoolTimeout

from headway.clock import SystemClock
from headway.errors import NotServing, StoreContended
from headway.model.command import Reads
from headway.model.event import Event
from headway.model.job import JobDoc
from headway.model.world import Document, World
from headway.store.base import Answer, Head, Standing
from headway.store.journal import is_worth_writing
from headway.store.postgres import statements as s
from headway.store.postgres.address import Address
from headway.store.postgres.batch import Batch, BeginAnew, Moved, Place
from headway.store.postgres.bell import Bell, bell_of
from headway.store.postgres.claiming import load_candidates
from headway.store.postgres.connecting import Connection, away, connect, reader_engine
from headway.store.postgres.identity import compare_origin
from headway.store.postgres.known import Known
from headway.store.postgres.loading import Loading
from headway.store.postgres.opening import open_store
from headway.store.postgres.outcome import outcome_of
from headway.store.postgres.peers import Peers
from headway.store.postgres.trouble import meaning_of, too_many_readings, unreadable
from headway.store.postgres.upkeep import end_frozen, purge
from headway.store.postgres.wire import Wire
from headway.store.postgres.writing import Overtaken, Writing
from headway.store.queries import SqlReading, verified_jobs

TRIES = 5
"""Of a load whose limits move while it looks at them."""
PAUSE_S = 0.002
"""Before a batch that was overtaken is loaded again: up to this, doubled each time."""
LONGEST_PAUSE_S = 0.25
LAST_READINGS_S = 5.0
"""How long readings that are under way may take once the store is closed."""
FROZEN_LOOK_S = 10.0
"""Between two looks for sessions of servers that froze."""


class Readings:
    """Those under way. `close` waits for them, so that none gives its connection back to a pool that is gone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._closed = False

    def __enter__(self) -> None:
        with self._changed:
            if self._closed:
                raise NotServing
            self._number += 1

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._number -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """No more from now on; a long one is waited for a while."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._number, LAST_READINGS_S)


class PostgresStore:
    """`headway.store.base.Store` on one schema of a PostgreSQL database.

    `url` as in `address.py`; `direct` leads to the same database past a transaction pooler, for the bell.
    """

    def __init__(self, url: str, *, direct: str | None = None) -> None:
        self._address = Address.parse(url)
        self._direct = Address.parse(direct, field="store_direct") if direct else None
        self._bell: Bell | None = None
        self._ring: Callable[[], None] = lambda: None
        self._peers = Peers(self._address)
        self._clock = SystemClock()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._loaded = False
        self._wire: Wire | None = None
        self._known = Known()
        self._batch: Batch | None = None
        self._wary: set[Place] = set()
        self._overtaken = 0
        self._frozen_at = 0.0
        self._readings = Readings()
        self._engine: Engine

    # -- opening and closing ---------------------------------------------------------------------------------------

    def open(self, *, now: int, new_epoch: str) -> Head:
        connection = connect(self._address)
        try:
            head = open_store(self._address, connection, now, new_epoch)
            self._peers.open()
        except BaseException:
            connection.close()
            self._peers.close()
            raise
        self._closing.clear()
        self._readings = Readings()
        self._use(connection, head.epoch)
        self._engine = reader_engine(self._address)
        self._bell = bell_of(self._address, self._direct)
        if self._bell is not None:
            self._bell.on_news(self._ring)
        return head

    def close(self) -> None:
        self._closing.set()
        self._readings.close()
        with self._writing:
            if self._bell is not None:
                self._bell.close()
            self._peers.close()
            self._engine.dispose()
            self._drop()

    def _use(self, connection: Connection, epoch: str) -> Wire:
        """A connection of its own for the writer. What was known came by another one, and is forgotten."""
        if not self._address.pooled:
            connection.execute(s.settings(self._address.schema, local=False).encode())
        self._known = Known(epoch)
        self._wire = Wire(connection, prepare=not self._address.pooled)
        return self._wire

    def _connected(self) -> Wire:
        """The writer's connection; a new one, whose log is looked at first, where the old one is lost."""
        if self._wire is not None and not self._wire.is_lost:
            return self._wire
        self._drop()
        connection = connect(self._address)
        try:
            return self._use(connection, compare_origin(connection, self._address, self._clock.new_id()).epoch)
        except psycopg.Error as error:
            connection.close()
            raise away(self._address, error) from error
        except BaseException:
            connection.close()
            raise

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    # -- the writer ------------------------------------------------------------------------------------------------

    def load(self, reads: Reads, now: int) -> tuple[World, dict[tuple[str, str], Answer]]:
        self._writing.acquire()
        self._loaded = True
        try:
            self._pause()
            for _ in range(TRIES):
                try:
                    return self._load(self._connected(), reads, now)
                except Moved:
                    self._drop()
                except BeginAnew:
                    self._roll_back()
            raise StoreContended(f"The limits on {self._address} change too often.", hint="Try again.")
        except psycopg.Error as error:
            self._overtaken += 1
            self._abandon()
            raise meaning_of(self._address, error) from error
        except BaseException:
            self._abandon()
            raise

    def _load(self, wire: Wire, reads: Reads, now: int) -> tuple[World, dict[tuple[str, str], Answer]]:
        self._known.trim()
        wire.ask(s.BEGIN)
        if self._address.pooled:
            wire.ask(s.settings(self._address.schema, local=True))
        loading = Loading(wire, self._address.schema, self._known, reads, now)
        loading.begin(self._wary)
        tried = load_candidates(loading) if reads.claims else ()
        loading.load_around_jobs(tried)
        self._batch = loading.batch
        return loading.batch.world, loading.batch.answers

    def _pause(self) -> None:
        """Time for those who were first, longer the more often it happens."""
        if self._overtaken:
            most = min(PAUSE_S * 2**self._overtaken, LONGEST_PAUSE_S)
            self._closing.wait(self._clock.uniform(0, most))

    def commit(self, world: World, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        if not is_worth_writing(world, answers):
            self.rollback()
            return []
        if self._batch is None or self._wire is None:
            raise RuntimeError("commit without load")
        try:
            events = self._write(self._wire, self._batch, answers)
        except BaseException:
            self._overtaken += 1
            self._abandon()
            raise
        self._overtaken = 0
        self._wary = set()
        self._end()
        if self._bell is not None and events:
            self._bell.news()
        return events

    def _write(self, wire: Wire, batch: Batch, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        writing = Writing(wire, self._known, batch, answers)
        try:
            writing.prepare(self._address.schema)
            writing.flush()
        except Overtaken as error:
            self._wary |= error.places
            raise StoreContended(f"Another server changed {error} first.", hint="Try again.") from error
        except psycopg.Error as error:
            if writing.committed:  # and the connection was lost after that
                return writing.settled(*writing.head())
            if not (wire.is_lost and writing.is_sent):
                raise meaning_of(self._address, error) from error
            found = outcome_of(self._address, batch, writing.journal, self._closing)
            if found is None:
                raise meaning_of(self._address, error) from error
            return writing.settled(*found)
        return writing.settled(*writing.head())

    def rollback(self) -> None:
        if self._loaded:
            self._abandon()

    def _abandon(self) -> None:
        """Nothing of the batch is written; its locks are given back at once."""
        try:
            self._roll_back()
        finally:
            self._end()

    def _roll_back(self) -> None:
        wire = self._wire
        try:
            if wire is not None and not wire.is_clean:  # we failed between question and question
                self._drop()
            elif wire is not None and wire.in_transaction:
                wire.ask(s.ROLLBACK)
                wire.exchange()
        except psycopg.Error:
            self._drop()

    def _end(self) -> None:
        self._batch = None
        self._loaded = False
        self._writing.release()

    # -- readers ---------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Generator[SqlReading, None, None]:
        try:
            with self._readings:
                connection, reading = self._begin_reading()
                with connection:
                    try:
                        yield reading
                    finally:
                        if self._closing.is_set():  # its pool may be gone by now: nobody would close it
                            connection.invalidate()
        except (PoolTimeout, InvalidRequestError) as error:
            raise too_many_readings(self._address) from error
        except (DBAPIError, psycopg.Error) as error:
            raise unreadable(self._address, error) from error

    def _begin_reading(self) -> tuple[SqlConnection, SqlReading]:
        """A connection that died in the pool is replaced once: nothing was read through it yet."""
        with suppress(DBAPIError, psycopg.OperationalError, InvalidRequestError):
            return self._read_by(self._engine.connect())
        return self._read_by(self._engine.connect())

    def _read_by(self, connection: SqlConnection) -> tuple[SqlConnection, SqlReading]:
        try:
            return connection, SqlReading(connection)
        except BaseException as error:
            connection.invalidate(error)
            connection.close()
            raise

    def scan_jobs(self) -> Iterator[tuple[JobDoc, Sequence[Event]]]:
        return verified_jobs(self.reading)

    # -- other servers ---------------------------------------------------------------------------------------------

    @property
    def shared(self) -> bool:
        return True

    def clock_zero_ms(self) -> float:
        return self._peers.clock_zero_ms

    def on_news(self, ring: Callable[[], None]) -> bool:
        self._ring = ring
        if self._bell is not None:
            self._bell.on_news(ring)
        return self._bell is not None

    def beat(self, server: str, doc: Document) -> Standing:
        return self._peers.beat(server, doc)

    def retire(self, server: str) -> None:
        self._peers.retire(server)

    # -- upkeep ----------------------------------------------------------------------------------------------------

    def maintain(self) -> None:
        if self._clock.monotonic() >= self._frozen_at:
            self._frozen_at = self._clock.monotonic() + FROZEN_LOOK_S
            end_frozen(self._address)

    def purge(self, *, events_before: int, keys_before: int) -> int:
        return purge(self._address, events_before=events_before, keys_before=keys_before)
