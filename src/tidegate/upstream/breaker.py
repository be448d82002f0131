"""The circuit breaker in front of Stream.

Closed: calls go through. After some failures in a row it opens: calls are refused
at once. When its time is up one trial call goes through (half-open); its success
closes the breaker, its failure opens it again for twice as long.
"""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock


class BreakerState(StrEnum):
    """Where the breaker stands."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Verdict(StrEnum):
    """What a call showed about Stream."""

    ALIVE = "alive"
    FAILING = "failing"
    UNKNOWN = "unknown"


_GAUGE: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


class Breaker:
    """One breaker for one upstream; used from one event loop.

    A call takes a permit with :meth:`enter` and gives it back with :meth:`leave`. A
    permit taken before the state last changed carries no weight any more, so slow
    calls of the past cannot close or open the breaker of now.

    Args:
        clock: measures how long it has been open.
        threshold: failures in a row that open it.
        open_seconds: how long it stays open the first time.
        open_seconds_max: how long at most, after doubling.
        jitter: a number from 0 to 1, asked at each opening; up to 10 % is added so
            that replicas do not return together.
    """

    __slots__ = (
        "_clock", "_failures", "_generation", "_jitter", "_longest", "_openings", "_shortest", "_state", "_threshold",
        "_trial", "_until",
    )  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        *,
        threshold: int = 5,
        open_seconds: float = 5.0,
        open_seconds_max: float = 60.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._threshold = threshold
        self._shortest = open_seconds
        self._longest = open_seconds_max
        self._jitter = jitter
        self._failures = 0
        self._openings = 0
        self._generation = 0
        self._trial = False
        self._until = 0.0
        self._state = BreakerState.CLOSED
        self._move(BreakerState.CLOSED)

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        return self._state

    @property
    def retry_after(self) -> float:
        """Seconds until a call may be tried; 0 when one may be tried now."""
        return max(0.0, self._until - self._clock.monotonic()) if self._state is BreakerState.OPEN else 0.0

    def enter(self, *, probe: bool = False) -> int | None:
        """Ask to call.

        Args:
            probe: the regular probe may always call: it is one call in a while, and
                the first to learn that Stream is back.

        Returns:
            a permit for :meth:`leave`, or None: do not call.
        """
        if self._state is BreakerState.OPEN and (probe or self.retry_after <= 0):
            self._move(BreakerState.HALF_OPEN)
        if self._state is BreakerState.HALF_OPEN:
            if self._trial and not probe:
                return None
            self._trial = True
        return None if self._state is BreakerState.OPEN else self._generation

    def leave(self, permit: int, verdict: Verdict) -> None:
        """Say what the call showed; call it exactly once for each permit.

        Args:
            permit: as given by :meth:`enter`.
            verdict: any answer below 500, a refusal too, shows that Stream is alive.
        """
        if permit != self._generation:
            return
        if verdict is Verdict.UNKNOWN:
            self._trial = False
        elif verdict is Verdict.ALIVE:
            self._failures = 0
            if self._state is BreakerState.HALF_OPEN:
                self._openings = 0
                self._move(BreakerState.CLOSED)
        else:
            self._failures += 1
            if self._state is BreakerState.HALF_OPEN or self._failures >= self._threshold:
                self._open()

    def _open(self) -> None:
        seconds = min(self._longest, self._shortest * 2 ** min(self._openings, 16))
        self._until = self._clock.monotonic() + seconds * (1 + 0.1 * self._jitter())
        self._openings += 1
        self._move(BreakerState.OPEN)

    def _move(self, state: BreakerState) -> None:
        self._state = state
        self._generation += 1
        self._failures = 0
        self._trial = False
        metrics.UPSTREAM_BREAKER_STATE.set(_GAUGE[state])
