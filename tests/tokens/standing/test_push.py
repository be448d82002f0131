"""Telling Stream: over a real socket to the sandbox's, on both databases, with a clock that the test moves."""

import pytest

from tidegate.metrics import REGISTRY
from tidegate.sandbox.stream_errors import StreamFault
from tidegate.sandbox.stream_model import timestamp
from tidegate.tokens.standing.push import LEASE_SECONDS
from tidegate.tokens.standing.service import OPERATOR_AT_STREAM
from tidegate.tokens.standing.tell import moment_at_stream

pytestmark = pytest.mark.anyio


@pytest.fixture
def pusher(make_pusher, replica):
    return make_pusher(replica)


def calls(stream):
    return [f"{call.method} {call.path}" for call in stream.requests]


async def test_a_revocation_reaches_stream_and_is_owed_no_more(pusher, replica, stream, clock):
    stream.users.put("ada", name="Ada", profile_type="pro")
    done = await replica.service.revoke("ada", "otto")
    assert (await replica.service.of("ada")).owed_since == clock.now()
    await pusher.turn()
    assert moment_at_stream(stream.users["ada"]["revoke_tokens_issued_before"]) == done.tokens_before
    assert stream.users["ada"]["profile_type"] == "pro"
    assert (await replica.service.of("ada")).owed_since is None
    assert pusher.untold() == (0, 0.0)


async def test_a_user_who_never_connected_is_made_so_that_a_token_that_is_out_dies(pusher, replica, stream):
    await replica.service.revoke("ada", "otto")
    await replica.service.revoke("bo", "webhook:clerk", absent_ok=True)
    await pusher.turn()
    assert set(stream.users) == {"ada"}
    assert "revoke_tokens_issued_before" in stream.users["ada"]
    assert pusher.untold() == (0, 0.0)


async def test_whom_stream_does_not_know_is_looked_for_again(pusher, replica, stream, clock):
    await replica.service.ban("ada", "webhook:clerk", absent_ok=True)
    await replica.service.ban("bo", "webhook:clerk", absent_ok=True)
    assert await pusher.turn() == pytest.approx(2.01)
    stream.users.put("ada")  # the profile was on its way
    clock.advance(2)
    await pusher.turn()
    assert stream.users["ada"]["banned"]
    assert "bo" not in stream.users
    clock.advance(119)
    await pusher.turn()
    assert (await replica.service.of("bo")).owed_since is not None
    clock.advance(1)
    await pusher.turn()
    assert (await replica.service.of("bo")).owed_since is None
    assert "bo" not in stream.users


async def test_many_are_told_by_few_calls(pusher, replica, stream):
    for number in range(120):
        stream.users.put(f"user-{number}")
        await replica.service.revoke(f"user-{number}", "otto")
    await pusher.turn()
    assert pusher.untold() == (0, 0.0)
    assert len(calls(stream)) == 4


async def test_a_ban_its_rest_and_its_end(pusher, replica, stream, clock):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto", until=clock.now() + 600, note="spam")
    clock.advance(300)
    await pusher.turn()
    ban = next(call for call in stream.requests if call.path == "/moderation/ban").body
    assert ban == {"target_user_id": "ada", "user_id": OPERATOR_AT_STREAM, "reason": "spam", "timeout": 6}
    assert stream.users["ada"]["banned"]
    assert OPERATOR_AT_STREAM in stream.users
    await replica.service.unban("ada", "otto")
    await pusher.turn()
    assert not stream.users["ada"]["banned"]
    assert not (await replica.service.of("ada")).standing.banned_there


async def test_a_moderators_own_ban_is_not_ours_to_lift(pusher, replica, stream):
    stream.users.put("ada", banned=True)
    await replica.service.revoke("ada", "otto")
    await pusher.turn()
    assert stream.users["ada"]["banned"]


async def test_a_ban_and_its_end_before_stream_was_told_of_either(pusher, replica, stream):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")
    await replica.service.unban("ada", "otto")
    await pusher.turn()
    assert not stream.users["ada"]["banned"]
    assert not any("moderation" in call for call in calls(stream))


async def test_a_replica_that_does_not_tell_forgets_what_is_over_too(make_pusher, replica, other, clock):
    telling, watching = make_pusher(replica), make_pusher(other, "two")
    await replica.service.revoke("ada", "otto", absent_ok=True)
    await other.bus.catch_up()
    await telling.turn()
    clock.advance(61 * 86_400)
    await telling.turn()
    assert other.memory.knows("ada")
    await watching.turn()
    assert not other.memory.knows("ada")


