"""Bringing a database up to date from outside an event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tidegate.store import Database


def migrate_now(url: str) -> None:
    """Make every table in a database."""

    async def migrate() -> None:
        database = Database.open(url)
        try:
            await database.migrate()
        finally:
            await database.aclose()

    # In a thread of its own: a fixture may ask for a database while the event loop of its test is running.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(migrate())).result()
