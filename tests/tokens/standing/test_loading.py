"""From a replica's start until it has read who is banned."""

import pytest
from structlog.testing import capture_logs

from support.issuing import NOW, clerk_claims, subject
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.metrics import REGISTRY
from tidegate.store import StoreUnavailable
from tidegate.tokens.standing import repo
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.model import FOREVER, NEVER, Cut, Mark

pytestmark = pytest.mark.anyio


@pytest.fixture
def who():
    return subject(clerk_claims())


@pytest.fixture
def starting(clock):
    memory = Standing()
    memory.expect_load(clock, 5)
    return memory


def reason(memory, who, user_id="ada", now=NOW):
    try:
        memory.check(user_id, who, now)
    except Refusal as refusal:
        return refusal.reason
    return None


async def test_who_keeps_nothing_waits_for_nothing(who):
    assert (reason(Standing(), who), Standing().knowledge) == (None, "known")


async def test_nobody_gets_a_token_until_everything_was_read(starting, who):
    with pytest.raises(Refusal) as refused:
        starting.check("ada", who, NOW)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.STORE_UNAVAILABLE, 1)
    assert (starting.knowledge, REGISTRY.get_sample_value("tidegate_standing_loaded")) == ("loading", 0)
    starting.loaded()
    assert (starting.knowledge, REGISTRY.get_sample_value("tidegate_standing_loaded")) == ("known", 1)
    assert reason(starting, who) is None


async def test_who_is_known_to_be_banned_hears_that(starting, who):
    starting.mark("ada", Mark(NOW, NEVER, FOREVER, 1))
    assert reason(starting, who) is Reason.SUBJECT_BANNED


async def test_revocations_for_everybody_end_no_waiting_and_outlast_it(starting, who):
    starting.cut([Cut(NEVER, NOW - 100)])
    assert reason(starting, who) is Reason.STORE_UNAVAILABLE
    starting.cut([])
    assert reason(starting, who) is Reason.STORE_UNAVAILABLE
    starting.cut([Cut(NEVER, NOW + 1)])
    starting.loaded()
    assert reason(starting, who) is Reason.SESSION_REVOKED


async def test_after_a_while_without_a_word_it_goes_on_and_says_so_once(starting, who, clock):
    clock.advance(4.9)
    assert reason(starting, who) is Reason.STORE_UNAVAILABLE
    clock.advance(0.2)
    with capture_logs() as logged:
        assert [reason(starting, who), reason(starting, who)] == [None, None]
    assert [line["event"] for line in logged] == ["standing_not_loaded"]
    assert starting.knowledge == "unknown"
    starting.loaded()
    assert starting.knowledge == "known"


async def test_while_no_use_of_the_database_failed_it_is_waited_for_longer(who, clock):
    memory, sound = Standing(), [True]
    memory.expect_load(clock, 5, lambda: sound[0])
    clock.advance(59)
    assert reason(memory, who) is Reason.STORE_UNAVAILABLE
    sound[0] = False
    assert reason(memory, who) is None
    sound[0] = True
    clock.advance(1)
    assert memory.knowledge == "unknown"


async def test_a_database_that_has_more_to_say_is_waited_for(starting, who, clock):
    for _ in range(10):
        clock.advance(4)
        starting.advances()
    assert reason(starting, who) is Reason.STORE_UNAVAILABLE
    starting.loaded()
    starting.advances()
    assert starting.knowledge == "known"


async def test_the_first_load_ends_it(replica, other, clock, who, monkeypatch):
    monkeypatch.setattr("tidegate.tokens.standing.service._LOADED_AT_ONCE", 2)
    for number in range(4):
        await replica.service.ban(f"user-{number}", "otto")
    other.memory.expect_load(clock, 5)
    page, waited = repo.page, []

    async def slow(*arguments, **more):
        waited.append(other.memory.knowledge)
        clock.advance(4)  # each page takes long, none too long
        return await page(*arguments, **more)

    monkeypatch.setattr(repo, "page", slow)
    await other.bus.catch_up()
    assert waited == ["loading"] * 3
    assert (other.memory.knowledge, reason(other.memory, who, "user-3")) == ("known", Reason.SUBJECT_BANNED)


async def test_a_load_that_fails_does_not(replica, clock, monkeypatch):
    replica.memory.expect_load(clock, 5)

    async def gone(*_arguments, **_more):
        raise StoreUnavailable("unreachable", "gone")

    monkeypatch.setattr(repo, "all_cuts", gone)
    with pytest.raises(StoreUnavailable):
        await replica.bus.catch_up()
    assert replica.memory.knowledge == "loading"
    monkeypatch.undo()
    await replica.bus.catch_up()
    assert replica.memory.knowledge == "known"


@pytest.mark.parametrize(("before", "floor"), [(-100, 0), (-66, 0), (-30, -29), (-6, -5)])
async def test_what_others_told_stream_of_a_user_moves_the_tokens_that_it_concerns(before, floor):
    memory = Standing()
    memory.stream_says_of("ada", NOW + before, NOW)
    assert memory.floor("ada", NOW) == (NOW + floor if floor else 0)
    assert memory.floor("bo", NOW) == 0
    assert len(memory) == 0  # it takes no room from revocations of ours


async def test_a_moment_ahead_is_believed_for_a_minute():
    memory = Standing()
    memory.stream_says_of("ada", NOW + 1_000_000, NOW)
    with pytest.raises(Refusal) as refused:
        memory.floor("ada", NOW)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.RECENTLY_REVOKED, 66)
    assert memory.floor("ada", NOW + 66) == NOW + 61
    memory.prune(NOW + 126, 60)
    assert memory.floor("ada", NOW + 126) == 0


async def test_what_is_known_here_already_is_not_kept_twice_and_the_rest_is_bounded():
    memory = Standing()
    memory.mark("ada", Mark(NOW, NEVER, NEVER, 1))
    memory.stream_says_of("ada", NOW - 1, NOW)
    for number in range(1_100):
        memory.stream_says_of(f"user-{number}", NOW - 10, NOW)
    assert len(memory._there) == 1_000
    memory.stream_says_of("bo", NOW + 90, NOW + 100)
    assert list(memory._there) == ["bo"]
    assert memory.floor("user-1099", NOW) == 0


async def test_the_clock_of_the_wait_is_not_the_walls():
    class Jumping(ManualClock):
        def now(self):
            return 0.0

    memory = Standing()
    memory.expect_load(Jumping(), 0)
    assert memory.knowledge == "unknown"
