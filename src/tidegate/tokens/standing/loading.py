"""The time from a replica's start until it has read who is banned."""

from collections.abc import Callable
from typing import Final

import structlog

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal

RETRY_SECONDS: Final = 1
SLOW: Final = 12
"""How many times as long is waited for a database of which no use has failed: a start on a busy machine takes long."""


class FirstLoad:
    """What is asked in place of marks that are not there yet; it is gone once they were read.

    Args:
        clock: for durations.
        wait_s: seconds for which nobody gets a token, unless the database says something meanwhile.
        sound: whether no use of the database has failed; each ends within its own time-out, so a database that is
            down is known to be.
    """

    __slots__ = ("_clock", "_since", "_sound", "_told", "_wait_s")

    def __init__(self, clock: Clock, wait_s: float, sound: Callable[[], bool]) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._sound = sound
        self._since = clock.monotonic()
        self._told = False

    def advances(self) -> None:
        """Wait anew: the database answers, and has more to say than was read until now."""
        self._since = self._clock.monotonic()

    def waits(self) -> bool:
        """Whether nobody gets a token now."""
        waited = self._clock.monotonic() - self._since
        return waited < self._wait_s or (waited < self._wait_s * SLOW and self._sound())

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
