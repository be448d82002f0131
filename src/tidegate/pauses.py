"""Between two attempts: until somebody wakes us or a time is over, longer after each failure; and the end of them."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

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


async def ended(tasks: Iterable[asyncio.Task[Any]], again_s: float) -> None:
    """Cancel tasks until they are over; what they raise is lost.

    Who is cancelled in mid-work may raise an error of its own in place of ``CancelledError``, as a task group does
    whose tasks fail meanwhile; a loop that goes on after errors then goes on, and hears the next request.

    Args:
        tasks: that are to end.
        again_s: seconds after which those that run on are asked again.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=again_s)
        await asyncio.gather(*done, return_exceptions=True)
