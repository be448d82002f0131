"""The time from a replica's start until it has read who is banned."""

import structlog

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal

RETRY_SECONDS = 1


class FirstLoad:
    """What is asked in place of marks that are not there yet; it is gone once they were read.

    Args:
        clock: for durations.
        wait_s: seconds for which nobody gets a token, unless the database says something meanwhile.
    """

    __slots__ = ("_clock", "_told", "_until", "_wait_s")

    def __init__(self, clock: Clock, wait_s: float) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._until = clock.monotonic() + wait_s
        self._told = False

    def advances(self) -> None:
        """Wait anew: the database answers, and has more to say than was read until now."""
        self._until = self._clock.monotonic() + self._wait_s

    def waits(self) -> bool:
        """Whether nobody gets a token now."""
        return self._clock.monotonic() < self._until

    def check(self) -> None:
        """Refuse while it waits. Afterwards go on without what the database knows, and say so once.

        Raises:
            Refusal: ``store_unavailable``.
        """
        if self.waits():
            raise Refusal(
                Reason.STORE_UNAVAILABLE,
                "This replica has just started and is still reading who is banned; ask again.",
                retry_after=RETRY_SECONDS,
            )
        if not self._told:
            self._told = True
            structlog.get_logger("tidegate.standing").warning("standing_not_loaded", waited_s=self._wait_s)
