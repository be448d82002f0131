"""Beacons: form is judged, numbers are clamped, names are a closed set."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidegate.errors import Reason, Refusal
from tidegate.watch.telemetry.model import CONNECTIONS_MOST, COVERED_MOST_S, SESSION_MOST_S, Beacon, Failure
from tidegate.watch.telemetry.reading import read_beacon


def read(**members):
    return read_beacon(json.dumps(members).encode())


def refused(octets):
    with pytest.raises(Refusal) as refusal:
        read_beacon(octets)
    assert refusal.value.reason is Reason.REQUEST_INVALID
    return refusal.value.detail


def test_what_an_app_tells():
    told = read(
        seconds=60,
        connected_seconds=90,
        connect_ms=[250],
        delivery_ms=[80, 120.5],
        session_seconds=600,
        failures={"timeout": 2, "dropped": 0, "send": 1},
    )

    assert told == Beacon(60.0, 1.5, (0.25,), (0.08, 0.1205), 600.0, frozenset({Failure.TIMEOUT, Failure.SEND}))


def test_nothing_need_be_told():
    assert read() == Beacon(0.0, 0.0)


def test_other_reasons_are_one_and_other_members_none():
    told = read(failures={"kraken": 3, "ада": 1}, version={"of": ["the", "app"]}, user="ada")

    assert told == Beacon(0.0, 0.0, failures=frozenset({Failure.OTHER}))


def test_numbers_that_cannot_be_are_taken_for_the_nearest_that_can():
    told = read(
        seconds=10**300,
        connected_seconds=1e300,
        connect_ms=[-5, 10**30, *range(100)],
        session_seconds=1e12,
        failures={"token": -1},
    )

    assert (told.seconds, told.connections, told.session) == (COVERED_MOST_S, CONNECTIONS_MOST, SESSION_MOST_S)
    assert told.connect == (0.0, 60.0, 0.0, 0.001, 0.002, 0.003, 0.004, 0.005)
    assert told.failures == frozenset()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"seconds": NaN}', "no JSON object"),
        (b'{"seconds": 1, "seconds": 2}', "no JSON object"),
        (b'{"seconds": 1e999}', "no JSON object"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "no JSON object"),
        (b'{"seconds": "60"}', "seconds must hold numbers"),
        (b'{"seconds": true}', "seconds must hold numbers"),
        (b'{"session_seconds": null}', "session_seconds must hold numbers"),
        (b'{"connect_ms": 5}', "connect_ms must be a list"),
        (b'{"delivery_ms": ["secret-words"]}', "delivery_ms must hold numbers"),
        (b'{"failures": ["timeout"]}', "failures must be an object"),
        (b'{"failures": {"secret-words": "many"}}', "failures must hold numbers"),
    ],
)
def test_another_form_is_refused_without_repeating_it(octets, said):
    detail = refused(octets)

    assert said in detail
    assert "secret" not in detail


def beacon_of(octets):
    """What is read, or for what is refused the beacon that tells nothing."""
    try:
        return read_beacon(octets)
    except Refusal:
        refused(octets)
        return Beacon(0.0, 0.0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["seconds", "connected_seconds", "connect_ms", "delivery_ms", "session_seconds", "failures", "other"]
)


@given(st.binary(max_size=200) | st.dictionaries(NAMES, JSON).map(lambda sent: json.dumps(sent).encode()))
@example(b'{"seconds": 1e-320, "connected_seconds": 1e300}')
def test_whatever_comes_is_refused_or_within_bounds(octets):
    told = beacon_of(octets)
    assert 0 <= told.seconds <= COVERED_MOST_S
    assert 0 <= told.connections <= CONNECTIONS_MOST
    assert all(0 <= one <= 60 for one in (*told.connect, *told.delivery))
    assert len(told.connect) <= 8
    assert len(told.delivery) <= 8
    assert told.session is None or 0 <= told.session <= SESSION_MOST_S
    assert told.failures <= set(Failure)
