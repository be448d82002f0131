"""The runner: periods, time-outs, whose turn it is, and that no probe takes another one with it."""

import asyncio
import contextlib

import pytest

from tidegate.clock import ManualClock
from tidegate.metrics import REGISTRY
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, Ran, State, calls_per_hour
from tidegate.watch.probes.service import OneProcess, Runner

pytestmark = pytest.mark.anyio


class Counted:
    """A probe that counts its runs, waits at a gate, and fails where told."""

    def __init__(self, clock, name="one", *, period_s=30.0, timeout_s=5.0, each_replica=False, error=None):
        self.spec = ProbeSpec(name, name.title(), period_s, timeout_s, {"get_app": 1}, each_replica)
        self.clock = clock
        self.error = error
        self.runs = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self):
        self.runs += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Outcome(self.spec.name, self.clock.now(), State.OK, self.clock.now())


class Elsewhere:
    """Another replica's turn, until told otherwise."""

    def __init__(self, *, mine=False, alone=False):
        self.mine, self.alone, self.shared = mine, alone, []

    async def run(self, _changed):
        await asyncio.Event().wait()

    async def share(self, outcome):
        self.shared.append(outcome)


@contextlib.asynccontextmanager
async def running(*probes, turn=None, clock, board=None):
    board = board or Board()
    runner = Runner(probes, board, turn or OneProcess(), clock, tick_s=0.005, jitter=lambda: 0.0)
    task = asyncio.create_task(runner.run())
    await asyncio.sleep(0.03)
    yield runner, board
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def moved(clock, seconds):
    clock.advance(seconds)
    await asyncio.sleep(0.03)


async def test_each_runs_at_once_and_then_at_its_period():
    clock = ManualClock()
    often, seldom = Counted(clock), Counted(clock, "two", period_s=90.0)
    async with running(often, seldom, clock=clock) as (_, board):
        assert (often.runs, seldom.runs) == (1, 1)
        for _ in range(3):
            await moved(clock, 29.9)
            await moved(clock, 0.1)
        assert (often.runs, seldom.runs) == (4, 2)
        assert board.last("one").at == clock.now()


async def test_jitter_makes_a_period_longer_and_never_shorter():
    clock = ManualClock()
    probe = Counted(clock)
    runner = Runner([probe], Board(), OneProcess(), clock, tick_s=0.005, jitter=lambda: 1.0)
    task = asyncio.create_task(runner.run())
    await asyncio.sleep(0.03)
    await moved(clock, 32.9)
    assert probe.runs == 1
    await moved(clock, 0.2)
    assert probe.runs == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_all_share_is_run_by_one_and_what_is_about_the_replica_by_each():
    clock = ManualClock()
    shared, own, turn = Counted(clock), Counted(clock, "disk", each_replica=True), Elsewhere()
    async with running(shared, own, turn=turn, clock=clock):
        assert (shared.runs, own.runs) == (0, 1)
        turn.mine = True
        await asyncio.sleep(0.03)
        assert shared.runs == 1
        assert [one.probe for one in turn.shared] == ["one"]


async def test_whoever_takes_over_waits_for_what_is_left_of_the_period():
    clock = ManualClock()
    board, probe, turn = Board(), Counted(clock), Elsewhere()
    async with running(probe, turn=turn, clock=clock, board=board):
        board.post(Outcome("one", clock.now(), State.OK, clock.now(), ran=Ran.ELSEWHERE))
        turn.mine = True
        await moved(clock, 29.0)
        assert probe.runs == 0
        await moved(clock, 1.1)
        assert probe.runs == 1


async def test_what_is_found_alone_says_so():
    clock = ManualClock()
    async with running(Counted(clock), turn=Elsewhere(mine=True, alone=True), clock=clock) as (_, board):
        assert board.last("one").ran is Ran.ALONE


async def test_a_probe_that_takes_too_long_fails_and_says_so():
    clock = ManualClock()
    probe = Counted(clock, timeout_s=0.02)
    probe.gate.clear()
    async with running(probe, clock=clock) as (_, board):
        await asyncio.sleep(0.05)
        outcome = board.last("one")
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.PROBE_TIMED_OUT)
    assert "within 0.02 s" in outcome.text


async def test_a_broken_probe_is_unknown_and_takes_no_other_with_it():
    clock = ManualClock()
    broken, sound = Counted(clock, "broken", error=RuntimeError("a secret")), Counted(clock)
    async with running(broken, sound, clock=clock) as (_, board):
        outcome = board.last("broken")
        assert (outcome.state, outcome.cause) == (State.UNKNOWN, Cause.PROBE_BROKEN)
        assert "RuntimeError" in outcome.text
        assert "a secret" not in outcome.text
        await moved(clock, 31)
        assert (broken.runs, sound.runs) == (2, 2)
    assert REGISTRY.get_sample_value("tidegate_probe_state", {"probe": "broken"}) == 3


async def test_by_hand_it_runs_whoever_s_turn_it_is_and_a_crowd_shares_it():
    clock = ManualClock()
    probe, turn = Counted(clock), Elsewhere()
    async with running(probe, turn=turn, clock=clock) as (runner, _):
        probe.gate.clear()
        crowd = [asyncio.create_task(runner.run_now("one")) for _ in range(20)]
        await asyncio.sleep(0)
        probe.gate.set()
        assert len({one.at for one in await asyncio.gather(*crowd)}) == 1
        assert probe.runs == 1
        await runner.run_now("one")
        assert probe.runs == 1  # the last one is of just now
        clock.advance(2.1)
        assert (await runner.run_now("one")).at == clock.now()
        assert probe.runs == 2
        assert await runner.run_now("none") is None


async def test_a_probe_that_is_hurried_runs_at_once():
    clock = ManualClock()
    probe = Counted(clock)
    async with running(probe, clock=clock) as (runner, _):
        runner.hurry("one")
        runner.hurry("none")
        await asyncio.sleep(0.03)
        assert probe.runs == 2


async def test_it_leaves_no_run_behind():
    clock = ManualClock()
    probe = Counted(clock)
    probe.gate.clear()
    async with running(probe, clock=clock) as (runner, _):
        flying = runner._flying["one"]
        assert not flying.done()
    assert flying.cancelled()


def test_two_probes_of_one_name_are_a_mistake():
    clock = ManualClock()
    with pytest.raises(ValueError, match="two probes are named one"):
        Runner([Counted(clock), Counted(clock)], Board(), OneProcess(), clock)


def test_what_an_hour_costs():
    specs = [ProbeSpec("a", "", 30, 5, {"get_app": 1, "ban": 0.5}), ProbeSpec("b", "", 60, 5, {"get_app": 2})]
    assert calls_per_hour([*specs, ProbeSpec("c", "", 1, 1)]) == {"get_app": 240, "ban": 60}
