"""The chains of the ledger, and their entries in batches."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "ledger_chains",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("key_id", sa.String(8), nullable=False),
        sa.Column("begun_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ledger_chains"),
    )
    op.create_table(
        "ledger_batches",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("first", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("octets", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("chain", "first", name="pk_ledger_batches"),
    )
