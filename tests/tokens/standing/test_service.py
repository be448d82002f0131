"""Writing down revocations and bans on both databases, and every replica knowing them."""

import pytest

from support.issuing import NOW, clerk_claims, subject
from tidegate.errors import Reason, Refusal
from tidegate.store import Database, StoreUnavailable
from tidegate.tokens.standing import repo
from tidegate.tokens.standing.model import FOREVER, NEVER, Cut, Entry
from tidegate.tokens.standing.service import CUTS_MOST, OPERATOR_AT_STREAM, StandingFull, StandingRefused

from .conftest import Replica

pytestmark = pytest.mark.anyio


async def test_a_revocation_is_known_here_at_once_and_elsewhere_by_the_bus(replica, other):
    await other.bus.catch_up()
    done = await replica.service.revoke("ada", "otto")
    assert (done.sessions_before, done.tokens_before, done.version, done.changed_by) == (NOW + 1, NOW + 1, 1, "otto")
    assert replica.memory.knows("ada")
    assert not other.memory.knows("ada")
    await other.bus.catch_up()
    assert other.memory.floor("ada", NOW + 100) == NOW + 2


async def test_a_ban_and_its_end(replica, other):
    await replica.service.ban("ada", "otto", until=NOW + 60.5, note="spam")
    entry = await other.service.of("ada")
    assert entry == Entry(entry.standing, NOW + 0.25, "")
    assert (entry.standing.banned_until, entry.standing.note) == (NOW + 61, "spam")
    assert (entry.standing.sessions_before, entry.standing.tokens_before) == (NEVER, NOW + 1)
    lifted = await other.service.unban("ada", "vera")
    assert (lifted.banned_until, lifted.note, lifted.version, lifted.changed_by) == (NEVER, "", 2, "vera")
    assert lifted.banned_there  # Stream is to be told


async def test_a_replica_that_starts_loads_everything(replica, other, monkeypatch):
    monkeypatch.setattr("tidegate.tokens.standing.service._LOADED_AT_ONCE", 2)
    for number in range(5):
        await replica.service.ban(f"user-{number}", "otto")
    await replica.service.revoke_all("otto")
    await other.bus.catch_up()
    assert len(other.memory) == 5
    assert other.memory.floor("anybody", NOW + 100) == NOW + 2


async def test_revocations_for_everybody(replica, other):
    await other.bus.catch_up()
    await replica.service.revoke_between(NOW - 100, NOW - 50.5, "otto")
    await replica.service.revoke_between(NOW - 90, NOW - 10, "otto")
    await other.bus.catch_up()
    assert other.memory.floor("anybody", NOW + 100) == NOW - 9
    records, pending = await other.service.cuts()
    assert [record.cut for record in records] == [Cut(NOW - 100, NOW - 50), Cut(NOW - 90, NOW - 10)]
    assert pending
    await replica.service.revoke_all("vera")
    await other.bus.catch_up()
    records, _ = await other.service.cuts()
    assert [(record.cut, record.changed_by) for record in records] == [(Cut(NEVER, NOW + 1), "vera")]
    assert other.memory.floor("anybody", NOW + 100) == NOW + 2


async def test_spans_are_bounded(replica):
    for number in range(CUTS_MOST):
        await replica.service.revoke_between(NOW - 1_000 - number, NOW - 500 - number, "otto")
    with pytest.raises(StandingRefused, match="--all"):
        await replica.service.revoke_between(NOW - 5_000, NOW - 4_000, "otto")
    records, _ = await replica.service.cuts()
    assert len(records) == CUTS_MOST
    await replica.service.revoke_all("otto")


@pytest.mark.parametrize("user", ["", "a.b", "a b", "x" * 256, OPERATOR_AT_STREAM])
async def test_what_is_no_user_is_refused(replica, user):
    with pytest.raises(StandingRefused):
        await replica.service.revoke(user, "otto")


async def test_bans_that_make_no_sense(replica):
    for options in ({"until": NOW - 1}, {"until": float("inf")}, {"note": "x" * 201}, {"note": "a\nb"}):
        with pytest.raises(StandingRefused):
            await replica.service.ban("ada", "otto", **options)
    with pytest.raises(StandingRefused, match="not banned"):
        await replica.service.unban("ada", "otto")
    assert await replica.service.listed("", 10, pending=False) == []
    assert not replica.memory.knows("ada")


@pytest.mark.parametrize(("first", "last"), [(NOW, NOW - 1), (NOW, NOW + 10), (-5, NOW), (NOW, float("nan"))])
async def test_spans_that_make_no_sense(replica, first, last):
    with pytest.raises(StandingRefused):
        await replica.service.revoke_between(first, last, "otto")


