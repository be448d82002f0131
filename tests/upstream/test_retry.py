"""When a call is made again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.upstream.errors import (
    AuthFailed,
    BreakerOpen,
    InputError,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
    UpstreamBusy,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tidegate.upstream.retry import RetryPolicy

FULL = RetryPolicy(attempts=3, base_s=0.1, cap_s=2.0, jitter=lambda: 1.0)


@pytest.mark.parametrize("kind", [ServerFault, UpstreamTimeout, UpstreamUnreachable])
def test_outages_wait_longer_each_time(kind):
    patient = RetryPolicy(attempts=9, jitter=lambda: 1.0)
    waits = [patient.wait_seconds(kind("x"), tried) for tried in range(1, 10)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, None])


@pytest.mark.parametrize("kind", [InputError, AuthFailed, BreakerOpen, UpstreamBusy, UnexpectedAnswer])
def test_what_time_does_not_mend_is_not_repeated(kind):
    assert FULL.wait_seconds(kind("x"), 1) is None


def test_429_waits_as_long_as_it_was_told():
    assert FULL.wait_seconds(RateLimited("x", retry_after=10.0), 1) == pytest.approx(11.0)
    assert RetryPolicy(jitter=lambda: 0.0).wait_seconds(RateLimited("x", retry_after=10.0), 1) == 10.0
    assert RetryPolicy(jitter=lambda: 0.0).wait_seconds(RateLimited("x"), 1) == 1.0


@given(tried=st.integers(1, 50), jitter=st.floats(0, 1))
def test_waits_are_bounded(tried, jitter):
    wait = RetryPolicy(attempts=100, jitter=lambda: jitter).wait_seconds(ServerFault("x"), tried)
    assert 0 <= wait <= 2.0