async def test_deactivation_and_back(pusher, replica, stream):
    stream.users.put("ada")
    await replica.service.ban("ada", "webhook:clerk", deactivate=True)
    await pusher.turn()
    assert not stream.users.active("ada")
    await replica.service.ban("ada", "otto", note="again", deactivate=True)
    await pusher.turn()  # who is deactivated already is not deactivated again
    assert pusher.untold() == (0, 0.0)
    await replica.service.unban("ada", "otto")
    await pusher.turn()
    assert stream.users.active("ada")


async def test_everybodys_tokens(pusher, replica, stream):
    done = await replica.service.revoke_all("otto")
    await pusher.turn()
    assert moment_at_stream(stream.app_settings["revoke_tokens_issued_before"]) == done.cut.last
    assert pusher.untold() == (0, 0.0)


async def test_a_later_moment_that_stream_knows_stays(pusher, replica, stream, clock):
    later = timestamp(clock.now() - 1)
    stream.app_settings["revoke_tokens_issued_before"] = later
    stream.users.put("ada", revoke_tokens_issued_before=timestamp(clock.now() + 5))
    await replica.service.revoke_between(clock.now() - 100, clock.now() - 50, "otto")
    await replica.service.revoke("ada", "otto")
    await pusher.turn()
    assert stream.app_settings["revoke_tokens_issued_before"] == later
    assert not any(call.startswith("PATCH") for call in calls(stream))


async def test_while_stream_is_down_it_is_tried_again_and_says_why(pusher, replica, stream, clock):
    stream.users.put("ada")
    stream.fault("error", status=503)
    await replica.service.ban("ada", "otto")
    await replica.service.revoke_all("otto")
    waits = []
    for _ in range(8):
        waits.append(await pusher.turn())
        clock.advance(waits[-1])
    # Half a second, doubled; the pusher looks in between anyway.
    assert waits[:4] == pytest.approx([0.5, 1.0, 2.0, 4.0])
    assert max(waits) <= 5.0
    entry = await replica.service.of("ada")
    assert (entry.owed_since is None, entry.trouble) == (False, "-1")
    count, waited = pusher.untold()
    assert count == 2
    assert waited > 7
    assert REGISTRY.get_sample_value("tidegate_standing_owed") == 2
    stream.clear_faults()
    clock.advance(15)
    await pusher.turn()
    assert pusher.untold() == (0, 0.0)
    assert stream.users["ada"]["banned"]
    assert stream.app_settings["revoke_tokens_issued_before"]


async def test_one_whom_stream_refuses_holds_up_nobody(pusher, replica, stream, clock, monkeypatch):
    for user in ("ada", "bo"):
        stream.users.put(user)
        await replica.service.revoke(user, "otto")
    patch = stream.users.patch

    def refusing(updates):
        if any(update["id"] == "ada" for update in updates):
            raise StreamFault(4, "not this one")
        return patch(updates)

    monkeypatch.setattr(stream.users, "patch", refusing)
    wait = await pusher.turn()
    assert (await replica.service.of("bo")).owed_since is None
    assert (await replica.service.of("ada")).trouble == "4"
    assert wait == 2.0
    await pusher.turn()
    assert sum(call == "PATCH /users" for call in calls(stream)) == 3
    monkeypatch.undo()
    clock.advance(wait)
    await pusher.turn()
    assert pusher.untold() == (0, 0.0)


async def test_one_replica_tells_and_another_goes_on_when_it_is_gone(make_pusher, replica, other, stream, clock):
    stream.users.put("ada")
    first, second = make_pusher(replica, "one"), make_pusher(other, "two")
    await first.turn()
    await other.service.revoke("ada", "otto")
    await second.turn()
    assert calls(stream) == []
    assert second.untold()[0] == 1  # it knows all the same
    await first._lease.release()
    clock.advance(LEASE_SECONDS)
    await second.turn()
    assert second.untold() == (0, 0.0)


async def test_what_changes_while_stream_is_told_is_told_too(pusher, replica, stream, monkeypatch):
    stream.users.put("ada")
    await replica.service.ban("ada", "otto")
    teller, users = pusher._teller, pusher._teller.users

    async def meanwhile(standings):
        monkeypatch.setattr(teller, "users", users)
        outcome = await users(standings)
        await replica.service.unban("ada", "otto")
        return outcome

    monkeypatch.setattr(teller, "users", meanwhile)
    await pusher.turn()
    assert not stream.users["ada"]["banned"]
    assert pusher.untold() == (0, 0.0)


async def test_without_a_database_it_waits(pusher, replica):
    await replica.database.aclose()
    assert await pusher.turn() == 5.0


@pytest.mark.parametrize(("stamp", "moment"), [(None, 0), ("", 0), ("x", 0), ("2026-03-01T12:00:00.5Z", 1_772_366_401)])
def test_streams_times(stamp, moment):
    assert moment_at_stream(stamp) == moment
