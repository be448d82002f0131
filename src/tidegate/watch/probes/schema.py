"""The table of outcomes."""

from typing import Final

from sqlalchemy import Column, Double, String, Table, Text

from tidegate.store.schema import metadata

probe_outcomes: Final = Table(
    "probe_outcomes",
    metadata,
    Column("probe", String(128), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("at", Double, nullable=False),
)
"""The last outcome of each probe that one replica runs for all, as JSON."""
