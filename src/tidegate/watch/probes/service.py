"""Running the probes: each at its period, within its time, on the replica whose turn it is."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final, Protocol

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.pauses import woken
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, Ran, State

HAND_GAP_S: Final = 2.0
"""Seconds. Whoever has a probe run by hand again within them gets the last outcome."""

_JITTER: Final = 0.1
_PERIODS_MISSED: Final = 4
_LEVELS: Final = {State.OK: 0, State.WARNING: 1, State.FAILING: 2, State.UNKNOWN: 3}


class Probe(Protocol):
    """Something that is looked at from time to time."""

    @property
    def spec(self) -> ProbeSpec:
        """What it does and costs; asked before each run."""
        ...

    async def run(self) -> Outcome:
        """Look. May raise; the runner makes an outcome of it."""
        ...


class Turn(Protocol):
    """Whose turn it is to probe what all replicas share."""

    @property
    def mine(self) -> bool:
        """Whether this replica runs the shared probes now."""
        ...

    @property
    def alone(self) -> bool:
        """Whether it does so since it cannot hear of the others."""
        ...

    async def run(self, changed: Callable[[], None]) -> None:
        """Keep it up until cancelled.

        Args:
            changed: called when the turn came or went.
        """
        ...

    async def share(self, outcome: Outcome) -> None:
        """Let the other replicas know. Does not raise."""
        ...


class OneProcess:
    """A deployment of one process: it is always its turn."""

    mine: Final = True
    alone: Final = False

    async def run(self, _changed: Callable[[], None]) -> None:
        """Nothing to keep up."""
        metrics.WATCH_TURN.set(1)
        await asyncio.Event().wait()

    async def share(self, outcome: Outcome) -> None:
        """There is nobody else."""


class Runner:
    """Runs probes and posts what they find; used from one event loop.

    Args:
        probes: with names that differ.
        board: where the outcomes go.
        turn: whose it is.
        clock: for periods and durations.
        tick_s: seconds between two looks at what is due.
        jitter: a number from 0 to 1; up to 10 % is added to each period, so that nothing runs in step.

    Raises:
        ValueError: two probes share a name.
    """

    def __init__(
        self,
        probes: Iterable[Probe],
        board: Board,
        turn: Turn,
        clock: Clock,
        *,
        tick_s: float = 1.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._probes: dict[str, Probe] = {}
        self._board = board
        self._turn = turn
        self._clock = clock
        self._tick_s = tick_s
        self._jitter = jitter
        self._due_at: dict[str, float] = {}
        self._flying: dict[str, asyncio.Task[Outcome]] = {}
        self._sharing: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        board.on_post(self._posted)
        for probe in probes:
            self.add(probe)

    def add(self, probe: Probe) -> None:
        """Have one more probe run.

        Args:
            probe: of a name that no other has.

        Raises:
            ValueError: another one has it.
        """
        name = probe.spec.name
        if name in self._probes:
            raise ValueError(f"two probes are named {name}")
        self._probes[name] = probe

    def specs(self) -> tuple[ProbeSpec, ...]:
        """What the probes do and cost, in the order in which they were given."""
        return tuple(probe.spec for probe in self._probes.values())

    def spec(self, name: str) -> ProbeSpec:
        """What a probe does and costs.

        Args:
            name: of the probe.

        Raises:
            KeyError: there is none of this name.
        """
        return self._probes[name].spec

    def recent(self) -> tuple[Outcome, ...]:
        """What the probes found, as far as it says something about now: none is older than four periods."""
        now = self._clock.now()
        found = []
        for name, probe in self._probes.items():
            last, spec = self._board.last(name), probe.spec
            if last is not None and now - last.at <= _PERIODS_MISSED * spec.period_s + spec.timeout_s:
                found.append(last)
        return tuple(found)

    @property
    def turn(self) -> Turn:
        """Whose turn it is."""
        return self._turn

    def hurry(self, name: str) -> None:
        """Have a probe run at once, since something happened that it looks at.

        Args:
            name: of a probe; one that is not run changes nothing.
        """
        if name in self._probes:
            self._due_at[name] = float("-inf")
            self._woken.set()

    async def run(self) -> None:
        """Run what is due, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._turn.run(self._woken.set))
                tasks.create_task(self._keep_time())
        finally:
            await self._land()

    async def run_now(self, name: str) -> Outcome | None:
        """Run a probe by hand, whoever's turn it is; at most once in two seconds.

        Args:
            name: of the probe.

        Returns:
            what it found, or has found just now; None where there is no such probe.
        """
        if name not in self._probes:
            return None
        last = self._board.last(name)
        if last is not None and 0 <= self._clock.now() - last.at < HAND_GAP_S:
            return last
        return await asyncio.shield(self._started(name))

    async def _keep_time(self) -> None:
        while True:
            now = self._clock.monotonic()
            for name, probe in self._probes.items():
                if now >= self._due_at.get(name, float("-inf")) and (probe.spec.each_replica or self._turn.mine):
                    self._started(name)
            self._woken.clear()
            await woken(self._woken, self._tick_s)

    def _started(self, name: str) -> asyncio.Task[Outcome]:
        """The run that is under way, or a new one."""
        flying = self._flying.get(name)
        if flying is None or flying.done():
            probe = self._probes[name]
            self._put_off(name, probe.spec.period_s)
            flying = asyncio.get_running_loop().create_task(self._run(probe), name=f"probe {name}")
            self._flying[name] = flying
        return flying

    async def _run(self, probe: Probe) -> Outcome:
        spec, began = probe.spec, self._clock.monotonic()
        outcome = await self._found(spec, probe.run)
        metrics.PROBE_DURATION.labels(spec.name).observe(max(0.0, self._clock.monotonic() - began))
        if self._turn.alone and not spec.each_replica:
            outcome = replace(outcome, ran=Ran.ALONE)
        self._board.post(outcome)
        if not spec.each_replica:
            # A run is over when something was found: whoever asks for one by hand does not wait for the store.
            sharing = asyncio.get_running_loop().create_task(self._turn.share(outcome))
            self._sharing.add(sharing)
            sharing.add_done_callback(self._sharing.discard)
        return self._board.last(spec.name) or outcome

    async def _found(self, spec: ProbeSpec, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        try:
            async with asyncio.timeout(spec.timeout_s):
                return await run()
        except TimeoutError:
            return self._unfound(spec, State.FAILING, Cause.PROBE_TIMED_OUT, f"within {spec.timeout_s:g} s")
        except Exception as error:  # noqa: BLE001 - a probe that fails must not end the others
            structlog.get_logger("tidegate.watch").exception("a probe failed", probe=spec.name)
            return self._unfound(spec, State.UNKNOWN, Cause.PROBE_BROKEN, type(error).__name__)

    def _unfound(self, spec: ProbeSpec, state: State, cause: Cause, why: str) -> Outcome:
        known, now = CAUSES[cause], self._clock.now()
        text = f"{known.text} ({spec.title}: {why})"
        return Outcome(spec.name, now, state, now, cause, text, known.blame, sure=0.5)

    def _posted(self, outcome: Outcome) -> None:
        metrics.PROBE_STATE.labels(outcome.probe).set(_LEVELS[outcome.state])
        probe = self._probes.get(outcome.probe)
        if probe is not None and outcome.ran is Ran.ELSEWHERE:
            self._put_off(outcome.probe, probe.spec.period_s)

    def _put_off(self, name: str, period_s: float) -> None:
        self._due_at[name] = self._clock.monotonic() + period_s * (1 + _JITTER * self._jitter())

    async def _land(self) -> None:
        flying = [task for task in (*self._flying.values(), *self._sharing) if not task.done()]
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
