"""How many tokens are out there, and until when: counted by the minute in which they expire."""

from typing import Final

MINUTES: Final = 24 * 60 + 2
"""No token lives longer than a day; one minute each for the two that are begun."""

_MINUTE: Final = 60


class Outstanding:
    """Tokens that were signed and have not expired. A token that is handed out again is not counted again.

    Attributes:
        last: the latest expiry of all, seconds since the epoch; 0 before the first token.
        longest: the longest life of all, seconds.
    """

    __slots__ = ("_counts", "_minutes", "last", "longest")

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._minutes: list[int] = []
        self.last = 0
        self.longest = 0

    def add(self, issued_at: int, expires_at: int) -> None:
        """Count a token.

        Args:
            issued_at: seconds since the epoch.
            expires_at: seconds since the epoch, at most a day later.
        """
        if not self._counts:  # most generations of a long-lived process never sign
            self._counts, self._minutes = [0] * MINUTES, [0] * MINUTES
        minute = expires_at // _MINUTE
        place = minute % MINUTES
        if self._minutes[place] == minute:
            self._counts[place] += 1
        else:
            self._minutes[place], self._counts[place] = minute, 1
        self.last = max(self.last, expires_at)
        self.longest = max(self.longest, expires_at - issued_at)

    def count(self, now: float) -> int:
        """How many have not expired, to the minute.

        Args:
            now: seconds since the epoch.
        """
        minute = int(now) // _MINUTE
        return sum(count for count, at in zip(self._counts, self._minutes, strict=True) if at >= minute)
