"""Counting beacons: whom they are asked of, window after window."""

import asyncio
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tidegate import metrics_telemetry as metrics
from tidegate.clock import Clock
from tidegate.watch.telemetry.lately import Lately
from tidegate.watch.telemetry.model import LEAST_USERS, Beacon, Receipt
from tidegate.watch.telemetry.window import Sinks, Window

QUIET_S: Final = 3_600
"""Seconds after which an app outside the sample asks whether it is in it by now."""

_AFTER_S: Final = 0.1
"""Seconds that are waited at least, so that no clock's rounding makes a loop of it."""

_DAY_S: Final = 86_400
_PARTS: Final = 1 << 32
_HASH_OCTETS: Final = 4


@dataclass(frozen=True, slots=True)
class TelemetryRules:
    """How beacons are counted.

    Attributes:
        sample: the part of the users that is asked, above 0 and at most 1.
        period_s: seconds between two beacons of an app.
        window_s: seconds of a window.
        users: told apart in one.
    """

    sample: float
    period_s: int
    window_s: float
    users: int


class Telemetry:
    """What apps tell, as figures.

    Args:
        rules: how it is counted.
        sample_key: chooses who is asked; the same on every replica, and no secret of the app's own.
        clock: for windows and days.

    Attributes:
        sample: the part of the users that is asked.
    """

    def __init__(self, rules: TelemetryRules, sample_key: Callable[[], bytes], clock: Clock) -> None:
        self.sample: Final = rules.sample
        self._rules = rules
        self._sample_key = sample_key
        self._clock = clock
        self._sinks = Sinks(
            metrics.CLIENT_CONNECT.labels().observe,
            metrics.CLIENT_DELIVERY.labels().observe,
            metrics.CLIENT_SESSION.labels().observe,
            lambda reason: metrics.CLIENT_FAILURES.labels(reason.value).inc(),
        )
        self._began = clock.monotonic()
        self._window = self._empty()
        self._last: tuple[int, float | None] | None = None
        self._lately = Lately()
        metrics.CLIENT_CONNECTIONS.set_function(lambda: _shown(self.connections()))
        metrics.CLIENT_USERS.set_function(lambda: _shown(self.users()))

    def take(self, user_id: str, beacon: Beacon) -> Receipt:
        """Count a beacon, or leave it out.

        Args:
            user_id: whose it is.
            beacon: as it was read.
        """
        if not self._is_asked(user_id):
            metrics.CLIENT_BEACONS.labels("left_out").inc()
            return Receipt(counted=False, next_seconds=QUIET_S)
        self._turn()
        counted = self._window.add(user_id, beacon)
        metrics.CLIENT_BEACONS.labels("counted" if counted else "full").inc()
        return Receipt(counted=counted, next_seconds=self._rules.period_s)

    def connections(self) -> float | None:
        """Connections that all users held on average in the last whole window; None where it cannot be said."""
        self._turn()
        if self._last is None or self._last[1] is None:
            return None
        return self._last[1] / self.sample

    def users(self) -> int | None:
        """How many users told anything in the last whole window; None before there was one."""
        self._turn()
        return None if self._last is None else self._last[0]

    def levels(self) -> dict[str, Callable[[], float | None]]:
        """What the last whole window came to, to be sampled; None where too few users told of it."""
        return {"client.users": self.users, **{name: self._turned(one) for name, one in self._lately.levels().items()}}

    def _turned(self, level: Callable[[], float | None]) -> Callable[[], float | None]:
        def turned() -> float | None:
            self._turn()
            return level()

        return turned

    async def run(self) -> None:
        """Forget each window when it ends, whether or not anybody tells anything."""
        while True:
            await asyncio.sleep(max(_AFTER_S, self._began + self._rules.window_s - self._clock.monotonic()))
            self._turn()

    def _is_asked(self, user_id: str) -> bool:
        """Whether a user is in today's sample: the same for each of their devices and on every replica."""
        if self.sample >= 1:
            return True
        day = b"%d " % (self._clock.now() // _DAY_S)
        hashed = hashlib.blake2b(day + user_id.encode(), digest_size=_HASH_OCTETS, key=self._sample_key()).digest()
        return int.from_bytes(hashed, "big") < self.sample * _PARTS

    def _turn(self) -> None:
        gone = int((self._clock.monotonic() - self._began) // self._rules.window_s)
        if gone <= 0:
            return
        # After a silence of more than a window, the last whole one is empty.
        self._last = (self._window.users, self._window.connections) if gone == 1 else (0, None)
        self._lately.turn(told=gone == 1, enough=self._window.users >= LEAST_USERS)
        self._began += gone * self._rules.window_s
        self._window = self._empty()

    def _empty(self) -> Window:
        return Window(self._rules.window_s, self._rules.users, self._sinks)


def _shown(value: float | None) -> float:
    return math.nan if value is None else value
