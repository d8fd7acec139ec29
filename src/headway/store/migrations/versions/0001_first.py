"""The first schema. Frozen: what later versions change, later revisions change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _log()
    _jobs()
    _indexes_of_jobs()
    _beside_jobs()
    _shelves()
    _documents()


def _log() -> None:
    op.create_table(
        "events",
        sa.Column("seq", Number, autoincrement=False, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("namespace", Text, nullable=False),
        sa.Column("priority", Text, nullable=False),
        sa.Column("job", Text, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("worker", Text, nullable=True),
        sa.Column("queue", Text, nullable=True),
        sa.Column("kind", Text, nullable=True),
        sa.Column("labels", Text, nullable=True),
        sa.Column("data", Text, nullable=False),
        sa.Column("prev", Number, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "log_chunks",
        sa.Column("seq", Number, autoincrement=False, nullable=False),
        sa.Column("job", Text, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("lines", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("log_chunks_of", "log_chunks", ["job", "last"], unique=False)
    op.create_table(
        "log_head",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("epoch", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("first_seq", Number, nullable=False),
        sa.Column("skew", Number, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Text, nullable=False),
        sa.Column("namespace", Text, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("unique_key", Text, nullable=True),
        sa.Column("external_id", Text, nullable=True),
        sa.Column("state", Text, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("queued_at", Text, nullable=True),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("due_at", Number, nullable=True),
        sa.Column("seq", Number, nullable=False),
        sa.Column("tail", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _indexes_of_jobs() -> None:
    op.create_index(
        "jobs_by_external_id",
        "jobs",
        ["namespace", "external_id", "id"],
        unique=False,
        sqlite_where=sa.text("external_id IS NOT NULL"),
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index("jobs_by_state", "jobs", ["lane", "state", "id"], unique=False)
    op.create_index(
        "jobs_by_unique_key",
        "jobs",
        ["namespace", "unique_key", "id"],
        unique=False,
        sqlite_where=sa.text("unique_key IS NOT NULL"),
        postgresql_where=sa.text("unique_key IS NOT NULL"),
    )
    op.create_index(
        "jobs_due",
        "jobs",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "jobs_held",
        "jobs",
        ["lane"],
        unique=False,
        sqlite_where=sa.text("state = 'queued' AND ready = 0"),
        postgresql_where=sa.text("state = 'queued' AND ready = 0"),
    )
    op.create_index(
        "jobs_with_priority",
        "jobs",
        ["id"],
        unique=False,
        sqlite_where=sa.text("priority <> 0"),
        postgresql_where=sa.text("priority <> 0"),
    )
    op.create_index(
        "jobs_ready",
        "jobs",
        ["lane", sa.text("priority DESC"), "queued_at", "id"],
        unique=False,
        sqlite_where=sa.text("ready = 1"),
        postgresql_where=sa.text("ready = 1"),
    )


def _beside_jobs() -> None:
    op.create_table(
        "bodies",
        sa.Column("job", Text, nullable=False),
        sa.Column("part", Text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job", "part"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("job", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.PrimaryKeyConstraint("job", "key"),
    )
    op.create_table(
        "idempotency",
        sa.Column("subject", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("subject", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_after",
        sa.Column("waits_for", Text, nullable=False),
        sa.Column("job", Text, nullable=False),
        sa.PrimaryKeyConstraint("waits_for", "job"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_labels",
        sa.Column("name", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.Column("job", Text, nullable=False),
        sa.PrimaryKeyConstraint("name", "value", "job"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "saved",
        sa.Column("section", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("owner", Text, nullable=True),
        sa.Column("body", Text, nullable=False),
        sa.PrimaryKeyConstraint("section", "name"),
    )


def _shelves() -> None:
    op.create_table(
        "counts",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "state"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lanes",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("namespace", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("queue", Text, nullable=False),
        sa.Column("requires", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("lanes_are_unique", "lanes", ["namespace", "kind", "queue", "requires"], unique=True)
    op.create_table(
        "samples",
        sa.Column("kind", Text, nullable=False),
        sa.Column("stage", Text, nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "stage", "slot"),
        sqlite_with_rowid=False,
    )


def _documents() -> None:
    op.create_table(
        "kinds",
        sa.Column("id", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "queues",
        sa.Column("id", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "services",
        sa.Column("id", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "workers",
        sa.Column("id", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.Column("last_heard_at", Number, nullable=True),
        sa.Column("load", Text, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
