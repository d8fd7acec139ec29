"""Several servers on one log: what a store knows of itself, who serves it, files; jobs by parent and retried job. Additive."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    facts = op.create_table(
        "facts",
        sa.Column("name", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "files",
        sa.Column("key", Text, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", "part"),
    )
    op.create_table(
        "servers",
        sa.Column("id", Text, nullable=False),
        sa.Column("heard_at", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(facts, [{"name": "serves", "value": "0002"}])
    _link_jobs()


PAGE = 1_000


def _link_jobs() -> None:
    """Rows among the labels, under no name, for the jobs that name a parent or the job that they repeat."""
    db = op.get_bind()
    jobs = sa.table("jobs", sa.column("id", sa.Text), sa.column("doc", sa.Text))
    named = sa.or_(*(jobs.c.doc.contains(f'"{key}":') for key in ("parent", "retry_of")))
    link = sa.text("INSERT INTO job_labels (name, value, job) VALUES ('', :value, :job) ON CONFLICT DO NOTHING")
    last = ""
    while True:
        page = sa.select(jobs.c.id, jobs.c.doc).where(jobs.c.id > last, named).order_by(jobs.c.id).limit(PAGE)
        rows = db.execute(page).all()
        links = [
            {"value": f"{key}:{_stored(doc[key])}", "job": id}
            for id, doc in ((id, json.loads(text)) for id, text in rows)
            for key in ("parent", "retry_of")
            if doc.get(key) is not None
        ]
        if links:
            db.execute(link, links)
        if len(rows) < PAGE:
            return
        last = rows[-1][0]


def _stored(text: str) -> str:
    """As PostgreSQL has texts with a NUL."""
    if op.get_bind().dialect.name != "postgresql":
        return text
    return text.replace("\x01", "\x011").replace("\0", "\x010")
