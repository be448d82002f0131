import pytest

from tidegate.clock import ManualClock
from tidegate.sandbox.stream_errors import StreamFault
from tidegate.sandbox.stream_limits import PLATFORMS, TRACKED, RateLimits
from tidegate.sandbox.stream_tokens import Caller, CallerKind

SERVER = Caller(CallerKind.SERVER, "", None)
START = 1_700_000_040.0  # a whole minute


def user(name="ada"):
    return Caller(CallerKind.USER, name, None)


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def limits(clock):
    return RateLimits(clock.now)


def test_a_burst_of_a_thirtieth_per_second(limits, clock):
    for _ in range(10):
        limits.debit("UpdateUsers", SERVER)
    with pytest.raises(StreamFault, match="code 9"):
        limits.debit("UpdateUsers", SERVER)

    clock.advance(1)
    limits.debit("UpdateUsers", SERVER)
    assert limits.standing("UpdateUsers").remaining == 300 - 11


def test_a_minute_has_its_share(limits, clock):
    limits.burst = False
    for _ in range(300):
        limits.debit("UpdateUsers", SERVER)
    clock.advance(59)
    with pytest.raises(StreamFault):
        limits.debit("UpdateUsers", SERVER)

    assert limits.standing("UpdateUsers").headers() == {
        "X-RateLimit-Limit": "300",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(START) + 60),
    }
    clock.advance(1)
    limits.debit("UpdateUsers", SERVER)


def test_endpoints_do_not_share(limits):
    limits.exhaust("UpdateUsers")

    limits.debit("UpdateUsersPartial", SERVER)
    with pytest.raises(StreamFault):
        limits.debit("UpdateUsers", SERVER)


def test_one_user_has_sixty_a_minute(limits, clock):
    for _ in range(30):
        limits.debit("QueryUsers", user())
        limits.debit("QueryUsers", user())
        clock.advance(1)
    with pytest.raises(StreamFault):
        limits.debit("QueryUsers", user())

    limits.debit("QueryUsers", user("grace"))
    assert limits.standing("QueryUsers").remaining == 1000
    assert limits.standing("QueryUsers", "web").remaining == 1000 - 61


def test_all_figures(limits):
    limits.debit("GetApp", SERVER)

    everything = limits.all({}, frozenset())
    assert tuple(everything) == PLATFORMS
    assert everything["server_side"]["GetApp"] == {"limit": 10_000, "remaining": 9_999, "reset": int(START) + 60}
    assert limits.all({"web": True}, frozenset({"GetApp"})) == {
        "web": {"GetApp": {"limit": 10_000, "remaining": 10_000, "reset": int(START) + 60}}
    }


def test_it_forgets_users_of_past_minutes(limits, clock):
    limits.per_minute["QueryUsers"] = 10**9
    for number in range(TRACKED + 1):
        limits.debit("QueryUsers", user(f"u{number}"))
    clock.advance(60)
    limits.debit("QueryUsers", SERVER)

    assert len(limits._windows) < 10
