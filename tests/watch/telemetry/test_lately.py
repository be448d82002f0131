"""What the last whole window came to."""

import pytest

from tidegate.clock import ManualClock
from tidegate.watch.series.figures import figure
from tidegate.watch.telemetry.model import Beacon, Failure
from tidegate.watch.telemetry.service import Telemetry, TelemetryRules

WINDOW_S = 300.0


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def telemetry(clock):
    return Telemetry(TelemetryRules(1.0, 60, WINDOW_S, 1_000), lambda: b"k" * 32, clock)


def told(telemetry, users, **said):
    for number in range(users):
        telemetry.take(f"user-{number}", Beacon(60.0, 1.0, **said))


def known(telemetry):
    return {name: value for name, level in telemetry.levels().items() if (value := level()) is not None}


def test_twenty_users_make_medians_and_counts(telemetry, clock):
    told(telemetry, 20, connect=(0.2,), delivery=(0.08,), session=1_200.0, failures=frozenset({Failure.DROPPED}))
    assert known(telemetry) == {}, "the window is not over"
    clock.advance(WINDOW_S)
    found = known(telemetry)

    assert found["client.users"] == 20
    assert 0.1 < found["client.connect.p50"] <= 0.25
    assert 0.05 < found["client.delivery.p95"] <= 0.1
    assert 900 < found["client.session.p50"] <= 1_800
    assert (found["client.failed"], found["client.failures.dropped"], found["client.failures.send"]) == (20, 20, 0)


def test_nineteen_users_make_none_and_one_who_tells_often_is_one(telemetry, clock):
    for _ in range(5):
        told(telemetry, 19, connect=(0.2, 0.3), failures=frozenset({Failure.DROPPED}))
    clock.advance(WINDOW_S)

    assert known(telemetry) == {"client.users": 19}


def test_a_figure_of_which_only_some_told_is_missing_beside_one_of_which_all_did(telemetry, clock):
    told(telemetry, 30, connect=(0.2,))
    told(telemetry, 19, delivery=(0.1,))
    clock.advance(WINDOW_S)

    assert {"client.connect.p50", "client.connect.p95"} <= known(telemetry).keys()
    assert not [name for name in known(telemetry) if name.startswith(("client.delivery", "client.session"))]


def test_each_window_stands_for_itself_and_is_over_after_a_silence(telemetry, clock):
    told(telemetry, 20, connect=(8.0,), failures=frozenset({Failure.SEND}))
    clock.advance(WINDOW_S)
    assert known(telemetry)["client.connect.p50"] > 5
    told(telemetry, 25, connect=(0.2,))
    clock.advance(WINDOW_S)
    found = known(telemetry)

    assert (found["client.connect.p95"] <= 0.25, found["client.failed"]) == (True, 0)
    clock.advance(2 * WINDOW_S)
    assert known(telemetry) == {"client.users": 0}


def test_prometheus_can_be_asked_for_each(telemetry):
    for name in telemetry.levels():
        assert "tidegate_client_" in figure(name).promql
