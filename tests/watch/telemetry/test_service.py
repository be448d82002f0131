"""Windows that follow each other, and who is asked."""

import asyncio

import pytest

from tidegate import metrics_telemetry as metrics
from tidegate.clock import ManualClock
from tidegate.watch.series.sources import client_connections
from tidegate.watch.telemetry.model import Beacon
from tidegate.watch.telemetry.service import QUIET_S, Telemetry, TelemetryRules

pytestmark = pytest.mark.anyio
OPEN = Beacon(60.0, 1.0)
DAY = 86_400


@pytest.fixture
def clock():
    return ManualClock()


def telemetry(clock, sample=1.0, users=1_000, key=b"k" * 32):
    return Telemetry(TelemetryRules(sample, 60, 300.0, users), lambda: key, clock)


def a_window(one, clock, users):
    """Users who each hold a connection for a whole window, then its end."""
    for minute in range(5):
        for number in range(users):
            one.take(f"user-{number}", OPEN)
        clock.advance(60)
        del minute


def test_the_gauge_tells_the_connections_of_the_last_window(clock):
    one = telemetry(clock)
    assert (one.connections(), one.users(), client_connections()) == (None, None, None)

    a_window(one, clock, 25)

    assert one.connections() == pytest.approx(25)
    assert one.users() == 25
    assert client_connections() == pytest.approx(25)
    clock.advance(299)
    assert one.connections() == pytest.approx(25)
    clock.advance(1)
    assert (one.connections(), one.users(), client_connections()) == (None, 0, None)


def test_below_20_users_nothing_is_told_of_connections(clock):
    one = telemetry(clock)
    a_window(one, clock, 19)

    assert (one.connections(), one.users()) == (None, 19)


def test_a_silence_of_hours_is_no_window_of_before(clock):
    one = telemetry(clock)
    a_window(one, clock, 25)
    clock.advance(7_200)

    assert (one.connections(), one.users()) == (None, 0)


def test_two_replicas_add_up_whichever_hears_which_beacon(clock):
    replicas = telemetry(clock), telemetry(clock)
    for minute in range(5):
        for number in range(60):
            replicas[(number + minute) % 2].take(f"user-{number}", OPEN)
        clock.advance(60)

    assert sum(one.connections() for one in replicas) == pytest.approx(60)


def test_the_sample_is_the_same_everywhere_changes_daily_and_is_counted_up(clock):
    one, other = telemetry(clock, 0.25), telemetry(clock, 0.25)
    names = [f"user-{number}" for number in range(2_000)]

    asked = {name for name in names if one.take(name, OPEN).counted}

    assert {name for name in names if other.take(name, OPEN).counted} == asked
    assert 400 < len(asked) < 600
    clock.advance(300)
    # One beacon of a minute, from all of the sample: a fifth of the window.
    assert one.connections() == pytest.approx(len(asked) / 5 / 0.25)
    clock.advance(DAY)
    tomorrow = {name for name in names if one.take(name, OPEN).counted}
    assert 400 < len(tomorrow) < 600
    assert len(asked & tomorrow) < 200


def test_who_is_not_asked_is_told_to_come_back_later(clock):
    receipts = {telemetry(clock, 0.5, key=bytes([key]) * 32).take("ada", OPEN) for key in range(20)}

    assert {(one.counted, one.next_seconds) for one in receipts} == {(True, 60), (False, QUIET_S)}


def test_one_user_too_many_is_told_so_and_counted_as_such(clock):
    full = metrics.CLIENT_BEACONS.labels("full")
    one, before = telemetry(clock, users=2), full.value

    assert [one.take(name, OPEN).counted for name in ("ada", "grace", "mary")] == [True, True, False]
    assert full.value == before + 1


async def test_a_window_ends_by_itself(clock):
    one = telemetry(clock)
    one.take("ada", OPEN)
    kept = one._window
    clock.advance(300)
    task = asyncio.create_task(one.run())
    await asyncio.sleep(0.15)
    task.cancel()

    assert one._window is not kept
