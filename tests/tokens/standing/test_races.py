"""What happens between two statements, and texts that a database does not take; on both databases."""

import asyncio

import pytest

from tidegate.tokens.standing import repo
from tidegate.tokens.standing.service import StandingFull, StandingRefused

from .conftest import Replica

pytestmark = pytest.mark.anyio

DAY = 86_400


async def pruning_during(replica, clock, monkeypatch, change):
    """Make a change while another replica forgets what is old, right after the row was made or found."""
    locked, pruned = repo.locked, []

    async def prune():
        async with replica.database.begin() as connection:
            return await repo.prune(connection, clock.now(), 60 * DAY)

    class Interrupted:
        """A connection after whose first statement the others go on."""

        def __init__(self, connection):
            self._connection = connection

        async def execute(self, statement):
            result = await self._connection.execute(statement)
            if not pruned:
                pruned.append(asyncio.create_task(prune()))
                await asyncio.sleep(0.1)
            return result

    async def and_prune(connection, dialect, user_id):
        return await locked(Interrupted(connection), dialect, user_id)

    monkeypatch.setattr(repo, "locked", and_prune)
    done = await change()
    await pruned[0]
    return done


async def test_a_row_that_is_forgotten_while_it_is_changed_is_not(replica, clock, monkeypatch):
    await replica.service.revoke("ada", "otto")
    async with replica.database.begin() as connection:
        await repo.settle(connection, "ada", 1)
    clock.advance(61 * DAY)
    done = await pruning_during(replica, clock, monkeypatch, lambda: replica.service.ban("ada", "otto"))
    entry = await replica.service.of("ada")
    assert (done.version, entry.standing.version, entry.owed_since) == (2, 2, clock.now())


async def test_an_old_ban_that_is_lifted_while_it_is_forgotten_is_told(replica, clock, monkeypatch):
    await replica.service.ban("ada", "otto", until=clock.now() + DAY)
    async with replica.database.begin() as connection:
        await repo.settle(connection, "ada", 1)
    clock.advance(62 * DAY)
    done = await pruning_during(replica, clock, monkeypatch, lambda: replica.service.unban("ada", "otto"))
    async with replica.database.read() as connection:
        owed = await repo.debts(connection, 10, [], clock.now())
        count = (await repo.arrears(connection)).entries
    assert [entry.standing for entry in owed] == [done]
    assert count == 1


@pytest.mark.parametrize("text", ["a\0b", "\0", "a.b", "ä", "\U0001f600", "\ufffd", "x" * 256, "tg-@operator"])
async def test_what_is_no_user_id_never_reaches_the_database(replica, text):
    for asked in (replica.service.of(text), replica.service.listed(text, 1, pending=False)):
        with pytest.raises(StandingRefused):
            await asked


async def test_webhooks_leave_room_for_operators(database, clock):
    service = Replica.of(database, clock, capacity=20).service
    for number in range(18):
        assert service.has_room()
        await service.revoke(f"user-{number}", "webhook:clerk", part=0.9)
    assert not service.has_room()
    with pytest.raises(StandingFull):
        await service.revoke("ada", "webhook:clerk", part=0.9)
    await service.revoke("user-1", "webhook:clerk", part=0.9)  # who has a mark needs no room
    await service.ban("ada", "webhook:clerk", part=0.95)
    with pytest.raises(StandingFull):
        await service.ban("bo", "webhook:clerk", part=0.95)
    assert (await service.ban("bo", "otto")).version == 1
    assert (await service.of("cy")).standing.version == 0
