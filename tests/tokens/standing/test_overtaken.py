"""A replica that sleeps in the middle of telling Stream, and wakes when others have gone on."""

import asyncio

import pytest
from sqlalchemy import update

from tidegate.metrics import REGISTRY
from tidegate.store import StoreUnavailable
from tidegate.store.schema import leases
from tidegate.tokens.standing import repo
from tidegate.tokens.standing.push import LEASE_SECONDS
from tidegate.tokens.standing.tell import moment_at_stream
from tidegate.upstream.client import StreamClient
from tidegate.upstream.moderation import Moderation

pytestmark = pytest.mark.anyio


@pytest.fixture
def sleeper(make_pusher, replica):
    return make_pusher(replica, "one")


@pytest.fixture
def awake(make_pusher, other):
    return make_pusher(other, "two")


@pytest.fixture
def sleep(clock, database):
    """Until every lease is over, by the clock of the test and by the database's own."""

    async def until_leases_are_over():
        clock.advance(2 * LEASE_SECONDS)
        async with database.begin() as connection:
            await connection.execute(update(leases).values(expires_at=0.0))

    return until_leases_are_over


@pytest.fixture
def asleep(monkeypatch, sleep):
    """Have a call of one replica's reach Stream only after a long sleep, in which something else is done."""

    def during(place, name, meanwhile):
        call = getattr(place, name)

        async def late(*arguments, **more):
            monkeypatch.setattr(place, name, call)
            await sleep()
            await meanwhile()
            return await call(*arguments, **more)

        monkeypatch.setattr(place, name, late)

    return during


def banned(stream):
    return stream.users["ada"]["banned"]


async def test_a_ban_that_comes_late_does_not_undo_an_unban(sleeper, awake, replica, other, stream, asleep):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")

    async def meanwhile():
        await awake.turn()
        assert banned(stream)
        await other.service.unban("ada", "vera")
        await awake.turn()
        assert (banned(stream), awake.untold()) == (False, (0, 0.0))

    asleep(Moderation, "ban", meanwhile)
    await sleeper.turn()
    assert banned(stream)  # that is what could not be prevented
    assert sleeper.untold()[0] == 1
    await awake.turn()
    assert (banned(stream), awake.untold()) == (False, (0, 0.0))
    assert not (await other.service.of("ada")).standing.banned_there


async def test_not_even_while_a_third_change_is_told(sleeper, awake, replica, other, stream, asleep):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")
    users, told, noted, tasks = awake._teller.users, asyncio.Event(), asyncio.Event(), []

    async def and_waits(standings):
        outcome = await users(standings)
        told.set()
        await noted.wait()
        return outcome

    async def meanwhile():
        await awake.turn()
        await other.service.unban("ada", "vera")
        await awake.turn()
        await other.service.revoke("ada", "vera")
        awake._teller.users = and_waits
        tasks.append(asyncio.create_task(awake.turn()))
        await told.wait()

    asleep(Moderation, "ban", meanwhile)
    await sleeper.turn()
    assert banned(stream)
    noted.set()
    await tasks[0]
    await awake.turn()
    assert (banned(stream), awake.untold()) == (False, (0, 0.0))


async def test_who_wakes_before_a_call_does_not_make_it(sleeper, awake, replica, other, stream, asleep):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")

    async def meanwhile():
        await awake.turn()
        await other.service.unban("ada", "vera")
        await awake.turn()

    counted = ("tidegate_standing_told_total", {"of": "any", "result": "overtaken"})
    before = REGISTRY.get_sample_value(*counted) or 0
    asleep(sleeper._teller, "_introduce", meanwhile)
    bans = len([call for call in stream.requests if (call.method, call.path) == ("POST", "/moderation/ban")])
    await sleeper.turn()
    calls = [call for call in stream.requests if (call.method, call.path) == ("POST", "/moderation/ban")]
    assert (len(calls) - bans, banned(stream)) == (1, False)  # the other replica's
    assert REGISTRY.get_sample_value(*counted) == before + 1


async def test_a_lease_that_ran_out_and_was_taken_again_is_another_one(sleeper, replica, stream, asleep):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")

    async def meanwhile():
        await replica.service.unban("ada", "vera")

    asleep(sleeper._teller, "_introduce", meanwhile)
    await sleeper.turn()
    assert (banned(stream), sleeper.untold()) == (False, (0, 0.0))
    assert not any(call.path == "/moderation/ban" and call.method == "POST" for call in stream.requests)


async def test_where_the_database_is_gone_on_waking_it_is_owed_once_it_is_back(
    sleeper, awake, replica, other, stream, asleep, monkeypatch
):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")
    settle = repo.settle

    async def gone(*_arguments):
        raise StoreUnavailable("unreachable", "gone")

    async def meanwhile():
        await awake.turn()
        await other.service.unban("ada", "vera")
        await awake.turn()
        monkeypatch.setattr(repo, "settle", gone)

    asleep(Moderation, "ban", meanwhile)
    await sleeper.turn()
    assert banned(stream)
    monkeypatch.setattr(repo, "settle", settle)
    await sleeper.turn()
    await awake.turn()
    assert (banned(stream), awake.untold()) == (False, (0, 0.0))


async def test_a_call_whose_end_is_not_known_is_looked_at_again_too(sleeper, awake, replica, other, stream, asleep):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")

    async def meanwhile():
        await awake.turn()
        await other.service.unban("ada", "vera")
        await awake.turn()
        stream.fault("error", status=503)

    asleep(Moderation, "ban", meanwhile)
    await sleeper.turn()
    stream.clear_faults()
    stream.users["ada"]["banned"] = True  # it worked all the same
    assert sleeper.untold()[0] == 1
    await awake.turn()
    assert (banned(stream), awake.untold()) == (False, (0, 0.0))


async def test_a_moment_that_comes_late_moves_nothing_back(sleeper, awake, replica, other, stream, sleep, asleep):
    stream.users.put("ada")
    await replica.service.revoke("ada", "otto")
    await replica.service.revoke_all("otto")
    later = []

    async def for_ada():
        await awake.turn()
        later.append((await other.service.revoke("ada", "vera")).tokens_before)
        await awake.turn()

    async def for_all():
        await awake.turn()
        later.append((await other.service.revoke_all("vera")).cut.last)
        await awake.turn()
        stream.app_settings["revoke_tokens_issued_before"] = None  # or our late call would be refused for it

    asleep(StreamClient, "update_users_partial", for_ada)
    await sleeper.turn()
    await sleep()
    await awake.turn()
    assert moment_at_stream(stream.users["ada"]["revoke_tokens_issued_before"]) == later[0]
    await sleep()
    await replica.service.revoke_all("otto")
    asleep(Moderation, "revoke_app", for_all)
    await sleeper.turn()
    assert moment_at_stream(stream.app_settings["revoke_tokens_issued_before"]) < later[1]
    for _ in range(2):
        await sleep()
        await awake.turn()
    assert moment_at_stream(stream.app_settings["revoke_tokens_issued_before"]) == later[1]
    assert awake.untold() == (0, 0.0)


async def test_who_holds_the_lease_and_is_alone_tells_each_thing_once(sleeper, replica, stream):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")
    await sleeper.turn()
    entry = await replica.service.of("ada")
    assert (entry.standing.version, entry.owed_since) == (1, None)
