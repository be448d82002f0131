"""Time that runs faster, for everything in one event loop alike: clocks, time-outs and pauses, over real sockets."""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class PacedClock:
    """A clock that can run some times as fast as the machine's; it begins at the machine's pace.

    Args:
        fast: how many of its seconds go into one, once it hurries.
    """

    def __init__(self, fast: float) -> None:
        self.pace = 1.0
        self._fast = fast
        self._began_at, self._since, self._until_then = time.time(), time.monotonic(), 0.0

    def hurry(self) -> None:
        """Run fast from now on: what comes first, imports above all, takes the machine's own time."""
        self._until_then, self._since, self.pace = self.monotonic(), time.monotonic(), self._fast

    def now(self) -> float:
        return self._began_at + self.monotonic()

    def monotonic(self) -> float:
        return self._until_then + (time.monotonic() - self._since) * self.pace


class _Selector(selectors.DefaultSelector):
    def __init__(self, clock: PacedClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(timeout if timeout is None else timeout / self._clock.pace)


class PacedLoop(asyncio.SelectorEventLoop):
    """An event loop of such a clock: a pause of ten seconds takes one where the pace is ten.

    Args:
        clock: by which everything goes.
    """

    def __init__(self, clock: PacedClock) -> None:
        self._paced = clock
        super().__init__(_Selector(clock))

    def time(self) -> float:
        return self._paced.monotonic()


def run_paced(pace: float, main: Callable[[PacedClock], Coroutine[Any, Any, T]]) -> T:
    """Run something in such a loop.

    Args:
        pace: how many seconds go into one.
        main: given the clock.
    """
    clock = PacedClock(pace)
    with asyncio.Runner(loop_factory=lambda: PacedLoop(clock)) as runner:
        return runner.run(main(clock))
