"""Clocks and time stamps."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock, SystemClock, rfc3339, seconds_of


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


@pytest.mark.parametrize("stamp", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00.000000+01:00"])
def test_a_time_stamp_is_read(stamp):
    assert seconds_of(stamp) == 1_772_366_400


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-03-01T12:00:00", "2026-03-01"])
def test_a_time_without_an_offset_is_none(stamp):
    with pytest.raises(ValueError, match=r".+"):
        seconds_of(stamp)
