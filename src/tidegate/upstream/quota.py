"""How much of Stream's rate limits is left, read from every answer."""

import re
from collections.abc import Mapping
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.upstream.model import Operation, RateLimit, rate_limit

_LONGEST_WAIT: Final = 60.0
"""Seconds. Stream's window is one minute, so a reset further away is a wrong clock, ours or theirs."""

_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


def number(text: str | None) -> float | None:
    """A plain decimal number of a header; None for anything else."""
    return float(text) if text is not None and _NUMBER.fullmatch(text) else None


class Quota:
    """The last seen limit of each call.

    Args:
        clock: tells when a window has ended.
    """

    __slots__ = ("_clock", "_limits", "_seen_at")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[Operation, RateLimit] = {}
        self._seen_at: dict[Operation, float] = {}

    def observe(self, operation: Operation, headers: Mapping[str, str]) -> RateLimit | None:
        """Read ``X-RateLimit-*`` of an answer.

        Args:
            operation: what was called.
            headers: the answer's, looked up without regard to case.

        Returns:
            what they said, or None where they are absent or no numbers; then nothing changes.
        """
        seen = rate_limit(
            number(headers.get("x-ratelimit-limit")),
            number(headers.get("x-ratelimit-remaining")),
            number(headers.get("x-ratelimit-reset")),
        )
        if seen is not None:
            self._limits[operation] = seen
            self._seen_at[operation] = self._clock.now()
            metrics.UPSTREAM_QUOTA.labels(operation.label).set(seen.ratio)
        return seen

    def current(self, operation: Operation) -> RateLimit | None:
        """What is known of the window that runs now; None where nothing is."""
        seen = self._limits.get(operation)
        return seen if seen is not None and seen.reset > self._clock.now() else None

    def running(self) -> dict[str, tuple[RateLimit, float]]:
        """Every window that runs now, by the call's name: its limit, and when it was seen, seconds since the epoch."""
        return {
            operation.label: (limit, self._seen_at[operation])
            for operation in self._limits
            if (limit := self.current(operation)) is not None
        }

    def lowest_ratio(self) -> float | None:
        """The smallest part left of any limit, from 0 to 1; None where no window is known."""
        running = [limit.ratio for operation in self._limits if (limit := self.current(operation)) is not None]
        return min(running, default=None)

    def wait_seconds(self, operation: Operation, reserve: float) -> float:
        """How long to leave a call alone so that a part of its limit stays for others.

        Args:
            operation: what is to be called.
            reserve: the part to leave, from 0 to 1.

        Returns:
            seconds until the window ends, at most 60; 0 where more than the reserve is left.
        """
        seen = self.current(operation)
        if seen is None or seen.ratio > reserve:
            return 0.0
        return min(_LONGEST_WAIT, seen.reset - self._clock.now())
