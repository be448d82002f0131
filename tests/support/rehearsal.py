"""A whole service and the sandbox in one event loop, whose time can run faster: what its watch says of a fault."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio

from support.gate import put_sqlite_file, settings_for
from support.pace import PacedClock
from tidegate.app.build import Runtime, build
from tidegate.sandbox import Sandbox
from tidegate.sandbox.server import serve
from tidegate.watch.alerts.model import AlertState, Phase
from tidegate.watch.model import Status
from tidegate.watch.probes.model import State
from tidegate.watch.series.sources import read

PROBED_WITHIN_S = 20.0


class LaggingClock:
    """Another clock, behind by a lag."""

    def __init__(self, clock: PacedClock) -> None:
        self._clock = clock
        self.lag = 0.0

    def now(self) -> float:
        return self._clock.now() - self.lag

    def monotonic(self) -> float:
        return self._clock.monotonic()


@dataclass
class Stage:
    """What a scenario holds.

    Attributes:
        sandbox: identity provider and Stream, over real sockets.
        runtime: the service.
        clock: of the service.
        theirs: the sandbox's.
        state_dir: of the service.
        calls_before: calls to Stream that this process had made before the service began.
        held: what a scenario keeps for its end.
    """

    sandbox: Sandbox
    runtime: Runtime
    clock: PacedClock
    theirs: LaggingClock
    state_dir: Path
    calls_before: float
    held: dict[str, Any] = field(default_factory=dict)

    @property
    def stream(self):
        return self.sandbox.stream

    def firing(self) -> dict[str, AlertState]:
        """The alerts that fire now, by name."""
        alerts = self.runtime.watching.alerts
        return {one.name: one for one in alerts.current() if one.phase is Phase.FIRING}

    def ever(self) -> set[str]:
        """The names of all alerts that fire or have fired."""
        past = {one.name for one in self.runtime.watching.alerts.history() if one.fired_at is not None}
        return past | self.firing().keys()

    def is_well(self) -> bool:
        """Whether everything was probed and is well, and nothing of the start is pending any more."""
        watching = self.runtime.watching
        known = {outcome.probe: outcome.state for outcome in watching.board.outcomes()}
        wanted = {spec.name for spec in watching.runner.specs() if spec.name not in {"clock", "configuration"}}
        probed = wanted <= known.keys() and all(known[name] is State.OK for name in wanted if name != "generations")
        quiet = not watching.alerts.current()
        return probed and quiet and watching.watch.health().status is Status.HEALTHY


async def _all_probed(runtime: Runtime) -> None:
    watching, until = runtime.watching, asyncio.get_running_loop().time() + PROBED_WITHIN_S
    wanted = {spec.name for spec in watching.runner.specs()}
    while asyncio.get_running_loop().time() < until:
        if wanted <= {outcome.probe for outcome in watching.board.outcomes()}:
            return
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def staged(clock: PacedClock, state_dir: Path, **changed: object) -> AsyncIterator[Stage]:
    """Run a service beside a sandbox, with all probes and the canary.

    Args:
        clock: of everything.
        state_dir: of the service.
        changed: settings.
    """
    theirs = LaggingClock(clock)
    sandbox = Sandbox(theirs)
    sandbox.stream.limits.burst = False
    up = asyncio.Event()
    serving = asyncio.ensure_future(serve(sandbox, listening=lambda _: up.set()))
    try:
        await up.wait()
        await anyio.to_thread.run_sync(put_sqlite_file, state_dir)
        where = SimpleNamespace(sandbox=sandbox, stream_url=sandbox.stream_url)
        before = read().counts["stream.calls"]
        runtime = build(settings_for(where, state_dir, **{"canary": "on"} | changed), clock=clock)
        async with runtime.background.running():
            await _all_probed(runtime)
            clock.hurry()
            yield Stage(sandbox, runtime, clock, theirs, state_dir, before)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
