"""What can go wrong at Stream, on command."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

FAULTS_KEPT: Final = 32
PLAIN_BODY: Final = "upstream request timeout"


class FaultKind(StrEnum):
    """One way of failing."""

    LATENCY = "latency"  # the answer comes, ``delay`` seconds late
    ERROR = "error"  # a JSON error: ``status``, ``code``
    PLAIN_ERROR = "plain_error"  # ``status`` with a plain-text body, as the edge answers
    RATE_LIMITED = "rate_limited"  # 429, code 9, whatever the windows say
    DROP = "drop"  # the connection breaks without an answer
    WRONG_BODY = "wrong_body"  # 200 with a page of HTML
    CLOCK = "clock"  # Stream's clock is ``seconds`` ahead, or behind with a negative number
    REFUSE_KEY = "refuse_key"  # code 2: the API key is unknown
    REFUSE_SECRET = "refuse_secret"  # code 43: every signature is wrong, as after a secret was rotated
    SUSPENDED = "suspended"  # code 99
    EVENTS_LOST = "events_lost"  # the socket hears of no message, while every call succeeds
    EVENTS_LATE = "events_late"  # it hears of it ``delay`` seconds late
    SOCKET_REFUSED = "socket_refused"  # nobody can connect: ``status``, 503 by default
    SOCKET_DROPPED = "socket_dropped"  # open sockets break as soon as there is something to say


SOCKET_KINDS: Final = frozenset(
    {FaultKind.EVENTS_LOST, FaultKind.EVENTS_LATE, FaultKind.SOCKET_REFUSED, FaultKind.SOCKET_DROPPED}
)
"""Faults of the socket and its events, which strike no call."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault on command.

    Attributes:
        kind: what goes wrong.
        delay: seconds before the answer; for ``latency``, and before any other kind's answer too; before the event
            for ``events_late``.
        status: of ``error``, ``plain_error`` and ``socket_refused``; by default the code's own, or 500.
        code: Stream's code in an ``error``.
        retry_after: seconds in a ``Retry-After`` header of ``rate_limited``; None sends no such header.
        seconds: of ``clock``.
        path: only calls to this path, for instance ``/users``; None for all.
        method: only calls by this method; None for all.
        times: how many calls it strikes before it is over; None until it is cleared.
    """

    kind: FaultKind
    delay: float = 0.0
    status: int | None = None
    code: int = -1
    retry_after: int | None = None
    seconds: float = 0.0
    path: str | None = None
    method: str | None = None
    times: int | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Whether a call is among those it is meant for."""
        return self.path in (None, path) and self.method in (None, method)


class Faults:
    """The faults in force; thread-safe, at most ``FAULTS_KEPT``, the oldest goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults = [*self._faults, fault][-FAULTS_KEPT:]

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults = []

    def take(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that strike a call; each is counted as having struck."""
        return self._take(lambda fault: self._is_due(fault, method, path))

    def take_kinds(self, *kinds: FaultKind) -> tuple[Fault, ...]:
        """The faults of these kinds; each is counted as having struck."""
        return self._take(lambda fault: fault.kind in kinds)

    def _take(self, due: Callable[[Fault], bool]) -> tuple[Fault, ...]:
        with self._lock:
            struck = tuple(fault for fault in self._faults if due(fault))
            self._faults = [_counted(fault) if fault in struck else fault for fault in self._faults]
            self._faults = [fault for fault in self._faults if fault.times is None or fault.times > 0]
            return struck

    @property
    def clock_seconds(self) -> float:
        """How far Stream's clock is ahead at present."""
        return sum(fault.seconds for fault in self._faults if fault.kind is FaultKind.CLOCK)

    @staticmethod
    def _is_due(fault: Fault, method: str, path: str) -> bool:
        return fault.kind is not FaultKind.CLOCK and fault.kind not in SOCKET_KINDS and fault.strikes(method, path)


def _counted(fault: Fault) -> Fault:
    return fault if fault.times is None else replace(fault, times=fault.times - 1)
