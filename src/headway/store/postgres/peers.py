"""Who else serves this log, who of them leads, and by which clock they all live: the database's.

A row in `servers` for each, and one lease in `facts` (`leader`: "<ms> <server>"), not an advisory lock: a frozen process
keeps its session for ever, and a pooler breaks sessions. Beats wait for one another at the lease, so they never wait
crosswise. They have a connection of their own and need not be on disk. Must never know what a leader does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
import psycopg

from headway.clock import Clock, SystemClock
from headway.store.base import GONE_S, LEADER_S, Document, Peer, Standing
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import beginning, refused

T = TypeVar("T")

SAMPLES = 8
"""Readings of the database's clock that count, the newest."""

_NOW = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_AT, _WHO = "split_part(facts.value, ' ', 1)::bigint", "substr(facts.value, strpos(facts.value, ' ') + 1)"

_LEAD = f"""
INSERT INTO facts (name, value) VALUES ('leader', {_NOW} || ' ' || %(id)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE {_WHO} = %(id)s OR {_AT} NOT BETWEEN {_NOW} - {LEADER_S * 1000:.0f} AND {_NOW} + {LEADER_S * 1000:.0f}
""".encode()  # noqa: S608 - our own words; locks the row even where it changes nothing, and one far ahead is of a clock that was set back
_LIVE = f"""
INSERT INTO servers (id, heard_at, doc) VALUES (%(id)s, {_NOW}, %(doc)s)
ON CONFLICT (id) DO UPDATE SET heard_at = excluded.heard_at, doc = excluded.doc
""".encode()  # noqa: S608
_FORGET = f"DELETE FROM servers WHERE heard_at < {_NOW} - {GONE_S * 1000:.0f}".encode()  # noqa: S608
_LEADER = f"SELECT {_WHO} FROM facts WHERE name = 'leader'".encode()  # noqa: S608
_PEERS = b"SELECT id, heard_at, doc FROM servers ORDER BY id"
_RELEASE = f"DELETE FROM facts WHERE name = 'leader' AND {_WHO} = %s".encode()  # noqa: S608


class Sample(msgspec.Struct, frozen=True):
    """What the database's clock showed (ms) when our monotonic one stood at zero, right to half of `round_trip` (ms)."""

    zero: float
    round_trip: float

    def agrees(self, other: Sample) -> bool:
        """False where a clock has been set, or stood still, between the two."""
        return abs(self.zero - other.zero) <= (self.round_trip + other.round_trip) / 2 + 1.0


class Peers:
    """The servers of one store, as one of them sees them. From any thread, one at a time."""

    def __init__(self, address: Address, clock: Clock | None = None) -> None:
        self._address = address
        self._clock = clock or SystemClock()
        self._using = threading.Lock()
        self._connection: Connection | None = None
        self._samples: tuple[Sample, ...] = ()
        self.clock_zero_ms = 0.0
        """The database's clock when our monotonic one stood at zero, by the best of the last samples; 0 before `open`."""

    def open(self) -> None:
        """Read the database's clock. StoreUnavailable: it does not answer."""
        with self._using:
            self._asked(self._measure)

    def close(self) -> None:
        """Let the connection go; a second call does nothing."""
        with self._using:
            self._drop()

    def beat(self, server: str, doc: Document) -> Standing:
        """Server `server` is alive, and leads if nobody does. StoreUnavailable: it could not be said."""
        with self._using:
            self._asked(self._measure)
            return self._asked(lambda connection: self._beat(connection, server, doc))

    def retire(self, server: str) -> None:
        """It goes: its row and its lease."""

        def forget(connection: Connection) -> None:
            with self._in_one_go(connection):
                connection.execute(_RELEASE, (server,))
                connection.execute("DELETE FROM servers WHERE id = %s", (server,))
                connection.execute("COMMIT")

        with self._using:
            self._asked(forget)

    def _beat(self, connection: Connection, server: str, doc: Document) -> Standing:
        said = {"id": server, "doc": msgspec.json.encode(doc).decode()}
        with self._in_one_go(connection):
            connection.execute(_LEAD, said)
            connection.execute(_LIVE, said)
            connection.execute(_FORGET)
            leader = connection.execute(_LEADER)
            rows = connection.execute(_PEERS)
            connection.execute("COMMIT")
        led_by = leader.fetchone()
        peers = tuple(Peer(id, at, msgspec.json.decode(text)) for id, at, text in rows.fetchall())
        return Standing(peers, led_by[0] if led_by else "")

    def _measure(self, connection: Connection) -> None:
        began = self._clock.monotonic()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000").fetchone()
        ended = self._clock.monotonic()
        sample = Sample((row[0] if row else 0.0) - (began + ended) * 500, (ended - began) * 1000)
        agreeing = self._samples if all(sample.agrees(older) for older in self._samples) else ()
        self._samples = (*agreeing, sample)[-SAMPLES:]
        self.clock_zero_ms = min(self._samples, key=lambda each: each.round_trip).zero

    # -- the connection --------------------------------------------------------------------------------------------

    def _asked(self, question: Callable[[Connection], T]) -> T:
        """The answer; asked twice where the connection turns out to be lost: it may have lain idle, and nothing that is
        said here is wrong when it is said twice.
        """
        for again in (True, False):
            connection = self._connected()
            try:
                return question(connection)
            except psycopg.Error as error:
                if connection.closed and again:
                    continue
                self._drop()
                raise refused(self._address, error) from error
        raise AssertionError("asked twice, answered or refused")

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._address)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _in_one_go(self, connection: Connection) -> Generator[None]:
        """A transaction that is sent whole, its COMMIT too: if we are frozen, nobody waits for us."""
        try:
            with connection.pipeline():
                for statement in (*beginning(self._address), "SET LOCAL synchronous_commit TO off"):
                    connection.execute(statement.encode())
                yield
        finally:
            if not connection.closed:
                connection.rollback()
