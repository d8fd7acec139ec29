"""Several servers on one log: what a store knows of itself, who serves it, files. Additive."""

from __future__ import annotations

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
