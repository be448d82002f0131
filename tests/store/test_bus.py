"""Every replica hears of every change, in order, whatever happens to the database or to a handler."""

import asyncio

import anyio
import pytest

from tidegate import metrics
from tidegate.clock import ManualClock, SystemClock
from tidegate.store import ChangeBus, Database, StoreUnavailable

pytestmark = pytest.mark.anyio


class Replica:
    """A bus with a subscriber that notes everything."""

    def __init__(self, database, *, clock=None, **options):
        self.bus = ChangeBus(database, clock or SystemClock(), **options)
        self.seen = []
        self.bus.subscribe("boats", self.handle, reload=self.reload)

    async def handle(self, change):
        self.seen.append(change.body["n"])

    async def reload(self):
        self.seen.append("all")


async def publish(database, bus, *numbers, topic="boats"):
    async with database.begin() as connection:
        for number in numbers:
            await bus.publish(connection, topic, {"n": number})


async def test_a_replica_loads_all_at_the_start_and_then_hears_every_change_in_order(database):
    one, other = Replica(database), Replica(database)
    await publish(database, one.bus, 1)
    await other.bus.catch_up()
    await publish(database, one.bus, 2, 3)
    await publish(database, one.bus, 4)
    await other.bus.catch_up()
    await one.bus.catch_up()

    assert other.seen == ["all", 2, 3, 4]
    assert one.seen == ["all"]


async def test_a_change_carries_its_topic_number_and_time(database):
    clock = ManualClock(1_700_000_000.25)
    bus = ChangeBus(database, clock)
    heard = []
    bus.subscribe("boats", heard.append)
    await bus.catch_up()
    async with database.begin() as connection:
        number = await bus.publish(connection, "boats", {"name": "ark ⛵", "size": [1, None]})
    await bus.catch_up()

    (change,) = heard
    assert (change.id, change.topic, change.at) == (number, "boats", 1_700_000_000.25)
    assert change.body == {"name": "ark ⛵", "size": [1, None]}


async def test_what_was_rolled_back_is_never_heard_of(database):
    replica = Replica(database)
    await replica.bus.catch_up()

    async def fail():
        async with database.begin() as connection:
            await replica.bus.publish(connection, "boats", {"n": 1})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    await publish(database, replica.bus, 2)
    await replica.bus.catch_up()

    assert replica.seen == ["all", 2]


async def test_other_topics_are_not_handed_over(database):
    replica = Replica(database)
    await replica.bus.catch_up()
    await publish(database, replica.bus, 1, topic="cars")
    await replica.bus.catch_up()

    assert replica.seen == ["all"]


async def test_more_changes_than_one_look_takes_all_arrive(database):
    replica = Replica(database)
    await replica.bus.catch_up()
    await publish(database, replica.bus, *range(1_203))
    await replica.bus.catch_up()

    assert replica.seen == ["all", *range(1_203)]


async def test_numbers_become_visible_in_their_order(database):
    """A slow transaction that published first must not be passed by a quick one."""
    replica = Replica(database)
    await replica.bus.catch_up()
    first_published = asyncio.Event()

    async def slow():
        async with database.begin() as connection:
            await replica.bus.publish(connection, "boats", {"n": "slow"})
            first_published.set()
            await asyncio.sleep(0.1)

    async def quick():
        await first_published.wait()
        await publish(database, replica.bus, "quick")
        await replica.bus.catch_up()

    await asyncio.gather(slow(), quick())
    await replica.bus.catch_up()

    assert replica.seen == ["all", "slow", "quick"]


async def test_a_handler_that_fails_does_not_stop_the_others_and_all_is_loaded_anew(database):
    failing, replica = [], Replica(database)

    def fail(change):
        failing.append(change.id)
        raise ValueError("no such boat")

    replica.bus.subscribe("boats", fail)
    await replica.bus.catch_up()
    before = metrics.CHANGES_FAILED._value.get()
    await publish(database, replica.bus, 1, 2)
    await replica.bus.catch_up()
    assert replica.seen == ["all", 1, 2]
    assert len(failing) == 2
    assert metrics.CHANGES_FAILED._value.get() == before + 2
    await replica.bus.catch_up()

    assert replica.seen == ["all", 1, 2, "all"]


