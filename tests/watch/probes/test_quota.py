"""The forecast of when a limit runs out, and what the probe makes of it."""

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock, SystemClock
from tidegate.credentials import Credentials
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.upstream.breaker import Breaker
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.model import Operation, RateLimit
from tidegate.upstream.quota import Quota
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import State
from tidegate.watch.probes.quota import LIMITS_SHOWN, QuotaProbe, forecast, judged

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("limit", "remaining", "left", "spent_in"),
    [
        (300, 300, 30, None),  # nothing used
        (300, 100, 30, 15.0),  # 200 in 30 s: the other 100 last for 15
        (300, 150, 30, None),  # the pace is just so that the window ends first
        (300, 149, 30, pytest.approx(29.6, abs=0.01)),
        (300, 0, 30, 0.0),  # spent
        (300, 200, 55, None),  # five seconds say nothing
        (300, 250, 30, None),  # a sixth of it is not worth a word
        (300, 100, -1, None),  # the window is over
    ],
)
def test_the_pace_of_a_window_goes_on(limit, remaining, left, spent_in):
    assert forecast("UpdateUsers", RateLimit(limit, remaining, NOW + left), NOW).spent_in_s == spent_in


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.floats(-100, 100))
def test_no_forecast_lies_beyond_its_window(limit, remaining, left):
    found = forecast("x", RateLimit(limit, min(limit, remaining), NOW + left), NOW)
    assert found.spent_in_s is None or 0 <= found.spent_in_s <= max(left, 0)


def found(**limits):
    return judged({name: forecast(name, RateLimit(100, left, NOW + 30), NOW) for name, left in limits.items()}, NOW)


def test_enough_is_left():
    outcome = found(GetApp=90, Ban=80)
    assert (outcome.state, outcome.figures["lowest_ratio"], outcome.figures["limits"]) == (State.OK, 0.8, 2)


def test_a_limit_that_runs_out_is_named_before_it_is_low():
    outcome = found(GetApp=90, UpdateUsers=40)
    assert (outcome.state, outcome.cause) == (State.WARNING, Cause.QUOTA_RUNNING_OUT)
    assert outcome.text == "At this pace Stream's rate limit of UpdateUsers is spent in 20 s."
    assert outcome.figures["spent_in_seconds:UpdateUsers"] == pytest.approx(20)


def test_a_low_one_and_a_spent_one():
    low, spent = found(GetApp=19), found(GetApp=0)
    assert (low.state, low.cause) == (State.WARNING, Cause.QUOTA_LOW)
    assert (spent.state, spent.cause) == (State.FAILING, Cause.QUOTA_LOW)
    assert "GetApp" in spent.text


def test_the_figures_have_an_end():
    outcome = found(**{f"Limit{number}": 100 - number for number in range(60)})
    assert sum(name.startswith("ratio:") for name in outcome.figures) == LIMITS_SHOWN
    assert outcome.figures["ratio:Limit59"] == pytest.approx(0.41)


@pytest.mark.anyio
async def test_against_the_sandbox():
    sandbox, clock = Sandbox(), SystemClock()
    with SandboxServer(sandbox) as server:
        quota = Quota(clock)
        client = StreamClient(
            Credentials.of(*sandbox.credentials()).access(clock),
            ClientOptions(server.stream_url, timeout_s=1.0),
            clock=clock,
            breaker=Breaker(clock),
            quota=quota,
            log=structlog.get_logger(),
        )
        probe = QuotaProbe(client, clock, 1.0)
        fine = await probe.run()
        sandbox.stream.fault("error", status=500)
        unasked = await probe.run()
        low = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "3", "x-ratelimit-reset": f"{clock.now() + 30}"}
        quota.observe(Operation.UPDATE_USERS, low)
        heard = await probe.run()
        await client.aclose()
        asked = [request.path for request in sandbox.stream.requests]
    assert fine.state is State.OK
    assert fine.figures["ratio:GetApp"] == 1.0
    assert (unasked.state, unasked.cause) == (State.UNKNOWN, Cause.STREAM_ERRORS)
    assert (heard.state, heard.cause) == (State.WARNING, Cause.QUOTA_LOW)
    assert "update_users" in heard.text
    assert asked == ["/rate_limits"] * 3  # one call a run, no matter what comes back


def test_a_window_that_is_over_is_not_looked_at():
    clock = ManualClock(NOW)
    quota = Quota(clock)
    headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOW) + 10)}
    quota.observe(Operation.GET_APP, headers)
    assert quota.running() == {"get_app": (RateLimit(100, 3, NOW + 10), NOW)}
    clock.advance(11)
    assert quota.running() == {}
