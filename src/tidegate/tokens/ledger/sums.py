"""Refusals that name nobody: written one by one up to a bound, and counted second by second beyond it."""

import asyncio
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.tokens.ledger.model import SummedNote
from tidegate.tokens.ledger.writer import Intake

_AFTER_S: Final = 0.01
"""How long after its end a second is closed, so that a clock that is being slewed does not cut one in two."""


class Sums:
    """What is left of the refusals of a second beyond the bound.

    Whoever is refused without having proved who he is can be anybody, and can come as often as the network lets him.
    Beyond the bound he causes no entry but adds to one: for each issuer and reason, once a second. Both are ours to
    name, so he cannot make that many either.

    Args:
        intake: takes a second's counts when it is over.
        most: refusals a second that are written one by one; 0: any number.
        clock: for when a second was closed.
    """

    __slots__ = ("_clock", "_counts", "_end", "_intake", "_most", "_second", "_written")

    def __init__(self, intake: Intake, most: int, clock: Clock) -> None:
        self._intake = intake
        self._most = most
        self._clock = clock
        self._counts: dict[tuple[str, str], tuple[int, float]] = {}
        self._end: asyncio.TimerHandle | None = None
        self._second = -1
        self._written = 0

    def admits(self, issuer: str, reason: str, now: float) -> bool:
        """Whether a refusal is to be written by itself; otherwise it was counted here.

        Args:
            issuer: the configured name, or ``none``.
            reason: the code.
            now: seconds since the epoch.
        """
        second = int(now)
        if second != self._second:
            self.close()
            self._second, self._written = second, 0
        if not self._most or self._written < self._most:
            self._written += 1
            return True
        if self._end is None:
            self._end = asyncio.get_running_loop().call_later(second + 1 - now + _AFTER_S, self.close)
        count, _ = self._counts.get((issuer, reason), (0, now))
        self._counts[issuer, reason] = count + 1, now
        return False

    def close(self) -> None:
        """Hand over what was counted; where there is no room for it, all of it counts as lost."""
        if self._end is None:
            return
        self._end.cancel()
        self._end = None
        counts, self._counts = self._counts, {}
        closed = self._clock.now()
        for (issuer, reason), (count, last) in counts.items():
            if self._intake.offer(SummedNote(last, closed, reason, issuer, count)):
                metrics.LEDGER_SUMMED.inc(count)
