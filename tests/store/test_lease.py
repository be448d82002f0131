"""A lease is held by one at a time, and by nobody who was away for too long."""

import asyncio

import pytest

from tidegate.clock import ManualClock, SystemClock
from tidegate.store import Database, Lease, StoreUnavailable

pytestmark = pytest.mark.anyio
TTL = 0.15


def leases(database, *holders, clock=None, ttl=TTL):
    return [Lease(database, "push", holder, ttl, clock or SystemClock()) for holder in holders]


async def test_one_has_it_and_the_other_has_not(database):
    ada, bea = leases(database, "ada", "bea", ttl=60)

    assert (await ada.acquire(), await bea.acquire()) == (True, False)
    assert (ada.held, bea.held) == (True, False)


async def test_the_holder_can_go_on_and_the_other_cannot(database):
    ada, bea = leases(database, "ada", "bea", ttl=60)
    await ada.acquire()

    assert await ada.renew()
    assert await ada.acquire()
    assert not await bea.renew()
    assert ada.fence == 1


async def test_whoever_let_it_run_out_has_lost_it_to_the_next(database):
    ada, bea = leases(database, "ada", "bea")
    await ada.acquire()
    await asyncio.sleep(TTL + 0.03)

    assert not ada.held
    assert await bea.acquire()
    assert not await ada.renew()
    assert not await ada.acquire()
    assert (ada.fence, bea.fence) == (1, 2)


async def test_what_ran_out_is_not_renewed_even_where_nobody_took_it(database):
    (ada,) = leases(database, "ada")
    await ada.acquire()
    await asyncio.sleep(TTL + 0.03)

    assert not await ada.renew()
    assert await ada.acquire()
    assert ada.fence == 2


async def test_what_was_given_up_can_be_had_at_once(database):
    ada, bea = leases(database, "ada", "bea", ttl=60)
    await ada.acquire()
    await ada.release()

    assert not ada.held
    assert await bea.acquire()
    assert bea.fence == 2


async def test_giving_up_what_one_has_not_takes_nothing_from_the_holder(database):
    ada, bea = leases(database, "ada", "bea", ttl=60)
    await ada.acquire()
    await bea.release()

    assert not await bea.acquire()


async def test_two_names_are_two_leases(database):
    ada, bea = Lease(database, "push", "ada", 60, SystemClock()), Lease(database, "prune", "bea", 60, SystemClock())

    assert await ada.acquire()
    assert await bea.acquire()


async def test_the_holder_stops_believing_before_anybody_else_can_take_it(database):
    clock = ManualClock(SystemClock.now())
    (ada,) = leases(database, "ada", clock=clock, ttl=60)
    await ada.acquire()
    clock.advance(53.9)
    assert ada.held
    clock.advance(0.2)

    assert not ada.held


async def test_of_many_at_once_one_gets_it(database):
    many = leases(database, *(f"replica {number}" for number in range(8)), ttl=60)

    assert sum(await asyncio.gather(*(one.acquire() for one in many))) == 1


async def test_without_a_database_it_is_held_until_it_runs_out(database_url):
    clock = ManualClock(SystemClock.now())
    database = Database.open(database_url)
    (ada,) = leases(database, "ada", clock=clock, ttl=60)
    await ada.acquire()
    await database.aclose()
    with pytest.raises(StoreUnavailable):
        await ada.renew()

    assert ada.held
    clock.advance(60)
    assert not ada.held
    await ada.release()
