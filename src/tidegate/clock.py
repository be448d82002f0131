"""Time, passed in wherever it is needed so that tests and drills can hold it still."""

import time
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1)


class Clock(Protocol):
    """Two readings: one for dates on the wire, one for durations."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class ManualClock:
    """A clock that moves only when told; for tests and drills.

    Args:
        start: seconds since the epoch at which it begins.
    """

    __slots__ = ("_now", "_started")

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._started = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._now - self._started

    def advance(self, seconds: float) -> None:
        """Move forward (or back, with a negative number: only dates on the wire may go back)."""
        self._now += seconds


def rfc3339(seconds: float) -> str:
    """A UTC time stamp in whole seconds, as RFC 3339 writes it (section 5.6).

    Args:
        seconds: since the epoch; the fraction is cut off.

    Returns:
        for instance ``2026-03-01T12:00:00Z``.
    """
    return _stamp(int(seconds))


def seconds_of(stamp: str) -> float:
    """The moment that a time stamp of RFC 3339 (section 5.6) names.

    Args:
        stamp: with an offset from UTC, or ``Z``.

    Returns:
        seconds since the epoch.

    Raises:
        ValueError: it is no such time stamp, or names no offset.
    """
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset from UTC")
    return moment.timestamp()


@lru_cache(4096)
def _stamp(second: int) -> str:
    """The same few seconds are asked for again and again, so each is formatted once."""
    days, rest = divmod(second, _DAY)
    minutes, seconds = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_date(days)}T{hours:02d}:{minutes:02d}:{seconds:02d}Z"


@lru_cache(64)
def _date(days: int) -> str:
    """The date so many days after the epoch; to format one takes longer than all the rest of a stamp."""
    return (_EPOCH + timedelta(days)).isoformat()
