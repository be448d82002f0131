"""The tables of the bus and of the leases. Other rooms declare theirs on the same metadata, beside their repo."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the store; times are seconds since the epoch."""

Serial: Final = BigInteger().with_variant(Integer, "sqlite")
"""A whole number that counts up by itself."""

changes: Final = Table(
    "changes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("topic", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, not even when the newest row was pruned
)

leases: Final = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
)
