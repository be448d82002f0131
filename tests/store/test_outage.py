"""The database goes away and comes back: nobody waits, and nothing is missed."""

import asyncio

import anyio
import pytest

from support.cuttable import cuttable
from tidegate.clock import SystemClock
from tidegate.store import Database, DatabaseOptions, Store, StoreUnavailable

pytestmark = pytest.mark.anyio
OPTIONS = DatabaseOptions(timeout_s=1.0)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module in ("bus", "service"):
        monkeypatch.setattr(f"tidegate.store.{module}._PAUSE_SECONDS", 0.05)


class Elsewhere:
    """A replica that the cut does not touch."""

    def __init__(self, url):
        self.store = Store(Database.open(url, OPTIONS), SystemClock(), keep_s=3_600)

    async def publish(self, number):
        async with self.store.database.begin() as connection:
            await self.store.bus.publish(connection, "boats", {"n": number})


async def until(condition):
    with anyio.fail_after(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_replica_that_lost_the_database_says_so_and_catches_up(postgresql_url):
    elsewhere, seen = Elsewhere(postgresql_url), []
    async with cuttable(postgresql_url) as (relay, url):
        store = Store(Database.open(url, OPTIONS), SystemClock(), poll_s=0.02, keep_s=3_600)
        store.bus.subscribe("boats", lambda change: seen.append(change.body["n"]), reload=lambda: reload(seen))
        running = asyncio.create_task(store.run())
        await until(lambda: seen == ["all"])
        await elsewhere.publish(1)
        await until(lambda: seen == ["all", 1])
        assert store.down_seconds() is None

        await relay.cut()
        await until(lambda: not store.database.healthy())
        assert store.down_seconds() >= 0
        with anyio.fail_after(2), pytest.raises(StoreUnavailable):
            async with store.database.begin():
                pass
        await elsewhere.publish(2)

        await relay.mend()
        await until(lambda: seen[-1] == 2)
        assert seen == ["all", 1, "all", 2]
        assert store.down_seconds() is None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.database.aclose()
    await elsewhere.store.database.aclose()


async def reload(seen):
    seen.append("all")


async def test_a_database_that_is_not_there_at_the_start_is_opened_when_it_is(postgresql_url):
    async with cuttable(postgresql_url) as (relay, url):
        await relay.cut()
        store, seen = Store(Database.open(url, OPTIONS), SystemClock(), poll_s=0.02, keep_s=3_600), []
        store.bus.subscribe("boats", lambda _: None, reload=lambda: reload(seen))
        running = asyncio.create_task(store.run())
        await until(lambda: not store.database.healthy())
        assert not seen
        await relay.mend()
        await until(lambda: seen)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.database.aclose()
