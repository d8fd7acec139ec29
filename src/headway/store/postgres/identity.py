"""Where a log lives, and so whether the numbers that people know are still those of this log.

The origin is four facts: the cluster (system identifier), its timeline, the database, the table `log_head` (by oid).
A dump that was put back, a standby that was promoted, a recovery to an earlier point change at least one; a restart or a
crash changes none. Where one changed a new epoch begins: numbers could be given twice. Asked at each new connection of a
writer; what a user may not know of the cluster is left out.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

import msgspec
import psycopg
from psycopg import errors

from headway.errors import StoreUnavailable
from headway.store.base import Head
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, away

LOCK = 0x48445759
"""First key of the advisory lock, "HDWY"; the second tells schemas apart."""
LOCK_WAIT_S = 10

Origin = tuple[str | None, str | None, str | None, str | None]
"""System identifier, timeline, oid of the database, oid of log_head; None: not known."""

_PLACES = (
    "SELECT system_identifier::text FROM pg_control_system()",
    "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)",
    "SELECT oid::text FROM pg_database WHERE datname = current_database()",
)


def compare_origin(connection: Connection, address: Address, new_epoch: str) -> Head:
    """Where the log stands, under `new_epoch` if it has moved. `connection` is in no transaction.

    StoreUnavailable: the connection failed.
    """
    try:
        place = place_of(connection)
        with transaction(connection, address):
            if _known(connection) == _origin(connection, place):
                return head_of(connection)
        with transaction(connection, address):
            lock(connection, address)
            return settle(connection, place, new_epoch)
    except psycopg.Error as error:
        raise refused(address, error) from error


def settle(connection: Connection, place: tuple[str | None, ...], new_epoch: str) -> Head:
    """The log is at home here from now on. Inside a transaction that holds the lock: several servers may ask at once."""
    known, origin = _known(connection), _origin(connection, place)
    if known != origin:
        if known is None or any(old and now and old != now for old, now in zip(known, origin, strict=True)):
            connection.execute("UPDATE log_head SET epoch = %s WHERE seq > 0", (new_epoch,))
        connection.execute(
            "INSERT INTO facts (name, value) VALUES ('origin', %s)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (msgspec.json.encode(origin).decode(),),
        )
    return head_of(connection)


def place_of(connection: Connection) -> tuple[str | None, ...]:
    """The origin without the table. In no transaction: what may not be asked would end it."""
    return tuple(_answer(connection, question) for question in _PLACES)


def _answer(connection: Connection, question: str) -> str | None:
    with suppress(errors.InsufficientPrivilege, errors.UndefinedFunction, errors.FeatureNotSupported):
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None
    return None


def _origin(connection: Connection, place: tuple[str | None, ...]) -> Origin:
    row = connection.execute("SELECT 'log_head'::regclass::oid::text").fetchone()
    return msgspec.convert((*place, row and row[0]), Origin)


def _known(connection: Connection) -> Origin | None:
    row = connection.execute("SELECT value FROM facts WHERE name = 'origin'").fetchone()
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(row[0], type=Origin) if row else None
    return None


def head_of(connection: Connection) -> Head:
    """The end of the log, as the transaction sees it."""
    row = connection.execute("SELECT epoch, seq, at FROM log_head").fetchone()
    if row is None:
        raise StoreUnavailable("The log has no head.", hint="The store is damaged: put a backup back.")
    return Head(*row)


# -- short transactions beside the log's ---------------------------------------------------------------------------


@contextmanager
def transaction(connection: Connection, address: Address) -> Generator[None]:
    """On the tables of our schema. Waits for no lock for long, and nobody for long for us."""
    connection.execute(begin(address), prepare=False)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if not connection.closed:
            connection.rollback()  # nothing after a commit


def beginning(address: Address) -> tuple[str, ...]:
    """The statements that begin one."""
    return (
        "BEGIN",
        address.path,
        f"SET LOCAL lock_timeout TO '{LOCK_WAIT_S}s'",
        "SET LOCAL idle_in_transaction_session_timeout TO '10s'",
    )


def begin(address: Address) -> bytes:
    """The same in one go."""
    return "; ".join(beginning(address)).encode()


def lock(connection: Connection, address: Address) -> None:
    """Until the transaction ends no other server makes, migrates or renames this store."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK, address.schema))


def refused(address: Address, error: psycopg.Error) -> StoreUnavailable:
    """Why one came to nothing."""
    if isinstance(error, errors.LockNotAvailable):
        return StoreUnavailable(
            f"The store {address} is being made or migrated by another server, or its tables are locked.",
            hint="Start again when that is done; pg_locks tells who holds them.",
        )
    return away(address, error)
