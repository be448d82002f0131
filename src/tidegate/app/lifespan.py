"""What runs beside the requests: started together, ended in order, and never silently dead."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Final

import structlog

from tidegate.pauses import ended

_RESTART_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 5.0
"""How long a job has for its end before it is asked again."""


class Background:
    """Tasks and the things to close after them.

    Attributes:
        stopping: whether the replica is shutting down; doors and readiness look at it.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._jobs: list[tuple[str, Callable[[], Coroutine[None, None, None]]]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def add(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        """Have a job run from start to end of the service.

        Args:
            name: for the log.
            run: runs until cancelled; should it fail all the same, it is started again a second later.
        """
        self._jobs.append((name, run))

    def close_with(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have something closed at the end; the last that was added is closed first."""
        self._closers.append(closer)

    def stop(self) -> None:
        """From now on this replica takes no new exchanges."""
        self.stopping = True

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All jobs run while inside."""
        async with self.closing():
            tasks = [asyncio.create_task(self._kept_alive(name, run), name=name) for name, run in self._jobs]
            try:
                yield
            finally:
                self.stop()
                await ended(tasks, _CANCEL_SECONDS)

    @contextlib.asynccontextmanager
    async def closing(self) -> AsyncIterator[None]:
        """Everything is closed at the end of the block; no job runs."""
        try:
            yield
        finally:
            self.stop()
            for closer in reversed(self._closers):
                try:
                    await closer()
                except Exception:  # noqa: BLE001 - the others must be closed all the same
                    structlog.get_logger("tidegate").exception("could not close cleanly")

    async def _kept_alive(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        while not self.stopping:
            try:
                await run()
            except Exception:  # noqa: BLE001 - a job that ends in silence would be worse
                then = "it is not started again at the end" if self.stopping else "starting it again"
                structlog.get_logger("tidegate").exception(f"background job failed; {then}", job=name)
            await asyncio.sleep(_RESTART_SECONDS)
