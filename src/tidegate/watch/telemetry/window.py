"""One window: who told what, for as long as it lasts.

Users are told apart by a keyed hash whose key is made with the window and forgotten with it, so nothing that is
kept says who anybody is, or that somebody of this window was there in the last one.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tidegate.watch.telemetry.model import CONNECTIONS_MOST, LEAST_USERS, Beacon, Failure

TIMES_OF_USER: Final = 20
"""Times of one kind that count of one user in a window."""

_HASH_OCTETS: Final = 8
"""Two of a million users share a mark once in forty million windows."""


_NO_FAILURE: Final[frozenset[Failure]] = frozenset()


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where figures go once they count.

    Attributes:
        connect, delivery, session: each a time in seconds.
        failure: one user who met this.
    """

    connect: Callable[[float], None]
    delivery: Callable[[float], None]
    session: Callable[[float], None]
    failure: Callable[[Failure], None]


@dataclass(slots=True)
class Teller:
    """One user in one window.

    Attributes:
        connected: seconds that the user's connections were open, taken together.
        times: how many times of each kind counted.
        failures: those that counted.
    """

    connected: float = 0.0
    times: list[int] = field(default_factory=lambda: [0, 0, 0])
    failures: frozenset[Failure] = _NO_FAILURE


class _Gathered:
    """What was told for one figure; it waits until enough users told something."""

    __slots__ = ("_publish", "_users", "_waiting")

    def __init__(self, publish: Callable[..., None]) -> None:
        self._publish = publish
        self._users = 0
        self._waiting: list[float | Failure] = []

    def add(self, values: Iterable[float | Failure], *, new: bool) -> None:
        """Take what one user told.

        Args:
            values: of the figure.
            new: whether the user told nothing of this figure before.
        """
        self._users += new
        self._waiting += values
        if self._users >= LEAST_USERS:
            for value in self._waiting:
                self._publish(value)
            self._waiting = []


class Window:
    """What was told since a moment.

    Args:
        seconds: how long it lasts.
        most: users that are told apart.
        sinks: what gets a figure as soon as enough users told something of it.
    """

    __slots__ = ("_connected", "_failures", "_key", "_most", "_seconds", "_tellers", "_times")

    def __init__(self, seconds: float, most: int, sinks: Sinks) -> None:
        self._seconds = seconds
        self._most = most
        self._key = secrets.token_bytes(16)
        self._tellers: dict[bytes, Teller] = {}
        self._connected = 0.0
        self._times = [_Gathered(sink) for sink in (sinks.connect, sinks.delivery, sinks.session)]
        self._failures = _Gathered(sinks.failure)

    @property
    def users(self) -> int:
        """How many told anything."""
        return len(self._tellers)

    @property
    def connections(self) -> float | None:
        """Connections on average over the whole window; None where too few users told anything.

        Each beacon counts its own span, so it does not matter which replica hears which: their figures add up.
        """
        return self._connected / self._seconds if self.users >= LEAST_USERS else None

    def add(self, user_id: str, beacon: Beacon) -> bool:
        """Count a beacon.

        Args:
            user_id: whose it is.
            beacon: as it was read.

        Returns:
            False: it is one user too many, and nothing was counted.
        """
        mark = hashlib.blake2b(user_id.encode(), digest_size=_HASH_OCTETS, key=self._key).digest()
        teller = self._tellers.get(mark)
        is_new = teller is None
        if teller is None:
            if len(self._tellers) >= self._most:
                return False
            teller = self._tellers[mark] = Teller()
        self._connect(teller, beacon)
        session = () if beacon.session is None else (beacon.session,)
        for kind, times in enumerate((beacon.connect, beacon.delivery, session)):
            counted = teller.times[kind]
            values = times[: TIMES_OF_USER - counted]
            teller.times[kind] += len(values)
            if values:
                self._times[kind].add(values, new=not counted)
        # Who met no failure says that, too.
        further = beacon.failures - teller.failures
        self._failures.add(further, new=is_new)
        if further:
            teller.failures |= further
        return True

    def _connect(self, teller: Teller, beacon: Beacon) -> None:
        """A beacon after a long silence tells of more than this window, and nobody has more than so many."""
        told = teller.connected + beacon.connections * min(beacon.seconds, self._seconds)
        within = min(told, CONNECTIONS_MOST * self._seconds)
        self._connected += within - teller.connected
        teller.connected = within
