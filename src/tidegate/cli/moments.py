"""Moments as people write them on a command line."""

from datetime import UTC, datetime
from typing import Final

from tidegate.cli.exits import CommandFailed, Exit

_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999."""


def moment(text: str, option: str) -> float:
    """Seconds since the epoch; a date without a zone is UTC.

    Args:
        text: RFC 3339, a date, or seconds since the epoch.
        option: to name where it is none.

    Raises:
        CommandFailed: it is none.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = _read_date(text, option)
    if not 0 <= seconds <= _LAST_SECOND:
        raise _no_time(option)
    return seconds


def _read_date(text: str, option: str) -> float:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise _no_time(option) from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _no_time(option: str) -> CommandFailed:
    mend = "write it as 2026-03-01T12:00:00Z, or in seconds since the epoch"
    return CommandFailed(f"{option} is no time", mend, status=Exit.WRONG)
