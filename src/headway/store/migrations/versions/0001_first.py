"""The first schema. Frozen: what later versions change, later revisions change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


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
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("labels", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("prev", Number, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "log_chunks",
        sa.Column("seq", Number, autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("log_chunks_of", "log_chunks", ["job", "last"], unique=False)
    op.create_table(
        "log_head",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("first_seq", Number, nullable=False),
        sa.Column("skew", Number, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("unique_key", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.Text(), nullable=True),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("due_at", Number, nullable=True),
        sa.Column("seq", Number, nullable=False),
        sa.Column("tail", Number, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
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
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job", "part"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "key"),
    )
    op.create_table(
        "idempotency",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("subject", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_after",
        sa.Column("waits_for", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("waits_for", "job"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_labels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "value", "job"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "saved",
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("section", "name"),
    )


def _shelves() -> None:
    op.create_table(
        "counts",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "state"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lanes",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("requires", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("lanes_are_unique", "lanes", ["namespace", "kind", "queue", "requires"], unique=True)
    op.create_table(
        "samples",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "stage", "slot"),
        sqlite_with_rowid=False,
    )


def _documents() -> None:
    op.create_table(
        "kinds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "queues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.Column("last_heard_at", Number, nullable=True),
        sa.Column("load", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
