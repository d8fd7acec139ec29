"""What is saved becomes documents like all others. Nothing ever wrote the table of before, so it is replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("saved")
    op.create_table(
        "saved",
        sa.Column("id", Text, nullable=False),
        sa.Column("seq", Number, nullable=False),
        sa.Column("doc", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
