"""Connections to PostgreSQL: one by one for who writes, listens or beats; a bounded pool for who reads.

A connection that can not be had is a StoreUnavailable with what PostgreSQL said and what to look at. Called by the
store, the bell and the peers; must never know tables.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from sqlalchemy import Connection as SqlConnection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from headway.errors import StoreUnavailable
from headway.store.postgres.address import Address

Connection = psycopg.Connection[tuple[Any, ...]]

POOL, OVERFLOW = 4, 12
"""Readers that are kept open, and how many more there may be while many read at once."""
POOL_WAIT_S = 10.0
READER_PAUSE_MS = 60_000
"""A reading that its server has forgotten (frozen, cut off) is ended after this: it would keep dead rows alive."""


def connect(address: Address) -> Connection:
    """A connection whose statements are transactions of their own until a BEGIN. StoreUnavailable says why not."""
    try:
        return psycopg.connect(
            **address.options,  # pyright: ignore[reportArgumentType] - options of libpq, each a text
            autocommit=True,
            prepare_threshold=None if address.pooled else 5,
        )
    except psycopg.Error as error:
        raise away(address, error) from error


def reader_engine(address: Address) -> Engine:
    """A pool whose transactions only read, each one state of the database, by tables of our schema."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(address), poolclass=QueuePool, pool_size=POOL,
        max_overflow=OVERFLOW, pool_timeout=POOL_WAIT_S, use_native_hstore=False,
    )  # fmt: skip
    begin = (
        f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {address.path}; SET LOCAL jit TO off; "
        "SET LOCAL enable_bitmapscan TO off; "  # lists want the first rows of an index, which it would sort whole
        f"SET LOCAL idle_in_transaction_session_timeout TO {READER_PAUSE_MS}"
    ).encode()

    def begin_reading(connection: SqlConnection) -> None:
        driver: Connection = connection.connection.driver_connection  # pyright: ignore[reportAssignmentType]
        driver.execute(begin, prepare=False)

    event.listen(engine, "begin", begin_reading)
    event.listen(engine, "checkout", _refuse_ended)
    return engine


def _refuse_ended(connection: Connection, _record: object, _fairy: object) -> None:
    """One that was ended while it lay in the pool has its last words unread; it costs no round trip to see that."""
    if connection.closed or select.select([connection.fileno()], [], [], 0)[0]:
        raise InvalidatePoolError  # who ended one may have ended all


def is_lost(error: BaseException) -> bool:
    """True where the connection failed, and said nothing: whether the statement was carried out is not known."""
    return isinstance(error, psycopg.OperationalError) and error.sqlstate is None


def away(address: Address, error: BaseException) -> StoreUnavailable:
    """What PostgreSQL or the network said, as a sentence with a way out."""
    said = _one_line(str(error))
    hint = next((hint for words, hint in _HINTS if words in said), _HINT)
    return StoreUnavailable(f"The database {address} can not be used: {said}.", hint=hint)


_HINT = "Look whether PostgreSQL runs and is reached from here; a server that runs goes on by itself."
_HINTS = (
    ("password", "Put the right user and password into the URL, or into PGUSER and PGPASSWORD or ~/.pgpass."),
    ('role "', "Put the right user into the URL, or make it: createuser NAME."),
    ("pg_hba.conf", "Allow this user and machine in pg_hba.conf of the database."),
    ('database "', "Put the right database into the URL, or make it: createdb NAME."),
    ("too many c", "Raise max_connections, or put a pooler between (?pooler=transaction)."),
    ("connection slots", "Raise max_connections, or put a pooler between (?pooler=transaction)."),
    ("No space left", "Free some space on the disk of the database; a server that runs goes on by itself."),
    ("resolve host", "Correct the host in the URL."),
)
"""Words of libpq and PostgreSQL: those of a failed connection have no code."""


def _one_line(said: str) -> str:
    """The last of several reasons (one for each address that was tried), without what only a log needs."""
    said = said.partition("\nLINE ")[0]  # what follows points into a statement of ours
    lines = [line.strip(" \t-") for line in said.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if "failed:" in line), lines[-1] if lines else "no reason given")
    return last.rstrip(".").removeprefix("connection failed: ")
