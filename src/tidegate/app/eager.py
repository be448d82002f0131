"""Beginning a coroutine at once, and making it a task only if it has to wait.

Most exchanges never wait. A task for each of them, and its trip through the
event loop, would cost about as much as minting the token. Python 3.12 has eager
tasks; this is the same for 3.11, and cheaper where no task is needed at all.
"""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


def begin(coroutine: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None] | None":
    """Run a coroutine up to its first wait.

    Args:
        coroutine: it must not use anything bound to the current task, and set no context
            variable, before it first waits.
        loop: the running loop.

    Returns:
        None if it ended, else a task that carries it on in a copy of the caller's context.
    """
    try:
        waiting = coroutine.send(None)
    except StopIteration:
        return None
    return loop.create_task(_carry_on(coroutine, waiting))


async def _carry_on(coroutine: Coroutine[Any, None, None], waiting: object) -> None:
    await _relay(coroutine, waiting)


@types.coroutine
def _relay(coroutine: Coroutine[Any, None, None], waiting: object) -> Generator[object, None, None]:
    """Pass what a begun coroutine waits for on to the task, and the outcome back."""
    while True:
        try:
            try:
                yield waiting
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001  # cancellation included, as a task would pass it on
                waiting = coroutine.throw(error)
            else:
                waiting = coroutine.send(None)
        except StopIteration:
            return
