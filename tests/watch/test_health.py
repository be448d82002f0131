"""The judgement of health: routes.md's table, row by row, and that no mixture breaks it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.identity.keysource import KeyState
from tidegate.upstream.breaker import BreakerState
from tidegate.watch.health import judge, key_type
from tidegate.watch.model import (
    REFUSALS,
    Checks,
    Failure,
    HealthInputs,
    IssuerHealth,
    Posture,
    ProbeResult,
    Status,
)

SAFE = Posture(disable_auth_checks=False, disable_permissions_checks=False, suspended=False)
PROBE = ProbeResult(at=1_000_000.0, ended=10.0, duration_ms=80.0, posture=SAFE, clock_difference_s=0.2)
CLERK = IssuerHealth("clerk", KeyState.FRESH)
GOOD = HealthInputs(probe=PROBE, probe_age_s=3.0, quota_ratio=0.9, issuers=(CLERK,))
ALL = Checks(configuration_valid=True, connection_established=True, authentication_working=True)


def failed(failure):
    return replace(PROBE, failure=failure, posture=None)


def test_healthy():
    health = judge(GOOD)
    assert (health.status, health.checks, health.message) == (
        Status.HEALTHY,
        ALL,
        "Everything works. Stream was checked 3 s ago.",
    )
    assert (health.warnings, health.response_time_ms, health.fast) == ((), 80.0, True)
    trouble = health.troubleshooting
    assert (trouble.status, trouble.issues, trouble.solutions, trouble.recommendations) == (Status.HEALTHY, (), (), ())


def test_not_yet_checked():
    health = judge(replace(GOOD, probe=None))
    assert (health.status, health.warnings) == (Status.DEGRADED, ("Stream is not yet checked.",))
    assert health.checks == Checks(configuration_valid=True, connection_established=False, authentication_working=False)
    assert (health.response_time_ms, health.fast) == (0.0, False)


@pytest.mark.parametrize("failure", sorted(REFUSALS))
def test_refused_by_stream_is_unhealthy(failure):
    health = judge(replace(GOOD, probe=failed(failure)))
    assert health.status is Status.UNHEALTHY
    assert health.checks == Checks(configuration_valid=True, connection_established=True, authentication_working=False)
    assert health.troubleshooting.solutions
    assert health.message.startswith(health.troubleshooting.issues[0])
    assert health.warnings == ()


@pytest.mark.parametrize("failure", sorted(set(Failure) - REFUSALS))
def test_anything_else_that_fails_at_stream_degrades(failure):
    health = judge(replace(GOOD, probe=failed(failure)))
    assert health.status is Status.DEGRADED
    assert not health.checks.authentication_working
    assert health.checks.connection_established == (failure in {Failure.SERVER_FAULT, Failure.RATE_LIMITED})
    assert health.warnings == health.troubleshooting.issues
    assert not health.fast


@pytest.mark.parametrize(("milliseconds", "status"), [(1999.9, Status.HEALTHY), (2000.0, Status.DEGRADED)])
def test_slow_begins_at_two_seconds(milliseconds, status):
    health = judge(replace(GOOD, probe=replace(PROBE, duration_ms=milliseconds)))
    assert (health.status, health.fast) == (status, status is Status.HEALTHY)
    assert health.checks == ALL


@pytest.mark.parametrize(
    ("ratio", "status"), [(None, Status.HEALTHY), (0.2, Status.HEALTHY), (0.19, Status.DEGRADED), (0, Status.DEGRADED)]
)
def test_quota_under_a_fifth_degrades(ratio, status):
    assert judge(replace(GOOD, quota_ratio=ratio)).status is status


def test_a_database_that_cannot_be_used_degrades_and_says_for_how_long():
    health = judge(replace(GOOD, store_down_s=41.7))
    assert health.status is Status.DEGRADED
    assert health.message.startswith("The database cannot be used; what changed elsewhere in the last 42 s")
    assert "tidegate db status" in health.troubleshooting.solutions[0]


@pytest.mark.parametrize("state", [BreakerState.OPEN, BreakerState.HALF_OPEN])
def test_a_breaker_that_is_not_closed_degrades(state):
    assert judge(replace(GOOD, breaker=state)).status is Status.DEGRADED


def test_an_old_result_says_nothing():
    health = judge(replace(GOOD, probe_age_s=121.0))
    assert health.status is Status.DEGRADED
    assert "121 s old" in health.message
    assert not health.checks.connection_established
    assert judge(replace(GOOD, probe=failed(Failure.KEY_REFUSED), probe_age_s=121.0)).status is Status.DEGRADED


def test_configuration_problems_are_unhealthy():
    health = judge(replace(GOOD, problems=("STREAM_API_KEY is a placeholder.", "STREAM_API_SECRET is missing.")))
    assert health.status is Status.UNHEALTHY
    assert not health.checks.configuration_valid
    assert health.troubleshooting.issues == ("STREAM_API_KEY is a placeholder.", "STREAM_API_SECRET is missing.")
    assert len(health.troubleshooting.solutions) == 1


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([], Status.UNHEALTHY),
        (["fresh"], Status.HEALTHY),
        (["stale"], Status.DEGRADED),
        (["expired"], Status.UNHEALTHY),
        (["never"], Status.UNHEALTHY),
        (["fresh", "never"], Status.DEGRADED),
        (["stale", "expired"], Status.DEGRADED),
        (["never", "expired"], Status.UNHEALTHY),
    ],
)
def test_issuers(states, status):
    issuers = tuple(IssuerHealth(f"issuer{number}", KeyState(state)) for number, state in enumerate(states))
    health = judge(replace(GOOD, issuers=issuers))
    assert health.status is status
    named = [issuer.name for issuer in issuers if issuer.keys is not KeyState.FRESH]
    assert all(any(name in issue for issue in health.troubleshooting.issues) for name in named)


def test_posture_warns_and_recommends_but_does_not_degrade():
    posture = replace(SAFE, disable_auth_checks=True, disable_permissions_checks=True)
    health = judge(replace(GOOD, probe=replace(PROBE, posture=posture, clock_difference_s=-9.0)))
    assert health.status is Status.HEALTHY
    assert len(health.warnings) == len(health.troubleshooting.recommendations) == 3
    assert health.troubleshooting.issues == health.troubleshooting.solutions == ()
    assert "9 s" in health.warnings[2]


def test_a_suspended_app_is_unhealthy_though_it_answers():
    health = judge(replace(GOOD, probe=replace(PROBE, posture=replace(SAFE, suspended=True))))
    assert health.status is Status.UNHEALTHY
    assert not health.checks.authentication_working


def test_the_message_tells_the_worst():
    health = judge(replace(GOOD, issuers=(), quota_ratio=0.1, probe=failed(Failure.UNREACHABLE)))
    assert health.message.startswith("No identity provider is configured")
    assert len(health.warnings) == 2
    assert len(health.troubleshooting.issues) == 3


INPUTS = st.builds(
    HealthInputs,
    problems=st.lists(st.just("X is missing."), max_size=1).map(tuple),
    probe=st.none()
    | st.builds(
        ProbeResult,
        at=st.just(0.0),
        ended=st.just(0.0),
        duration_ms=st.floats(0, 5000),
        failure=st.none() | st.sampled_from(Failure),
        posture=st.none() | st.builds(Posture, st.booleans(), st.booleans(), st.booleans()),
        clock_difference_s=st.none() | st.floats(-20, 20),
    ),
    probe_age_s=st.floats(0, 300),
    breaker=st.sampled_from(BreakerState),
    quota_ratio=st.none() | st.floats(0, 1),
    issuers=st.lists(st.builds(IssuerHealth, st.just("one"), st.sampled_from(KeyState)), max_size=3).map(tuple),
)


@given(INPUTS)
def test_every_mixture(inputs):
    health = judge(inputs)
    current = inputs.probe is not None and inputs.probe_age_s <= inputs.probe_max_age_s
    refused = current and inputs.probe.failure in REFUSALS
    suspended = current and inputs.probe.posture is not None and inputs.probe.posture.suspended
    none_usable = not any(issuer.usable for issuer in inputs.issuers)
    assert (health.status is Status.UNHEALTHY) == bool(inputs.problems or refused or suspended or none_usable)
    assert health.checks.configuration_valid == (not inputs.problems)
    if health.checks.authentication_working:
        assert health.checks.connection_established
        assert inputs.probe.ok
    if health.status is Status.HEALTHY:
        assert health.checks == ALL
        assert health.troubleshooting.issues == ()
    else:
        assert health.message.startswith(health.troubleshooting.issues)
    if health.status is Status.DEGRADED:
        assert health.warnings
    assert health.troubleshooting.status is health.status


@pytest.mark.parametrize(
    ("api_key", "settings", "kind"),
    [
        (None, {}, "invalid"),
        ("", {}, "invalid"),
        ("short", {}, "invalid"),
        ("abcdefghij", {"problem": True}, "invalid"),
        ("abcdefghij", {}, "production"),
        ("my-Demo-key-1", {}, "development"),
        ("abcdevghij12", {}, "development"),
        ("abcdevghij12", {"words_accepted": True}, "production"),
    ],
)
def test_key_type(api_key, settings, kind):
    assert key_type(api_key, **settings) == kind


def test_strangers_do_not_learn_that_the_app_stands_open():
    posture = replace(SAFE, disable_auth_checks=True, disable_permissions_checks=True)
    health = judge(replace(GOOD, public=True, probe=replace(PROBE, posture=posture)))
    assert health.status is Status.HEALTHY
    assert health.warnings == ("A setting of the app at Stream deserves a look.",)
    assert "disabled" not in str(health)


def test_an_app_that_gives_no_answers_degrades_and_is_named_with_its_mend():
    silent = IssuerHealth("web", KeyState.FRESH, asks_app=True, route_fault="timeout")
    health = judge(replace(GOOD, issuers=(silent,)))
    assert health.status is Status.DEGRADED
    assert "issuer web" in health.message
    assert "(timeout)" in health.message
    assert "TIDEGATE_AUTHJS_SESSION_URL" in health.troubleshooting.solutions[0]
    assert judge(replace(GOOD, issuers=(replace(silent, route_fault=""),))).status is Status.HEALTHY
