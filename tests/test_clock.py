"""Clocks and time stamps."""

import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock, SystemClock, rfc3339


@given(st.floats(min_value=0, max_value=4_000_000_000))
def test_a_stamp_reads_back_to_its_second(seconds):
    stamp = rfc3339(seconds)
    assert stamp.endswith("Z")
    assert datetime.fromisoformat(stamp) == datetime.fromtimestamp(int(seconds), UTC)


def test_a_manual_clock_moves_when_told():
    clock = ManualClock(1000.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (1002.5, 2.5)


def test_the_system_clock_is_the_systems():
    assert abs(SystemClock().now() - time.time()) < 1
    assert abs(SystemClock().monotonic() - time.monotonic()) < 1
