"""Whose fault it is: the table, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.identity.fetch import Fault
from tidegate.watch.model import Failure, Posture, ProbeResult
from tidegate.watch.probes.blame import Around, of_clock, of_keys, of_stream
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Blame

SAFE = Posture(disable_auth_checks=False, disable_permissions_checks=False, suspended=False)


def result(failure=None, *, duration_ms=50.0, posture=None):
    return ProbeResult(at=1.0, ended=1.0, duration_ms=duration_ms, failure=failure, posture=posture)


@pytest.mark.parametrize(
    ("failure", "around", "cause", "blame"),
    [
        (Failure.KEY_REFUSED, Around(), Cause.API_KEY_REFUSED, Blame.OURS),
        (Failure.SECRET_REFUSED, Around(others_reached=True), Cause.API_SECRET_REFUSED, Blame.OURS),
        (Failure.SUSPENDED, Around(), Cause.APP_SUSPENDED, Blame.OURS),
        (Failure.SERVER_FAULT, Around(others_reached=False), Cause.STREAM_ERRORS, Blame.STREAM),
        (Failure.RATE_LIMITED, Around(), Cause.STREAM_LIMITED, Blame.OURS),
        (Failure.OTHER, Around(), Cause.NOT_STREAM, Blame.NETWORK),
        (Failure.UNREACHABLE, Around(others_reached=True), Cause.STREAM_UNREACHABLE, Blame.STREAM),
        (Failure.UNREACHABLE, Around(others_reached=False), Cause.NETWORK_DOWN, Blame.NETWORK),
        (Failure.SLOW, Around(others_reached=True), Cause.STREAM_TIMED_OUT, Blame.STREAM),
        (Failure.SLOW, Around(others_reached=False), Cause.NETWORK_DOWN, Blame.NETWORK),
        (Failure.CLOCK_REFUSED, Around(others_agree=False), Cause.CLOCK_REFUSED, Blame.OURS),
        (Failure.CLOCK_REFUSED, Around(others_agree=True), Cause.CLOCK_REFUSED, Blame.STREAM),
    ],
)
def test_a_failure_and_what_else_was_seen(failure, around, cause, blame):
    verdict = of_stream(result(failure), around)
    assert (verdict.cause, verdict.blame) == (cause, blame)


def test_who_saw_more_is_surer():
    alone, together = (of_stream(result(Failure.UNREACHABLE), Around(seen)) for seen in (None, True))
    assert (alone.cause, alone.blame) == (together.cause, together.blame)
    assert alone.sure < together.sure


def test_nothing_is_wrong_with_a_quick_answer():
    assert of_stream(result(posture=SAFE), Around()) is None
    assert of_stream(result(duration_ms=1_999.9), Around()) is None


def test_an_answer_can_be_slow_and_an_app_suspended():
    assert of_stream(result(duration_ms=2_000.0), Around()).cause is Cause.STREAM_SLOW
    suspended = Posture(disable_auth_checks=False, disable_permissions_checks=False, suspended=True)
    assert of_stream(result(posture=suspended), Around()).cause is Cause.APP_SUSPENDED


@given(
    st.sampled_from(Failure),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.floats(0, 10_000),
)
def test_every_failure_has_a_cause_and_no_certainty(failure, reached, agree, duration_ms):
    verdict = of_stream(result(failure, duration_ms=duration_ms), Around(reached, agree))
    assert verdict.blame is not Blame.NOBODY
    assert 0.5 <= verdict.sure < 1


@pytest.mark.parametrize(
    ("stream", "others", "found"),
    [
        (None, None, None),
        (0.5, -3.9, None),
        (9.0, None, (Cause.CLOCK_DIFFERS, Blame.OURS)),
        (9.0, 9.2, (Cause.CLOCK_WRONG, Blame.OURS)),
        (-9.0, 0.1, (Cause.CLOCK_DIFFERS, Blame.STREAM)),
        (0.1, 60.0, (Cause.CLOCK_DIFFERS, Blame.PROVIDER)),
        (None, 60.0, (Cause.CLOCK_DIFFERS, Blame.OURS)),
    ],
)
def test_whose_clock_is_wrong(stream, others, found):
    verdict = of_clock(stream, others, 4.0)
    assert (verdict and (verdict.cause, verdict.blame)) == found


@pytest.mark.parametrize(
    ("fault", "reached", "blame"),
    [
        (Fault.UNREACHABLE, True, Blame.PROVIDER),
        (Fault.TIMEOUT, False, Blame.NETWORK),
        (Fault.UNREACHABLE, None, Blame.PROVIDER),
        (Fault.STATUS, False, Blame.PROVIDER),  # it answered, so the network is there
        (Fault.REDIRECT, True, Blame.OURS),
        (Fault.ISSUER_MISMATCH, True, Blame.OURS),
        (None, None, Blame.OURS),
    ],
)
def test_whose_fault_missing_keys_are(fault, reached, blame):
    assert of_keys(fault=fault, cause=Cause.KEYS_UNUSABLE, stream_reached=reached).blame is blame


def test_settings_that_lead_elsewhere_have_a_cause_of_their_own_once_there_are_no_keys():
    causes = [of_keys(fault=Fault.REDIRECT, cause=one, stream_reached=True).cause for one in Cause if "keys" in one]
    assert Cause.KEYS_MISCONFIGURED in causes
    assert of_keys(fault=Fault.REDIRECT, cause=Cause.KEYS_STALE, stream_reached=True).cause is Cause.KEYS_STALE
