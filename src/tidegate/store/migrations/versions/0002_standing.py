"""Revocations and bans, and what Stream is still to be told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "standing_users",
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("tokens_before", sa.BigInteger, nullable=False),
        sa.Column("sessions_before", sa.BigInteger, nullable=False),
        sa.Column("banned_until", sa.BigInteger, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("deactivated", sa.Boolean, nullable=False),
        sa.Column("banned_there", sa.Boolean, nullable=False),
        sa.Column("deactivated_there", sa.Boolean, nullable=False),
        sa.Column("absent_ok", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.String(128), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_standing_users"),
    )
    op.create_table(
        "standing_cuts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.String(128), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_standing_cuts"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "standing_owed",
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("trouble", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_standing_owed"),
    )
