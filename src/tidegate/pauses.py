"""Between two attempts: until somebody wakes us or a time is over, and longer after each failure."""

import asyncio
from contextlib import suppress
from typing import Final

_DOUBLINGS: Final = 16
"""Beyond them no number is meant any more; what is computed is bounded by whoever asks."""


async def woken(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for an event, but not for longer than a time.

    Args:
        event: that wakes us; whoever waits clears it.
        seconds: how long at most; None: for ever.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def doubled(first_s: float, failures: int) -> float:
    """A pause that is twice as long after each failure, seconds.

    Args:
        first_s: seconds after the first one.
        failures: how many there were before.
    """
    return float(first_s * 2.0 ** min(failures, _DOUBLINGS))
