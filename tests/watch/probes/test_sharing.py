"""One prober for all replicas of a store, over both kinds of database; each for itself where it is gone."""

import asyncio
import contextlib

import pytest

from tidegate.clock import ManualClock, SystemClock
from tidegate.store import Database, DatabaseOptions, Store
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Blame, Outcome, ProbeSpec, Ran, State
from tidegate.watch.probes.service import Runner
from tidegate.watch.probes.sharing import LEASE_SECONDS, TOPIC, StoreTurn
from tidegate.watch.probes.stores import DatabaseProbe, RedisProbe
from tidegate.watch.probes.wire import decoded, encoded

pytestmark = pytest.mark.anyio
FOUND = Outcome(
    "credentials",
    1_000.5,
    State.FAILING,
    990.0,
    Cause.STREAM_ERRORS,
    "Stream answers with server errors.",
    Blame.STREAM,
    0.95,
    {"response_seconds": 0.2},
)


class Shared:
    """A probe that counts its runs."""

    spec = ProbeSpec("credentials", "Credentials", 30.0, 5.0, {"get_app": 1})

    def __init__(self, clock):
        self.clock = clock
        self.runs = 0

    async def run(self):
        self.runs += 1
        return Outcome("credentials", self.clock.now(), State.OK, self.clock.now(), figures={"run": self.runs})


class Replica:
    """One of several: a store on the same database, a board and a runner."""

    def __init__(self, url, clock):
        self.clock = clock
        self.store = Store(Database.open(url, DatabaseOptions(timeout_s=2.0)), clock, poll_s=0.02, keep_s=3_600)
        self.board = Board()
        self.turn = StoreTurn(self.store, self.board, clock)
        self.probe = Shared(clock)
        self.runner = Runner([self.probe], self.board, self.turn, clock, tick_s=0.02, jitter=lambda: 0.0)

    @contextlib.asynccontextmanager
    async def running(self):
        tasks = [asyncio.create_task(self.store.run()), asyncio.create_task(self.runner.run())]
        try:
            yield self
        finally:
            for task in tasks[::-1]:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await self.store.database.aclose()


async def until(condition, seconds=10):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_one_probes_and_the_others_know(database_url, monkeypatch):
    monkeypatch.setattr("tidegate.watch.probes.service.HAND_GAP_S", 0.0)
    clock = SystemClock()
    async with Replica(database_url, clock).running() as first:
        await until(lambda: first.board.last("credentials") is not None)
        async with Replica(database_url, clock).running() as second:
            await until(lambda: second.board.last("credentials") is not None)
            await asyncio.sleep(0.1)
            there = second.board.last("credentials")
            assert (first.probe.runs, second.probe.runs) == (1, 0)
            assert (first.turn.mine, second.turn.mine) == (True, False)
            assert there.ran is Ran.ELSEWHERE
            assert there.figures == {"run": 1.0}
            assert there.at == first.board.last("credentials").at
            # By hand it runs on the replica that was asked, and the other one hears of it.
            await second.runner.run_now("credentials")
            await until(lambda: first.board.last("credentials").ran is Ran.ELSEWHERE)
            assert (first.probe.runs, second.probe.runs) == (1, 1)


async def test_when_the_one_goes_another_takes_over(database_url, monkeypatch):
    monkeypatch.setattr("tidegate.watch.probes.sharing._ROUND_SECONDS", 0.05)
    clock = SystemClock()
    async with Replica(database_url, clock).running() as second:
        await until(lambda: second.turn.mine)
        async with Replica(database_url, clock).running() as first:
            await until(lambda: first.board.last("credentials") is not None)
            assert not first.turn.mine
            second.turn._lease.acquire = lambda: asyncio.sleep(0, result=False)
            await asyncio.sleep(0.1)  # a round that was under way is over
            await second.turn._lease.release()  # what a replica that is shut down does
            await until(lambda: first.turn.mine)
            assert first.probe.runs == 0  # the other one's outcome is of just now
            await first.turn.share(FOUND)
            await until(lambda: second.board.last("credentials").ran is Ran.HERE)


async def test_where_the_database_is_gone_each_goes_on_by_itself(unused_port):
    clock = ManualClock()
    replica = Replica(f"postgresql://nobody@127.0.0.1:{unused_port}/none", clock)
    async with replica.running():
        await until(lambda: replica.board.last("credentials") is not None)
        assert replica.board.last("credentials").ran is Ran.ALONE
        assert replica.turn.alone


async def test_a_short_outage_makes_nobody_probe_twice(database):
    clock = ManualClock()
    store = Store(database, clock, keep_s=3_600)
    turn = StoreTurn(store, Board(), clock)
    await turn._round()
    assert turn.mine
    await turn._lease.release()
    await database.aclose()  # from now on every use fails
    await turn._round()
    assert not turn.mine
    clock.advance(LEASE_SECONDS + 1)
    await turn._round()
    assert turn.mine
    assert turn.alone
    await turn.share(FOUND)  # there is nobody to tell, and nothing is raised


async def test_whoever_starts_later_reads_what_was_found(database):
    clock = SystemClock()
    store = Store(database, clock, keep_s=3_600)
    first = StoreTurn(store, Board(), clock)
    await first.share(FOUND)
    await first.share(Outcome("quota", 1_001.0, State.OK, 1_001.0))
    board = Board()
    later = StoreTurn(store, board, clock)
    await later._reload()
    assert [one.probe for one in board.outcomes()] == ["credentials", "quota"]
    there = board.last("credentials")
    assert (there.cause, there.blame, there.sure, there.since) == (Cause.STREAM_ERRORS, Blame.STREAM, 0.95, 990.0)


def test_an_outcome_travels_whole():
    there = decoded(encoded(FOUND), now=2_000.0)
    assert there.ran is Ran.ELSEWHERE
    assert encoded(there) == encoded(FOUND)


def test_a_replica_whose_clock_is_ahead_does_not_silence_the_others():
    there = decoded({**encoded(FOUND), "at": 9_999.0, "since": 9_999.0}, now=2_000.0)
    assert (there.at, there.since) == (2_000.0, 2_000.0)


async def test_what_a_later_version_says_is_passed_over(database):
    store = Store(database, SystemClock(), keep_s=3_600)
    board = Board()
    turn = StoreTurn(store, board, SystemClock())
    for members in ({**encoded(FOUND), "state": "purple"}, {"probe": "x"}, {**encoded(FOUND), "at": None}):
        turn._learn(members)
    assert board.outcomes() == ()
    assert TOPIC == "probes"


async def test_the_database_s_own_probe(database):
    probe = DatabaseProbe(database, SystemClock(), 5.0)
    fine = await probe.run()
    await database.aclose()
    gone = await probe.run()
    assert fine.state is State.OK
    assert fine.figures["response_seconds"] > 0
    assert (gone.state, gone.cause, gone.blame) == (State.FAILING, Cause.DATABASE_DOWN, Blame.OURS)


async def test_redis_that_is_not_there_is_said_without_its_password(unused_port):
    outcome = await RedisProbe(f"redis://:hunter2@127.0.0.1:{unused_port}/0", SystemClock()).run()
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.REDIS_DOWN)
    assert "hunter2" not in repr(outcome)
    assert str(unused_port) not in repr(outcome)
