"""Stream's rate limits: per endpoint and minute, and a thirtieth of that per second."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.sandbox.stream_errors import Code, StreamFault
from tidegate.sandbox.stream_tokens import Caller, CallerKind

WINDOW_SECONDS: Final = 60
BURST_DIVISOR: Final = 30
USER_PER_MINUTE: Final = 60
TRACKED: Final = 10_000

PER_MINUTE: Final = MappingProxyType(
    {
        "GetApp": 10_000,
        "GetRateLimits": 1_000,
        "QueryUsers": 1_000,
        "UpdateUsers": 300,
        "UpdateUsersPartial": 300,
        "UpdateApp": 60,
        "Ban": 300,
        "Unban": 300,
        "DeactivateUser": 60,
        "ReactivateUser": 60,
        "GetOrCreateChannel": 10_000,
        "SendMessage": 1_000,
        "TruncateChannel": 60,
    }
)
"""Stream's defaults per app and platform; the endpoint names and the figure of GetRateLimits are ours."""

PLATFORMS: Final = ("server_side", "android", "ios", "web")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one endpoint stands in its present window.

    Attributes:
        limit: calls per minute.
        remaining: calls left.
        reset: when the window ends, Unix seconds.
    """

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The three headers of every answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class _Window:
    """Counts of one endpoint, one platform and perhaps one user."""

    __slots__ = ("in_minute", "in_second", "minute", "second")

    def __init__(self) -> None:
        self.minute = self.second = self.in_minute = self.in_second = 0

    def roll(self, now: float) -> None:
        minute, second = int(now) // WINDOW_SECONDS, int(now)
        if minute != self.minute:
            self.minute, self.in_minute = minute, 0
        if second != self.second:
            self.second, self.in_second = second, 0


class RateLimits:
    """The windows of one app.

    Args:
        now: seconds since the epoch by Stream's clock.

    Attributes:
        per_minute: limits by endpoint; a test lowers one by assigning to it.
        burst: whether the cap per second holds; off for tests whose clock stands still.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.per_minute: dict[str, int] = dict(PER_MINUTE)
        self.burst = True
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str, str], _Window] = {}

    def reset(self) -> None:
        """Open all windows anew, with the default limits."""
        with self._lock:
            self.per_minute = dict(PER_MINUTE)
            self.burst = True
            self._windows = {}

    def debit(self, endpoint: str, caller: Caller) -> None:
        """Count one call.

        Raises:
            StreamFault: code 9 when the minute's or the second's share is used up.
        """
        platform = platform_of(caller)
        with self._lock:
            windows = [(self._window(endpoint, platform, ""), self.per_minute[endpoint])]
            if caller.kind is CallerKind.USER:
                windows.append((self._window(endpoint, platform, caller.user_id), USER_PER_MINUTE))
            for window, limit in windows:
                if window.in_minute >= limit or (self.burst and window.in_second >= max(1, limit // BURST_DIVISOR)):
                    raise StreamFault(Code.RATE_LIMITED, f"too many requests for {endpoint}")
            for window, _ in windows:
                window.in_minute += 1
                window.in_second += 1

    def standing(self, endpoint: str, platform: str = "server_side") -> Standing:
        """Where an endpoint stands now, without counting a call."""
        with self._lock:
            window, limit = self._window(endpoint, platform, ""), self.per_minute[endpoint]
            reset = (window.minute + 1) * WINDOW_SECONDS
            return Standing(limit, max(0, limit - window.in_minute), reset)

    def exhaust(self, endpoint: str, platform: str = "server_side") -> None:
        """Use up the present window, as another client of the same app could."""
        with self._lock:
            self._window(endpoint, platform, "").in_minute = self.per_minute[endpoint]

    def all(self, platforms: Mapping[str, bool], endpoints: frozenset[str]) -> dict[str, dict[str, dict[str, int]]]:
        """The body of ``GET /rate_limits``.

        Args:
            platforms: those asked for; none asked for means all.
            endpoints: those asked for; none means all.
        """
        wanted = [name for name in PLATFORMS if platforms.get(name)] or PLATFORMS
        names = [name for name in self.per_minute if not endpoints or name in endpoints]
        return {platform: {name: self._figures(name, platform) for name in names} for platform in wanted}

    def _figures(self, endpoint: str, platform: str) -> dict[str, int]:
        standing = self.standing(endpoint, platform)
        return {"limit": standing.limit, "remaining": standing.remaining, "reset": standing.reset}

    def _window(self, endpoint: str, platform: str, user_id: str) -> _Window:
        now = self._now()
        if len(self._windows) > TRACKED:
            self._windows = {
                key: kept for key, kept in self._windows.items() if kept.minute == int(now) // WINDOW_SECONDS
            }
        window = self._windows.setdefault((endpoint, platform, user_id), _Window())
        window.roll(now)
        return window


def platform_of(caller: Caller) -> str:
    """The platform whose share a call debits; which header decides it for users is not established."""
    return "server_side" if caller.kind is CallerKind.SERVER else "web"
