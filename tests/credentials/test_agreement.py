"""Replicas that agree on a ring, over both kinds of database."""

import asyncio

import pytest

from tidegate.clock import SystemClock
from tidegate.credentials.agreement import Shared
from tidegate.credentials.ring import NotPossible, Ring
from tidegate.store import Store

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000.0


@pytest.fixture
def shared(database):
    store = Store(database, SystemClock(), keep_s=60)
    return [Shared(store, SystemClock(), 8) for _ in range(2)]


async def test_the_first_replica_brings_its_ring_and_the_others_take_it(shared):
    one, other = shared
    ring = await one.change(lambda ring: ring, Ring.begun("a", "key-a", NOW))
    taken = await other.change(lambda ring: ring, Ring.begun("b", "key-b", NOW))
    assert taken == ring
    assert [entry.id for entry in taken.entries] == ["a"]


async def test_changes_at_the_same_time_all_count(shared):
    mine = Ring.begun("a", "key-a", NOW)
    await shared[0].change(lambda ring: ring, mine)

    async def add(number):
        await shared[number % 2].change(lambda ring: ring.add(f"g{number}", f"key-{number}", NOW), mine)

    await asyncio.gather(*(add(number) for number in range(5)))
    ring = await shared[0].change(lambda ring: ring, mine)
    assert {entry.id for entry in ring.entries} == {"a", "g0", "g1", "g2", "g3", "g4"}
    assert ring.version == 6


async def test_a_change_that_the_rules_forbid_changes_nothing(shared):
    ring = await shared[0].change(lambda ring: ring, Ring.begun("a", "key-a", NOW))
    with pytest.raises(NotPossible):
        await shared[0].change(lambda ring: ring.retire("a", NOW), ring)
    assert await shared[1].change(lambda ring: ring, ring) == ring
