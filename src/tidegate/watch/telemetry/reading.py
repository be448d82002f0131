"""Reading a beacon: strict about its form, lenient about its numbers.

An app's clock may have jumped and its machine slept, so a number that cannot be is taken for the nearest one that can.
A member of another type is a mistake in the program, which its developer is told of. Members that are not known are
left alone: an app may be newer than this service.
"""

from collections.abc import Mapping
from typing import Final

from tidegate.errors import Reason, Refusal
from tidegate.identity.strictjson import StrictJsonError, parse_object
from tidegate.watch.telemetry.model import (
    CONNECTIONS_MOST,
    COVERED_MOST_S,
    SESSION_MOST_S,
    TIME_MOST_S,
    TIMES_MOST,
    Beacon,
    Failure,
)

_DEPTH: Final = 8
"""Deeper than any beacon; members that are not known may have some."""

_MS: Final = 1_000.0
_FAILURES: Final = {one.value: one for one in Failure}


def read_beacon(octets: bytes) -> Beacon:
    """Read what an app sent.

    Args:
        octets: the body; its size is bounded by the caller.

    Raises:
        Refusal: ``request_invalid``, with the member that does not fit and nothing of what was sent.
    """
    try:
        members = parse_object(octets, _DEPTH)
    except StrictJsonError:
        raise _unfit("The body is no JSON object of the strict kind.") from None
    seconds = _number(members, "seconds", COVERED_MOST_S)
    connected = _number(members, "connected_seconds", CONNECTIONS_MOST * COVERED_MOST_S)
    return Beacon(
        seconds,
        min(connected / seconds, CONNECTIONS_MOST) if seconds else 0.0,
        _times(members, "connect_ms"),
        _times(members, "delivery_ms"),
        _number(members, "session_seconds", SESSION_MOST_S) if "session_seconds" in members else None,
        _failures(members),
    )


def _number(members: Mapping[str, object], name: str, most: float) -> float:
    return _within(members.get(name, 0), name, most)


def _times(members: Mapping[str, object], name: str) -> tuple[float, ...]:
    times = members.get(name, [])
    if not isinstance(times, list):
        raise _unfit(f"{name} must be a list of numbers.")
    return tuple(_within(one, name, TIME_MOST_S * _MS) / _MS for one in times[:TIMES_MOST])


def _failures(members: Mapping[str, object]) -> frozenset[Failure]:
    counts = members.get("failures", {})
    if not isinstance(counts, dict):
        raise _unfit("failures must be an object: reasons with their number.")
    return frozenset(
        _FAILURES.get(name, Failure.OTHER) for name, count in counts.items() if _within(count, "failures", 1.0)
    )


def _within(value: object, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unfit(f"{name} must hold numbers.")
    return float(min(max(value, 0), most))


def _unfit(detail: str) -> Refusal:
    return Refusal(Reason.REQUEST_INVALID, detail)
