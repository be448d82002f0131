"""The prober: what it makes of each answer, and that no crowd can make it ask more often."""

import asyncio
import time

import pytest
import structlog

from tidegate.clock import ManualClock, SystemClock
from tidegate.credentials import Credentials
from tidegate.metrics import REGISTRY
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.upstream import errors
from tidegate.upstream.breaker import Breaker, BreakerState
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.model import StreamApp
from tidegate.upstream.quota import Quota
from tidegate.watch.model import Failure, Posture, ProbeResult
from tidegate.watch.prober import Prober, failure_of

pytestmark = pytest.mark.anyio


class FakeClient:
    """Answers ``app`` as told, after being let go where it is held."""

    def __init__(self, clock, result=None, takes=0.1):
        self.clock = clock
        self.result = result or StreamApp(name="one", server_time=clock.now())
        self.takes = takes
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def app(self, *, probe=False):
        assert probe
        self.calls += 1
        await self.gate.wait()
        self.clock.advance(self.takes)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def probed(result, **settings):
    clock = ManualClock(1_000_000.0)
    client = FakeClient(clock, result, **settings)
    return await Prober(client, clock).live_test()


async def test_a_good_answer():
    result = await probed(StreamApp(suspended=True, disable_auth_checks=True, server_time=1_000_007.0), takes=0.5)
    assert result.ok
    assert result.duration_ms == pytest.approx(500)
    assert result.posture == Posture(disable_auth_checks=True, disable_permissions_checks=False, suspended=True)
    assert result.clock_difference_s == pytest.approx(7.0 + 0.5 - 0.25)
    assert result.at == 1_000_000.5


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        (errors.UpstreamUnreachable, Failure.UNREACHABLE),
        (errors.UpstreamTimeout, Failure.SLOW),
        (errors.UpstreamBusy, Failure.SLOW),
        (errors.AccessKeyError, Failure.KEY_REFUSED),
        (errors.SignatureInvalid, Failure.SECRET_REFUSED),
        (errors.AuthFailed, Failure.SECRET_REFUSED),
        (errors.TokenDateWrong, Failure.CLOCK_REFUSED),
        (errors.TokenExpired, Failure.CLOCK_REFUSED),
        (errors.TokenNotYetValid, Failure.CLOCK_REFUSED),
        (errors.AppSuspended, Failure.SUSPENDED),
        (errors.ServerFault, Failure.SERVER_FAULT),
        (errors.RateLimited, Failure.RATE_LIMITED),
        (errors.UnexpectedAnswer, Failure.OTHER),
        (errors.InputError, Failure.OTHER),
    ],
)
async def test_failures(kind, failure):
    result = await probed(kind("get_app", code=5, status=401, server_time=999_000.0))
    assert (result.ok, result.failure, result.code, result.posture) == (False, failure, 5, None)
    assert result.clock_difference_s < -900
    assert failure_of(kind("x")) is failure


def live_tests(result):
    return REGISTRY.get_sample_value("tidegate_live_tests_total", {"result": result}) or 0


async def test_any_number_of_live_tests_make_one_call_in_five_seconds():
    clock = ManualClock()
    client = FakeClient(clock)
    prober = Prober(client, clock)
    assert prober.last is None
    client.gate.clear()
    crowd = [asyncio.create_task(prober.live_test()) for _ in range(200)]
    await asyncio.sleep(0)
    client.gate.set()
    results = await asyncio.gather(*crowd)
    assert client.calls == 1
    assert len({id(result) for result in results}) == 1
    clock.advance(4.9)
    await asyncio.gather(*(prober.live_test() for _ in range(50)))
    assert client.calls == 1
    clock.advance(0.2)
    before = live_tests("probed"), live_tests("remembered")
    assert await prober.live_test() is not results[0]
    await prober.live_test()
    assert client.calls == 2
    assert (live_tests("probed"), live_tests("remembered")) == (before[0] + 1, before[1] + 1)


async def test_a_live_test_waits_no_longer_than_its_bound():
    clock = ManualClock()
    client = FakeClient(clock)
    client.gate.clear()
    prober = Prober(client, clock, live_wait_s=0.05)
    began, before = time.monotonic(), live_tests("waited_out")
    assert await prober.live_test() is None
    assert await prober.live_test() is None
    assert time.monotonic() - began < 1
    assert client.calls == 1  # the same one is still under way
    assert live_tests("waited_out") == before + 2
    client.gate.set()
    assert (await prober.live_test()).ok


async def test_a_caller_that_goes_away_takes_nothing_with_it():
    clock = ManualClock()
    client = FakeClient(clock)
    client.gate.clear()
    prober = Prober(client, clock)
    first, second = (asyncio.create_task(prober.live_test()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    client.gate.set()
    assert (await second).ok


async def test_the_regular_probe_and_a_live_test_share_a_call():
    clock = ManualClock()
    client = FakeClient(clock)
    client.gate.clear()
    told = []
    prober = Prober(client, clock, told=told.append)
    both = asyncio.create_task(prober.probe()), asyncio.create_task(prober.live_test())
    await asyncio.sleep(0)
    client.gate.set()
    one, other = await asyncio.gather(*both)
    assert one is other
    assert client.calls == 1
    assert told == [one]
    await prober.probe()
    assert client.calls == 2
    assert told == [one]  # only what a live test asked for is told


async def test_what_another_replica_found_serves_the_live_test_too():
    clock = ManualClock()
    client = FakeClient(clock)
    prober = Prober(client, clock)
    found = ProbeResult(at=clock.now(), ended=clock.monotonic(), duration_ms=5.0)
    prober.take(found)
    assert await prober.live_test() is found
    assert client.calls == 0
    prober.take(ProbeResult(at=clock.now() - 1, ended=clock.monotonic() - 1, duration_ms=9.0))
    assert prober.last is found


async def test_closed_while_probing_it_leaves_no_task():
    clock = ManualClock()
    client = FakeClient(clock)
    client.gate.clear()
    prober = Prober(client, clock)
    task = asyncio.create_task(prober.probe())
    await asyncio.sleep(0.01)
    await prober.aclose()
    await asyncio.gather(task, return_exceptions=True)
    assert prober._under_way.cancelled()


async def test_against_the_sandbox():
    sandbox = Sandbox()
    with SandboxServer(sandbox) as server:
        key, secret = sandbox.credentials()
        clock = SystemClock()
        breaker = Breaker(clock, threshold=1, open_seconds=60)
        client = StreamClient(
            Credentials.of(key, secret).access(clock),
            ClientOptions(server.stream_url, timeout_s=0.5),
            clock=clock,
            breaker=breaker,
            quota=Quota(clock),
            log=structlog.get_logger(),
        )
        prober = Prober(client, clock, live_gap_s=0.0)
        good = await prober.live_test()
        sandbox.stream.fault("error", status=500)
        bad = await prober.live_test()
        state = breaker.state
        sandbox.stream.clear_faults()
        again = await prober.live_test()
        sandbox.stream.api_secret = "rotated at Stream alone, and nobody told us"
        refused = await prober.live_test()
        await client.aclose()
    assert good.ok
    assert abs(good.clock_difference_s) < 2
    assert bad.failure is Failure.SERVER_FAULT
    assert state is BreakerState.OPEN
    assert again.ok
    assert breaker.state is BreakerState.CLOSED
    assert (refused.failure, refused.code) == (Failure.SECRET_REFUSED, 43)
