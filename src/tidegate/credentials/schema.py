"""The table of the ring: names, states and times. No secret is ever in a database."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Integer, Table, Text

from tidegate.store.schema import metadata

credential_ring: Final = Table(
    "credential_ring",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("ring", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
)
"""One row, whose version grows with each change."""
