"""Tables of the store, the same for SQLite and PostgreSQL, and the revision they stand at.

A job's row holds its document as JSON text (`doc`, all but `seq`) and the few columns that indexes need; large
inputs and results lie in `bodies`, written once, so that a progress report never rewrites them. A **lane** is one
(namespace, kind, queue, requires): constant for a job's life. Lists and claims walk one index range per lane and
state, chosen from the exact `counts`, so that a filter costs what it shows (docs/decisions/0005). Called by
the stores, the queries and the migrations; must never know what a state means.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text as _Text,
    TypeDecorator,
    text,
)

from headway.store.texts import escape, unescape

REVISIONS = ("0001", "0002", "0003")
"""Every revision of `migrations/versions`, oldest first; a store at another one is newer than this program."""

SERVES = "0002"
"""The oldest revision whose programs work with a store of today: a migration that they survive leaves this as it is."""

APPLICATION_ID = 0x48445759
"""`PRAGMA application_id` of our SQLite files: "HDWY"."""

metadata = MetaData()


class _PostgresText(TypeDecorator[str]):
    """So that both databases hold, compare and sort alike: by code points, NUL included."""

    impl = _Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escape(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else unescape(value)


Text = _Text().with_variant(_PostgresText(), "postgresql")
_Number = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's own row id must be INTEGER to the letter


def _key(name: str) -> Column[int]:
    return Column(name, _Number, primary_key=True, autoincrement=False)


log_head = Table(
    "log_head",
    metadata,
    _key("id"),  # one row: 1
    Column("epoch", Text, nullable=False),
    Column("seq", _Number, nullable=False),
    Column("at", _Number, nullable=False),
    Column("first_seq", _Number, nullable=False),  # replay is complete from here
    Column("skew", _Number, nullable=False),  # ms; no job's id tells a time further than this from its created_at
)

events = Table(
    "events",
    metadata,
    _key("seq"),
    Column("at", _Number, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("job", Text),
    Column("attempt", Integer),
    Column("worker", Text),
    Column("queue", Text),
    Column("kind", Text),
    Column("labels", Text),
    Column("data", Text, nullable=False),
    # The event before of the same job: a chain instead of an index on (job, seq), which cost 10 of 13 µs an event.
    Column("prev", _Number),
)

log_chunks = Table(
    "log_chunks",
    metadata,
    _key("seq"),  # of its job.logged event
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("lines", Text, nullable=False),  # [[at, level, text], …]
    Index("log_chunks_of", "job", "last"),
)

lanes = Table(
    "lanes",
    metadata,
    _key("id"),
    Column("namespace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("requires", Text, nullable=False),  # JSON with sorted keys; "" for none
    Index("lanes_are_unique", "namespace", "kind", "queue", "requires", unique=True),
)

counts = Table(
    "counts",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("jobs", Integer, nullable=False),
    PrimaryKeyConstraint("lane", "state"),
    sqlite_with_rowid=False,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("unique_key", Text),
    Column("external_id", Text),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("queued_at", Text),
    Column("ready", Integer, nullable=False),  # 1: queued and not held
    Column("due_at", _Number),  # ms; of unfinished jobs with something to run out
    Column("seq", _Number, nullable=False),  # of the last event about it
    Column("tail", _Number, nullable=False),  # of the last event that names it: the head of its chain
    Column("doc", Text, nullable=False),
    Index("jobs_by_state", "lane", "state", "id"),
    Index(
        "jobs_ready", "lane", text("priority DESC"), "queued_at", "id",
        sqlite_where=text("ready = 1"), postgresql_where=text("ready = 1"),
    ),
    Index(
        "jobs_with_priority", "id", sqlite_where=text("priority <> 0"), postgresql_where=text("priority <> 0"),
    ),
    Index(
        "jobs_held", "lane",
        sqlite_where=text("state = 'queued' AND ready = 0"), postgresql_where=text("state = 'queued' AND ready = 0"),
    ),
    Index("jobs_due", "due_at", "id", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")),
    Index(
        "jobs_by_unique_key", "namespace", "unique_key", "id",
        sqlite_where=text("unique_key IS NOT NULL"), postgresql_where=text("unique_key IS NOT NULL"),
    ),
    Index(
        "jobs_by_external_id", "namespace", "external_id", "id",
        sqlite_where=text("external_id IS NOT NULL"), postgresql_where=text("external_id IS NOT NULL"),
    ),
)  # fmt: skip

job_labels = Table(
    "job_labels",
    metadata,
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("job", Text, nullable=False),
    PrimaryKeyConstraint("name", "value", "job"),
    sqlite_with_rowid=False,
)
"""Labels; and under no name `parent:ID` and `retry_of:ID` (`journal.labels_of`)."""

bodies = Table(
    "bodies",
    metadata,
    Column("job", Text, nullable=False),
    Column("part", Text, nullable=False),  # args | result
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job", "part"),
)

job_after = Table(
    "job_after",
    metadata,
    Column("waits_for", Text, nullable=False),
    Column("job", Text, nullable=False),
    PrimaryKeyConstraint("waits_for", "job"),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("job", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("job", "key"),
)

samples = Table(
    "samples",
    metadata,
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("slot", Integer, nullable=False),  # n modulo KEPT_SAMPLES: the newest overwrite the oldest
    Column("n", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    PrimaryKeyConstraint("kind", "stage", "slot"),
    sqlite_with_rowid=False,
)


def _documents(name: str, *more: Column[int] | Column[str]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("seq", _Number, nullable=False),
        Column("doc", Text, nullable=False),
        *more,
    )


workers = _documents("workers", Column("last_heard_at", _Number), Column("load", Text))  # both soft (I3)
services = _documents("services")
kinds = _documents("kinds")
queues = _documents("queues")
saved = _documents("saved")

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What a store knows of itself: `serves` (revisions.py), `origin` (where it lives), `leader` (who sweeps)."""

servers = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("heard_at", _Number, nullable=False),
    Column("doc", Text, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("key", "part"),
)
"""Artifacts, where servers share nothing but their database."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("subject", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", _Number, nullable=False),
    PrimaryKeyConstraint("subject", "key"),
    sqlite_with_rowid=False,
)
