"""PostgreSQL and Redis wake the other replicas at once; the same suite for both."""

import asyncio
import contextlib
import threading

import anyio
import pytest
from fakeredis import TcpFakeServer

from support.cuttable import cuttable
from tidegate.clock import SystemClock
from tidegate.store import ChangeBus, Database, DatabaseOptions
from tidegate.store.wakers import PostgresWaker, RedisWaker

pytestmark = pytest.mark.anyio
OPTIONS = DatabaseOptions(timeout_s=2.0)


@pytest.fixture(scope="module")
def redis_url():
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["postgresql", "redis"])
def way(request, postgresql_url, redis_url):
    """Makes wakers of one kind, and the URL of what they depend on."""
    if request.param == "redis":
        return redis_url, RedisWaker
    return postgresql_url, lambda url: PostgresWaker(url, OPTIONS)


@contextlib.asynccontextmanager
async def replicas(url, *wakers):
    """Running buses that look by themselves every minute only, and what each has heard."""
    databases = [Database.open(url, OPTIONS) for _ in wakers]
    buses, heard, tasks = [], [], []
    for database, waker in zip(databases, wakers, strict=True):
        bus, numbers = ChangeBus(database, SystemClock(), waker=waker, poll_s=60), []
        bus.subscribe("boats", lambda change, to=numbers: to.append(change.body["n"]))
        await bus.catch_up()
        buses.append(bus)
        heard.append(numbers)
        tasks.append(asyncio.create_task(bus.run()))
    try:
        yield databases, buses, heard
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for database in databases:
            await database.aclose()


async def publish(database, bus, number):
    async with database.begin() as connection:
        await bus.publish(connection, "boats", {"n": number})


async def publish_until_heard(database, bus, numbers, first):
    """Publish until another replica is woken; the number that was heard."""
    with anyio.fail_after(10):
        for number in range(first, first + 100):
            await publish(database, bus, number)
            for _ in range(20):
                if number in numbers:
                    return number
                await asyncio.sleep(0.01)
    raise AssertionError("nobody was woken")


async def test_another_replica_hears_at_once(way, postgresql_url):
    url, make = way
    async with replicas(postgresql_url, make(url), make(url)) as (databases, buses, heard):
        number = await publish_until_heard(databases[0], buses[0], heard[1], 1)
        assert heard[1] == list(range(1, number + 1))


async def test_where_the_way_breaks_nothing_is_lost_and_it_comes_back(way, postgresql_url, monkeypatch):
    monkeypatch.setattr("tidegate.store.wakers._PAUSE_SECONDS", 0.05)
    url, make = way
    async with (
        cuttable(url) as (relay, relayed),
        replicas(postgresql_url, make(url), make(relayed)) as (databases, buses, heard),
    ):
        number = await publish_until_heard(databases[0], buses[0], heard[1], 1)
        await asyncio.sleep(0.15)  # whatever was still on its way has arrived
        await relay.cut()
        await publish(databases[0], buses[0], number + 1)
        await asyncio.sleep(0.1)
        assert heard[1][-1] == number
        await relay.mend()
        with anyio.fail_after(10):
            while heard[1][-1] == number:
                await asyncio.sleep(0.01)
        last = await publish_until_heard(databases[0], buses[0], heard[1], number + 2)
        assert heard[1] == list(range(1, last + 1))


async def test_what_was_rolled_back_wakes_nobody(way, postgresql_url):
    url, make = way
    woken, waker = [], make(url)
    listening = asyncio.create_task(waker.run(lambda: woken.append(1)))
    database = Database.open(postgresql_url, OPTIONS)
    bus = ChangeBus(database, SystemClock(), waker=waker)

    async def fail():
        async with database.begin() as connection:
            await bus.publish(connection, "boats", {"n": 1})
            raise KeyError

    with anyio.fail_after(5):
        while not woken:
            await asyncio.sleep(0.01)
        with pytest.raises(KeyError):
            await fail()
        await asyncio.sleep(0.15)
        assert len(woken) == 1
        await publish(database, bus, 2)
        while len(woken) == 1:
            await asyncio.sleep(0.01)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await database.aclose()


async def test_a_bus_whose_way_fails_at_its_end_ends(postgresql_url, monkeypatch):
    monkeypatch.setattr("tidegate.store.bus._PAUSE_SECONDS", 0.05)
    begun = asyncio.Event()

    class Failing(RedisWaker):
        @contextlib.asynccontextmanager
        async def _listening(self, _):
            yield self._lost

        async def _lost(self):
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                raise ConnectionError

    with anyio.fail_after(5):
        async with replicas(postgresql_url, Failing("redis://localhost")):
            await begun.wait()
    assert begun.is_set()
