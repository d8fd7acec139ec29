"""Opening an SQLite file: making a new store, refusing one that is not ours, and finding out which history it holds.

Each refusal is a StoreUnusable that names the file and the way out; a refused file is not changed. Called by
`store.py` while it holds the lock. Alembic is imported only when an older store must be brought forward.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, QueuePool, StaticPool, create_engine, event
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from headway.errors import StoreUnusable
from headway.store.base import Head
from headway.store.revisions import must_migrate
from headway.store.schema import APPLICATION_ID, REVISIONS, SERVES, metadata
from headway.store.sqlite.witness import Witness, continues, unopenable

WAL_PAGES = 16_384
"""A commit checkpoints by itself only past this many pages (64 MB): maintenance does it before, off the hot path."""


def open_file(path: Path, witness: Witness | None, now: int, new_epoch: str) -> tuple[sqlite3.Connection, Head]:
    """The connection of the writer, and where the log stands. Makes, upgrades or refuses the store first."""
    db: sqlite3.Connection | None = None
    try:
        db = connect(path)
        if is_new(db, path):
            create(db, now, new_epoch)
        else:
            _bring_forward(db, path)
        _make_durable(db, path)
        return db, _begin_history(db, witness, new_epoch)
    except (OSError, sqlite3.Error) as error:
        if db is not None:
            db.close()
        raise unopenable(path, error) from error
    except BaseException:
        if db is not None:
            db.close()
        raise


def connect(path: Path) -> sqlite3.Connection:
    """A connection without transactions of its own, for any thread."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=512)


def reader_engine(path: Path) -> Engine:
    """Connections that only read, a few kept open."""

    def read_only() -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        db.execute("PRAGMA query_only = 1")
        db.execute("PRAGMA cache_size = -8192")
        return db

    return create_engine("sqlite://", creator=read_only, poolclass=QueuePool, pool_size=4, max_overflow=-1)


def is_new(db: sqlite3.Connection, path: Path) -> bool:
    """True for an empty file. StoreUnusable for one that holds something else than a store of ours."""
    try:
        owner = db.execute("PRAGMA application_id").fetchone()[0]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise _foreign(path, "it is not an SQLite file") from error
    if not tables and owner in (0, APPLICATION_ID):
        return True
    if owner != APPLICATION_ID or not {"log_head", "alembic_version"} <= tables:
        raise _foreign(path, "it is a database of another program")
    return False


def _foreign(path: Path, why: str) -> StoreUnusable:
    return StoreUnusable(
        f"{path} is not a Headway store: {why}.",
        hint="It was not changed. Name another file with --store sqlite:///PATH; a missing one is made.",
    )


def create(db: sqlite3.Connection, now: int, epoch: str) -> None:
    """All tables as they are today, stamped with today's revision, in one transaction."""
    sqlite = dialect.dialect()
    db.execute("BEGIN IMMEDIATE")
    for table in metadata.sorted_tables:
        db.execute(str(CreateTable(table).compile(dialect=sqlite)))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            db.execute(str(CreateIndex(index).compile(dialect=sqlite)))
    db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    db.execute("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
    db.execute("INSERT INTO facts VALUES ('serves', ?)", (SERVES,))
    db.execute("INSERT INTO log_head (id, epoch, seq, at, first_seq, skew) VALUES (1, ?, 0, ?, 1, 0)", (epoch, now))
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("COMMIT")


def _bring_forward(db: sqlite3.Connection, path: Path) -> None:
    """Nothing for a store of today; an older one is migrated; one that is too new is refused."""
    if must_migrate(str(path), *revision_of(db)):
        from headway.store.migrations import upgrade

        engine = create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool)
        event.listen(engine, "begin", lambda _: db.execute("BEGIN IMMEDIATE"))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        with engine.begin() as connection:
            upgrade(connection)


def revision_of(db: sqlite3.Connection) -> tuple[str | None, str | None]:
    """The store's revision, and the oldest whose programs may serve it."""
    row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    knows = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone()
    serves = db.execute("SELECT value FROM facts WHERE name = 'serves'").fetchone() if knows else None
    return (row[0] if row else None), (serves[0] if serves else None)


def look(path: Path) -> tuple[str | None, str | None] | None:
    """The same, changing nothing; None where there is no store. StoreUnusable: not ours, or not to be read."""
    if not path.exists():
        return None
    db = connect(path)
    try:
        db.execute("PRAGMA query_only = 1")
        return None if is_new(db, path) else revision_of(db)
    except sqlite3.Error as error:
        raise unopenable(path, error) from error
    finally:
        db.close()


def _make_durable(db: sqlite3.Connection, path: Path) -> None:
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreUnusable(
            f"The store {path} can not keep a write-ahead log there (SQLite answers {mode!r}).",
            hint="Put it on a local disk: network file systems do not share memory.",
        )
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -32768")
    db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")


def _begin_history(db: sqlite3.Connection, witness: Witness | None, new_epoch: str) -> Head:
    """Where the log stands; under a new epoch where numbers could be given twice."""
    epoch, seq, at = db.execute("SELECT epoch, seq, at FROM log_head").fetchone()
    if seq > 0 and not continues(witness, epoch, seq):
        db.execute("UPDATE log_head SET epoch = ?", (new_epoch,))
        epoch = new_epoch
    return Head(epoch, seq, at)
