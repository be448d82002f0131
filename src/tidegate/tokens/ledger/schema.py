"""The ledger's tables: a row for each chain, one for each batch of its entries, one for what was pruned of it."""

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

prunes: Final = Table(
    "ledger_prunes",
    metadata,
    Column("chain", String(16), primary_key=True),
    Column("through", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
