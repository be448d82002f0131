"""When a failed call to Stream is made again, and after how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tidegate.upstream.errors import RateLimited, UpstreamError

_UNTOLD_WAIT: Final = 1.0
"""Seconds to wait after a 429 that does not say how long."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries of calls that may be repeated without harm.

    Attributes:
        attempts: the most tries, the first one included.
        base_s: seconds; the first wait is a random part of it, each further one of twice as much.
        cap_s: seconds; the longest wait that the doubling reaches.
        jitter: a number from 0 to 1.
    """

    attempts: int = 3
    base_s: float = 0.1
    cap_s: float = 2.0
    jitter: Callable[[], float] = random.random

    def wait_seconds(self, error: UpstreamError, tried: int) -> float | None:
        """How long to wait before the next try.

        Args:
            error: what the last try ended with.
            tried: tries so far, 1 after the first.

        Returns:
            seconds, or None: do not try again.
        """
        if tried >= self.attempts:
            return None
        if isinstance(error, RateLimited):
            told = _UNTOLD_WAIT if error.retry_after is None else error.retry_after
            return told * (1 + 0.1 * self.jitter())
        if error.outage:
            return self.jitter() * min(self.cap_s, self.base_s * 2.0 ** (tried - 1))
        return None
