"""The table of refused keys."""

from typing import Final

from sqlalchemy import Column, Double, String, Table

from tidegate.store.schema import metadata

distrusted_keys: Final = Table(
    "distrusted_keys",
    metadata,
    Column("issuer", String(2048), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("operator", String(32), nullable=False),
    Column("at", Double, nullable=False),
)
"""A row for each key: the exact issuer, and the key's thumbprint, or its id where no such key was in use."""