async def test_a_handler_that_hangs_is_left_behind(database, monkeypatch):
    monkeypatch.setattr("tidegate.store.bus.HANDLER_SECONDS", 0.05)
    replica = Replica(database)

    async def hang(_change):
        await asyncio.sleep(60)

    replica.bus.subscribe("boats", hang)
    await replica.bus.catch_up()
    await publish(database, replica.bus, 1)
    with anyio.fail_after(2):
        await replica.bus.catch_up()

    assert replica.seen == ["all", 1]


async def test_a_reload_that_fails_is_owed_until_it_succeeds(database):
    bus, calls = ChangeBus(database, SystemClock()), []

    async def reload():
        calls.append(len(calls))
        if len(calls) < 3:
            raise ValueError("not yet")

    bus.subscribe("boats", lambda _: None, reload=reload)
    for _ in range(5):
        await bus.catch_up()

    assert len(calls) == 3


async def test_loading_everything_may_take_longer_than_one_change(database, monkeypatch):
    monkeypatch.setattr("tidegate.store.bus.HANDLER_SECONDS", 0.02)
    bus, loaded = ChangeBus(database, SystemClock()), []

    async def reload():
        await asyncio.sleep(0.1)
        loaded.append("all")

    bus.subscribe("boats", lambda _: None, reload=reload)
    await bus.catch_up()

    assert loaded == ["all"]


async def test_a_change_that_could_not_be_taken_in_for_want_of_the_database_comes_again(database):
    replica, failures = Replica(database), [StoreUnavailable("timeout", "TimeoutError")]

    def fail_once(_change):
        if failures:
            raise failures.pop()

    replica.bus.subscribe("boats", fail_once)
    await replica.bus.catch_up()
    await publish(database, replica.bus, 1)
    with pytest.raises(StoreUnavailable):
        await replica.bus.catch_up()
    await replica.bus.catch_up()

    assert replica.seen == ["all", 1, "all", 1]


async def test_an_oversized_body_is_refused(database):
    bus = ChangeBus(database, SystemClock())
    with pytest.raises(ValueError, match="65536"):
        await publish(database, bus, "x" * 65_536)


async def test_a_running_bus_hears_of_its_own_change_at_once_and_of_others_soon(database, database_url):
    elsewhere = Database.open(database_url)
    one, other = Replica(database, poll_s=30), Replica(elsewhere, poll_s=0.05)
    tasks = [asyncio.create_task(replica.bus.run()) for replica in (one, other)]
    with anyio.fail_after(3):
        while not (one.seen and other.seen):
            await asyncio.sleep(0.01)
        await publish(database, one.bus, 1)
        while not (one.seen == other.seen == ["all", 1]):
            await asyncio.sleep(0.01)
    assert one.seen == other.seen == ["all", 1]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await elsewhere.aclose()


async def test_old_changes_are_pruned_by_one_and_the_newest_stays(database):
    clock = ManualClock(SystemClock.now())
    one, other = (Replica(database, clock=clock, keep_s=3_600, holder=name) for name in ("one", "other"))
    await publish(database, one.bus, 1, 2, 3)
    clock.advance(3_601)

    assert await one.bus.prune() == 2
    assert await other.bus.prune() == 0
    await publish(database, one.bus, 4)
    assert await one.bus.prune() == 1


async def test_how_far_behind_is_counted_from_the_last_look(database):
    clock = ManualClock()
    bus = ChangeBus(database, clock)
    clock.advance(5)
    assert bus.behind_seconds() == 5
    await bus.catch_up()
    assert bus.behind_seconds() == 0