async def test_nobody_is_forgotten_to_make_room(database, clock):
    replica = Replica.of(database, clock, capacity=2)
    await replica.service.ban("ada", "otto")
    await replica.service.ban("bo", "otto")
    with pytest.raises(StandingFull):
        await replica.service.ban("cy", "otto")
    await replica.service.revoke("ada", "otto")
    assert [entry.standing.user_id for entry in await replica.service.listed("", 10, pending=False)] == ["ada", "bo"]


async def test_listing_goes_on_behind_the_last_one(replica):
    for user in ("bo", "ada", "cy"):
        await replica.service.revoke(user, "otto")
    listed = await replica.service.listed("", 2, pending=True)
    assert [entry.standing.user_id for entry in listed] == ["ada", "bo"]
    assert [entry.standing.user_id for entry in await replica.service.listed("bo", 2, pending=True)] == ["cy"]


async def test_what_can_refuse_nothing_any_more_is_forgotten_once_stream_knows(replica, clock):
    old = await replica.service.revoke("old", "otto")
    await replica.service.revoke("owed", "otto")
    banned = await replica.service.ban("banned", "otto")
    await replica.service.revoke_all("otto")
    async with replica.database.begin() as connection:
        for standing in (old, banned):
            assert await repo.settle(connection, standing.user_id, standing.version)
            assert not await repo.settle(connection, standing.user_id, standing.version)
    clock.advance(61 * 86_400)
    assert await replica.service.prune() == 2
    assert not replica.memory.knows("old")
    assert (await replica.service.of("banned")).standing.banned_until == FOREVER
    assert (await replica.service.of("owed")).owed_since is not None
    assert (await replica.service.cuts())[0] == []


async def test_a_new_ban_counts_where_a_replica_still_remembers_what_the_database_forgot(replica, other, clock):
    for _ in range(3):
        done = await replica.service.revoke("ada", "otto")
    await other.bus.catch_up()
    async with replica.database.begin() as connection:
        assert await repo.settle(connection, "ada", done.version)
    clock.advance(61 * 86_400)
    assert await replica.service.prune() == 1
    assert other.memory.knows("ada")
    assert (await replica.service.ban("ada", "otto")).version == 1
    await other.bus.catch_up()
    with pytest.raises(Refusal) as refused:
        other.memory.check("ada", subject(clerk_claims(NOW)), clock.now())
    assert refused.value.reason is Reason.SUBJECT_BANNED


async def test_a_ban_that_adds_shortens_nothing(replica):
    await replica.service.ban("ada", "otto", note="spam")
    added = await replica.service.ban("ada", "webhook:supabase", until=NOW + 60, adds=True)
    assert (added.banned_until, added.note, added.deactivated) == (FOREVER, "spam", False)
    await replica.service.ban("bo", "otto", until=NOW + 60, note="spam")
    added = await replica.service.ban("bo", "webhook:clerk", deactivate=True, adds=True)
    assert (added.banned_until, added.note, added.deactivated) == (FOREVER, "spam", True)
    added = await replica.service.ban("bo", "webhook:supabase", until=NOW + 60, adds=True)
    assert (added.banned_until, added.deactivated) == (FOREVER, True)
    replaced = await replica.service.ban("bo", "otto", until=NOW + 60)
    assert (replaced.banned_until, replaced.note, replaced.deactivated) == (NOW + 60, "", False)


async def test_the_note_of_a_ban_that_is_over_is_not_that_of_the_next(replica, clock):
    await replica.service.ban("ada", "otto", until=NOW + 60, note="spam")
    clock.advance(120)
    added = await replica.service.ban("ada", "webhook:clerk", adds=True)
    assert (added.banned_until, added.note) == (FOREVER, "")


async def test_a_change_that_fails_leaves_no_trace(replica, other, monkeypatch):
    async def broken(*_):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(replica.bus, "publish", broken)
    with pytest.raises(RuntimeError):
        await replica.service.ban("ada", "otto")
    assert not replica.memory.knows("ada")
    await other.bus.catch_up()
    assert not other.memory.knows("ada")
    assert (await other.service.of("ada")).standing.version == 0


async def test_without_a_database_a_command_fails_loudly_and_what_is_known_holds(replica, clock):
    await replica.service.ban("ada", "otto")
    await replica.database.aclose()
    with pytest.raises(StoreUnavailable):
        await replica.service.ban("bo", "otto")
    assert replica.memory.knows("ada")
    assert not replica.memory.knows("bo")
    assert isinstance(replica.database, Database)
    assert clock.now()
