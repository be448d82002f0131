"""Bringing a database up to date from outside an event loop."""

import asyncio

from tidegate.store import Database


def migrate_now(url: str) -> None:
    """Make every table in a database."""

    async def migrate() -> None:
        database = Database.open(url)
        try:
            await database.migrate()
        finally:
            await database.aclose()

    asyncio.run(migrate())
