"""Alerts: one record for all replicas, and what each of them counted in the last hours."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert_record",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_record"),
    )
    op.create_table(
        "watch_slots",
        sa.Column("slot", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("replica", sa.String(128), nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("slot", "replica", name="pk_watch_slots"),
    )
