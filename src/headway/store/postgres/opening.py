"""Opening a PostgreSQL store: making a new one, bringing an older one forward, refusing what is not ours or not fit.

Everything happens in one transaction under an advisory lock, so that several servers may start at once. Each refusal is
a StoreUnusable that names the database and the way out; what is refused is not changed. Called by the store with the
connection of its writer. Alembic is imported only when an older store must be brought forward.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Connection as SqlConnection, StaticPool, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from headway.errors import StoreUnusable
from headway.store.base import Head
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import begin, lock, place_of, refused, settle
from headway.store.revisions import must_migrate
from headway.store.schema import REVISIONS, SERVES, metadata

OLDEST = 13
"""The oldest PostgreSQL that its makers still mended when this was written."""
OURS = {"log_head", "alembic_version"}


def open_store(address: Address, connection: Connection, now: int, new_epoch: str) -> Head:
    """Where the log stands. Makes, migrates or refuses the store first. `connection` is in no transaction.

    StoreUnusable: not fit, not ours, too new, no rights. StoreUnavailable: the connection failed, or somebody else is
    at it for long.
    """
    try:
        check_server(address, connection)
        place = place_of(connection)
        engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool, use_native_hstore=False)  # fmt: skip
        event.listen(engine, "begin", lambda _: connection.execute(begin(address), prepare=False))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        with engine.begin() as sql:
            lock(connection, address)
            if is_new(address, connection):
                _create(address, connection, now, new_epoch)
            else:
                _check_rights(address, connection)
                if must_migrate(str(address), *revision_of(connection)):
                    _bring_forward(sql)
            return settle(connection, place, new_epoch)
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, errors.InsufficientPrivilege):
            raise no_rights(address, only_row(connection, "SELECT current_user")[0], cause) from error
        raise refused(address, cause) if isinstance(cause, psycopg.Error) else error from error


def revision_of(connection: Connection) -> tuple[str | None, str | None]:
    """The store's revision, and the oldest whose programs may serve it. Inside a transaction on the schema."""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    knows = only_row(connection, "SELECT to_regclass('facts') IS NOT NULL")[0]
    serves = connection.execute("SELECT value FROM facts WHERE name = 'serves'").fetchone() if knows else None
    return (row[0] if row else None), (serves[0] if serves else None)


def look(address: Address) -> tuple[str | None, str | None] | None:
    """The same, changing nothing; None where there is no store. StoreUnusable, StoreUnavailable as `open_store`."""
    connection = connect(address)
    try:
        connection.execute(f"BEGIN READ ONLY; {address.path}".encode(), prepare=False)
        return None if is_new(address, connection) else revision_of(connection)
    except errors.InsufficientPrivilege as error:
        raise no_rights(address, address.options.get("user", "of this connection"), error) from error
    except psycopg.Error as error:
        raise refused(address, error) from error
    finally:
        connection.close()


# -- what is refused -----------------------------------------------------------------------------------------------


def check_server(address: Address, connection: Connection) -> None:
    """StoreUnusable: too old, only to be read, of another encoding."""
    version = connection.info.server_version
    standby, read_only, encoding = only_row(
        connection,
        "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', current_setting('server_encoding')",
    )
    if version < OLDEST * 10_000:
        raise StoreUnusable(
            f"The database {address} is PostgreSQL {version // 10_000}; Headway needs {OLDEST} or newer.",
            hint="Upgrade it, or name another.",
        )
    if standby or read_only:
        why = "a standby, which only reads" if standby else "set to be only read"
        raise StoreUnusable(
            f"The database {address} is {why}.",
            hint="Name the primary; or name all hosts and add target_session_attrs=read-write, which finds it.",
        )
    if encoding != "UTF8":
        raise StoreUnusable(
            f"The database {address} is encoded in {encoding}; Headway needs UTF8.",
            hint="Make one: createdb --encoding=UTF8 --template=template0 NAME.",
        )


def is_new(address: Address, connection: Connection) -> bool:
    """True where the schema is missing or empty. StoreUnusable: it holds something else than a store of ours."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s)::oid"
        " AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') ORDER BY relname",
        (address.schema,),
    ).fetchall()
    names = [name for (name,) in rows]
    if names and not set(names) >= OURS:
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise StoreUnusable(
            f"The schema {address.schema} of {address} is not a Headway store: another program's tables are there ({shown}).",
            hint="It was not changed. Name another with ?schema=NAME; a missing one is made.",
        )
    return not names


def _check_rights(address: Address, connection: Connection) -> None:
    """Said now, not by the first command that meets it."""
    user, missing = only_row(
        connection,
        "SELECT current_user, min(relname) FROM pg_class WHERE relnamespace = to_regnamespace(%s)::oid AND relkind = 'r'"
        " AND NOT (has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')"
        " AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')"
        " AND has_table_privilege(oid, 'DELETE'))",
        address.schema,
    )
    if missing is not None:
        raise no_rights(address, user, f"permission denied for table {missing}")


def no_rights(address: Address, user: str, why: object) -> StoreUnusable:
    """The refusal of a user who may not what a server must."""
    return StoreUnusable(
        f"The user {user} may not use the schema {address.schema} of {address}: {str(why).splitlines()[0]}.",
        hint=f'Let a superuser run: CREATE SCHEMA {address.schema} AUTHORIZATION "{user}"; '
        f'or, where there is a store: REASSIGN OWNED BY its_owner TO "{user}".',
    )


# -- what is made --------------------------------------------------------------------------------------------------


def _create(address: Address, connection: Connection, now: int, epoch: str) -> None:
    """All tables as they are today, stamped with today's revision."""
    if only_row(connection, "SELECT to_regnamespace(%s) IS NULL", address.schema)[0]:
        connection.execute(f'CREATE SCHEMA "{address.schema}"'.encode())
    create_tables(connection)
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (%s)", (REVISIONS[-1],))
    connection.execute("INSERT INTO facts VALUES ('serves', %s)", (SERVES,))
    connection.execute(  # never after the clock of the database, by which all servers live
        "INSERT INTO log_head (id, epoch, seq, at, first_seq, skew)"
        " VALUES (1, %s, 0, least(%s, floor(extract(epoch FROM clock_timestamp()) * 1000)), 1, 0)",
        (epoch, now),
    )


def create_tables(connection: Connection) -> None:
    """The tables of `schema.py` and their indexes, where the transaction's path leads."""
    dialect: Any = postgresql.dialect()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=dialect)).encode())
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=dialect)).encode())


def _bring_forward(sql: SqlConnection) -> None:
    from headway.store.migrations import upgrade

    upgrade(sql)


def only_row(connection: Connection, question: str, *values: object) -> tuple[Any, ...]:
    """The one row of a question that always has one."""
    row = connection.execute(question.encode(), values or None).fetchone()
    assert row is not None  # noqa: S101
    return row
