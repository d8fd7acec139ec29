"""A PostgreSQL store as the source or the target of a copy, by COPY.

A source is one state of the database (REPEATABLE READ), however long it is read. A target is filled in one transaction:
until it commits, servers that have the store open go on reading what was there; who wants to write waits, or is told to
try again. After it they find another epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import psycopg
from psycopg import errors
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from headway.clock import SystemClock
from headway.errors import StoreUnusable
from headway.store import schema
from headway.store.base import GONE_S, Head
from headway.store.copying import TABLES, HeadRow, Row, another_revision, not_empty
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import lock, place_of, refused, settle
from headway.store.postgres.opening import check_server, is_new, no_rights, only_row, open_store, revision_of
from headway.store.texts import escape, unescape

LOCK_TRIES = 10
"""Writers and we may want the tables in another order; then one is told to try again."""
_HEAD = "SELECT epoch, seq, at, first_seq, skew FROM log_head"
_UNHURRIED = "SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0"


class PostgresSource:
    """`headway.store.copying.Source`. With `online` servers may be at it."""

    def __init__(self, address: Address, *, online: bool) -> None:
        self._address = address
        self._online = online
        self._ends = ExitStack()
        self._db: Connection

    def __enter__(self) -> Self:
        with self._ends as ends, _said(self._address):
            self._db = connect(self._address)
            ends.callback(self._db.close)  # what was not committed is undone
            begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {self._address.path}; {_UNHURRIED}"
            self._db.execute(begin.encode(), prepare=False)
            if is_new(self._address, self._db):
                raise StoreUnusable(f"There is no store in {self._address}.", hint="Check the URL and its schema.")
            revision = revision_of(self._db)[0]
            if revision != schema.REVISIONS[-1]:
                raise another_revision(str(self._address), revision)
            if not self._online:
                self._refuse_servers()
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._ends.close()

    def head(self) -> HeadRow:
        return HeadRow(*only_row(self._db, _HEAD))

    def count(self, table: Table) -> int:
        return _count(self._db, table)

    def rows(self, table: Table) -> Iterator[Row]:
        texts = _texts(table)
        order = " ORDER BY key, part" if table is schema.files else ""
        query = f"COPY (SELECT {_columns(table)} FROM {table.name}{order}) TO STDOUT (FORMAT BINARY)"  # noqa: S608
        with _said(self._address), self._db.cursor() as cursor, cursor.copy(query.encode()) as rows:
            rows.set_types(_types(table))
            for row in rows.rows():
                yield _changed(row, texts, unescape)

    def newer(self) -> int:
        with _said(self._address), connect(self._address) as other:
            other.execute(f"BEGIN; {self._address.path}".encode(), prepare=False)
            return only_row(other, "SELECT seq FROM log_head")[0] - self.head().seq

    def _refuse_servers(self) -> None:
        heard = "floor(extract(epoch FROM clock_timestamp()) * 1000) - heard_at"
        rows = self._db.execute(f"SELECT id FROM servers WHERE {heard} < {GONE_S * 1000:.0f}".encode())  # noqa: S608
        found = ", ".join(sorted(id for (id,) in rows.fetchall()))
        if found:
            raise StoreUnusable(
                f"Servers have the store {self._address} open, or had it {GONE_S:g} s ago: {found}.",
                hint="Stop them, so that nothing is written after the copy was taken; or copy what there is now with "
                "--online, losing what is written later.",
            )


class PostgresTarget:
    """`headway.store.copying.Target`. `replace`: what is there may hold something, and servers may be at it."""

    def __init__(self, address: Address, *, replace: bool = False) -> None:
        self._address = address
        self._replace = replace
        self._ends = ExitStack()
        self._place: tuple[str | None, ...] = ()
        self._db: Connection

    def __enter__(self) -> Self:
        clock = SystemClock()
        with self._ends as ends, _said(self._address):
            self._db = connect(self._address)
            ends.callback(self._db.close)  # what was not committed is undone
            check_server(self._address, self._db)
            open_store(self._address, self._db, clock.now(), clock.new_id()[-10:].lower())
            self._place = place_of(self._db)
            self._begin()
            ((held,),) = self._db.execute("SELECT seq FROM log_head").fetchall()
            if held and not self._replace:
                raise not_empty(str(self._address), held)
            for table in (*TABLES, schema.files):  # not TRUNCATE: readers go on seeing what there was
                self._db.execute(f"DELETE FROM {table.name}".encode())  # noqa: S608 - our own names
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._ends.close()

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        texts = _texts(table)
        query = f"COPY {table.name} ({_columns(table)}) FROM STDIN (FORMAT BINARY)"
        with _said(self._address), self._db.cursor() as cursor, cursor.copy(query.encode()) as copy:
            copy.set_types(_types(table))
            for row in rows:
                copy.write_row(_changed(row, texts, escape))

    def count(self, table: Table) -> int:
        with _said(self._address):
            return _count(self._db, table)

    def finish(self, head: HeadRow) -> Head:
        with _said(self._address):
            self._db.execute(
                "UPDATE log_head SET epoch = %s, seq = %s, at = %s, first_seq = %s, skew = %s",
                (head.epoch, head.seq, head.at, head.first_seq, head.skew),
            )
            found = settle(self._db, self._place, head.epoch)
            self._db.execute("COMMIT")
            self._analyze()
        return found

    def _begin(self) -> None:
        """With every table for us alone to write; for all to read."""
        names = ", ".join(table.name for table in (*TABLES, schema.files, schema.log_head))
        begin = f"BEGIN; {self._address.path}; {_UNHURRIED}; SET LOCAL lock_timeout TO '10s'"
        for left in reversed(range(LOCK_TRIES)):
            self._db.execute(begin.encode(), prepare=False)
            try:
                self._db.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE".encode())
                lock(self._db, self._address)
                return
            except errors.DeadlockDetected:
                self._db.rollback()
                if not left:
                    raise

    def _analyze(self) -> None:
        """So that the first queries are planned by what is there now."""
        for table in (*TABLES, schema.files):
            self._db.execute(f'ANALYZE "{self._address.schema}".{table.name}'.encode())


@contextmanager
def _said(address: Address) -> Generator[None]:
    """What the database answers, as sentences."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise no_rights(address, address.options.get("user", "of this connection"), error) from error
    except psycopg.Error as error:
        raise refused(address, error) from error


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


_DIALECT: Any = postgresql.dialect()  # pyright: ignore[reportUnknownMemberType]
_NAMES = {"TEXT": "text", "BYTEA": "bytea", "INTEGER": "int4", "BIGINT": "int8", "FLOAT": "float8"}


def _types(table: Table) -> list[str]:
    """PostgreSQL's own names, by which a binary COPY is written and read."""
    return [_NAMES[column.type.compile(dialect=_DIALECT).split()[0]] for column in table.columns]


def _texts(table: Table) -> list[int]:
    """Which columns hold texts of users."""
    return [place for place, name in enumerate(_types(table)) if name == "text"]


def _changed(row: Row, texts: list[int], change: Callable[[str], str]) -> Row:
    found: list[Any] = list(row)
    for place in texts:
        if found[place] is not None:
            found[place] = change(found[place])
    return tuple(found)


def _count(db: Connection, table: Table) -> int:
    return only_row(db, f"SELECT count(*) FROM {table.name}")[0]  # noqa: S608 - our own names
