"""The tables of alerts: the record, and what each replica counted in each slot."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Integer, String, Table, Text

from tidegate.store.schema import metadata

alert_record: Final = Table(
    "alert_record",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
)
"""One row, whose version grows with each change."""

watch_slots: Final = Table(
    "watch_slots",
    metadata,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("replica", String(128), primary_key=True),
    Column("figures", Text, nullable=False),
)
"""Six hours of them."""
