"""What the probes found last, for all replicas to read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "probe_outcomes",
        sa.Column("probe", sa.String(128), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("probe", name="pk_probe_outcomes"),
    )
