"""What Stream says of its limits is believed only where it makes sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock
from tidegate.metrics import REGISTRY
from tidegate.upstream.model import Operation
from tidegate.upstream.quota import Quota

START = 1_000_000.0


def headers(limit="100", remaining="50", reset="1000060"):
    return {"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}


def test_nothing_is_known_at_first():
    quota = Quota(ManualClock(START))
    assert quota.lowest_ratio() is None
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 0


def test_the_lowest_of_several():
    quota = Quota(ManualClock(START))
    quota.observe(Operation.QUERY_USERS, headers(remaining="50"))
    quota.observe(Operation.UPDATE_USERS, headers(limit="300", remaining="30"))
    assert quota.lowest_ratio() == 0.1
    gauge = "tidegate_upstream_quota_remaining_ratio"
    assert REGISTRY.get_sample_value(gauge, {"endpoint": "update_users"}) == 0.1


def test_a_window_that_has_ended_says_nothing():
    clock = ManualClock(START)
    quota = Quota(clock)
    quota.observe(Operation.QUERY_USERS, headers(remaining="0"))
    assert quota.lowest_ratio() == 0
    clock.advance(60)
    assert quota.lowest_ratio() is None
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 0


def test_the_reserve_is_waited_out():
    clock = ManualClock(START)
    quota = Quota(clock)
    quota.observe(Operation.QUERY_USERS, headers(remaining="21"))
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 0
    quota.observe(Operation.QUERY_USERS, headers(remaining="20"))
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 60
    clock.advance(45)
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 15
    assert quota.wait_seconds(Operation.UPDATE_USERS, 0.2) == 0


def test_a_reset_far_away_is_a_wrong_clock():
    quota = Quota(ManualClock(START))
    quota.observe(Operation.QUERY_USERS, headers(remaining="0", reset="2000000"))
    assert quota.wait_seconds(Operation.QUERY_USERS, 0.2) == 60


@pytest.mark.parametrize("wrong", ["", "x", "-1", "nan", "inf", "1e3", "\uff19", "1" * 30, None, " 1", "0x10"])
@pytest.mark.parametrize("member", ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"])
def test_garbage_changes_nothing(wrong, member):
    quota = Quota(ManualClock(START))
    quota.observe(Operation.QUERY_USERS, headers(remaining="7"))
    given_headers = headers() | {member: wrong}
    if wrong is None:
        del given_headers[member]
    assert quota.observe(Operation.QUERY_USERS, given_headers) is None
    assert quota.current(Operation.QUERY_USERS).remaining == 7


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_text_does_harm(limit, remaining, reset):
    quota = Quota(ManualClock(START))
    quota.observe(Operation.QUERY_USERS, headers(limit, remaining, reset))
    ratio = quota.lowest_ratio()
    assert ratio is None or 0 <= ratio <= 1
    assert 0 <= quota.wait_seconds(Operation.QUERY_USERS, 0.2) <= 60


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_ratios_stay_between_0_and_1(limit, remaining):
    quota = Quota(ManualClock(START))
    seen = quota.observe(Operation.QUERY_USERS, headers(str(limit), str(remaining)))
    assert (seen is None) == (limit == 0)
    assert seen is None or seen.ratio == min(1.0, remaining / limit)
