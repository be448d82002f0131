"""The table of webhooks that came."""

from typing import Final

from sqlalchemy import Column, Double, String, Table

from tidegate.store.schema import metadata

deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("issuer", String(32), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("at", Double, nullable=False, index=True),
)
