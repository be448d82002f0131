"""A beacon, and what its numbers may be. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEAST_USERS: Final = 20
"""A figure counts from so many users on: below that it could be one person's doing, and say something of them."""

CONNECTIONS_MOST: Final = 16
"""Connections at a time that are believed of one user, all devices and tabs together."""

COVERED_MOST_S: Final = 3_600.0
"""Seconds that one beacon is believed to tell of."""

TIMES_MOST: Final = 8
"""Times of one kind that are read from one beacon; further ones are left out."""

TIME_MOST_S: Final = 60.0
"""Seconds above which connecting, or a message's way, took no longer: somebody gave up, or a machine slept."""

SESSION_MOST_S: Final = 86_400.0
"""Seconds above which a session lasted no longer."""


class Failure(StrEnum):
    """What an app met; whatever else it calls it is `OTHER`."""

    OFFLINE = "offline"  # the device had no network
    TOKEN = "token"  # Tidegate gave no token
    REFUSED = "refused"  # Stream refused the connection
    TIMEOUT = "timeout"  # a connection, or an answer, did not come in time
    DROPPED = "dropped"  # a connection ended that nobody closed
    SEND = "send"  # a message could not be sent
    UNDELIVERED = "undelivered"  # a message was sent and did not arrive
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Beacon:
    """What an app tells of a span of time that just ended; each number lies within its bounds.

    Attributes:
        seconds: how long the span was.
        connections: how many connections were open, on average over the span.
        connect: seconds that each new connection took.
        delivery: seconds that messages of its own took to arrive.
        session: seconds for which the app was open, where this is its last beacon.
        failures: what it met, each reason once.
    """

    seconds: float
    connections: float
    connect: tuple[float, ...] = ()
    delivery: tuple[float, ...] = ()
    session: float | None = None
    failures: frozenset[Failure] = frozenset()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an app is answered.

    Attributes:
        counted: whether what it told was counted.
        next_seconds: when it should tell again.
    """

    counted: bool
    next_seconds: int
