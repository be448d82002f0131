"""The ledger's tables: a row for each chain, and one for each batch of its entries."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, LargeBinary, String, Table

from tidegate.store.schema import metadata

chains: Final = Table(
    "ledger_chains",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("key_id", String(8), nullable=False),
    Column("begun_at", Double, nullable=False),
)

batches: Final = Table(
    "ledger_batches",
    metadata,
    Column("chain", String(16), primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("octets", LargeBinary, nullable=False),
)
