"""Runs of the canary against the sandbox, over real sockets."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from support.canaries import canary_at
from support.gate import ShiftedClock
from tidegate import metrics
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.tokens.mapping import SubjectMapping
from tidegate.watch.canary.service import RENEW_SECONDS, TRUNCATE_SECONDS, CanaryOptions, spec
from tidegate.watch.probes.cause import Cause
from tidegate.watch.probes.model import Blame, State, calls_per_hour

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def running():
    with SandboxServer(Sandbox()) as server:
        yield server


@pytest.fixture
def server(running):
    running.sandbox.reset()
    running.sandbox.stream.limits.burst = False  # tests reconnect more often in a second than a user may
    yield running
    running.sandbox.reset()


@pytest.fixture
def stream(server):
    return server.sandbox.stream


@pytest.fixture
async def canary(server, tmp_path):
    async with canary_at(server, tmp_path) as made:
        yield made


@pytest.fixture
async def hasty(server, tmp_path):
    """One that does not wait long, and is connected."""
    async with canary_at(server, tmp_path) as made:
        assert (await made.run()).state is State.OK
        made._options = replace(made._options, timeout_s=0.15)
        yield made


def calls(stream):
    return [call.path.rpartition("/")[2] for call in stream.requests]


def verdict(outcome):
    return outcome.state, outcome.cause, outcome.blame


async def test_a_message_arrives(canary, stream):
    outcome = await canary.run()

    assert verdict(outcome) == (State.OK, "", Blame.NOBODY)
    assert outcome.text == ""
    assert 0 < outcome.figures["delivery_seconds"] < 1
    assert 0 < outcome.figures["connect_seconds"] < 1
    assert outcome.figures["lost"] == 0
    assert calls(stream) == ["connect", "query", "query", "message"]


async def test_the_next_runs_only_send(canary, stream):
    await canary.run()
    stream.requests.clear()
    outcomes = [await canary.run() for _ in range(3)]

    assert [outcome.state for outcome in outcomes] == [State.OK] * 3
    assert calls(stream) == ["message"] * 3


async def test_events_that_are_lost_while_every_call_succeeds(hasty, stream):
    stream.fault("events_lost")
    before = metrics.CANARY_LOST._value.get()
    outcome = await hasty.run()

    assert verdict(outcome) == (State.FAILING, Cause.EVENTS_LOST, Blame.STREAM)
    assert outcome.figures["lost"] == 2
    assert "delivery_seconds" not in outcome.figures
    assert metrics.CANARY_LOST._value.get() == before + 2
    assert calls(stream)[-2:] == ["message", "message"], "a lost one is repeated once, at once"


async def test_one_event_that_is_lost(hasty, stream):
    stream.fault("events_lost", times=1)
    outcome = await hasty.run()

    assert verdict(outcome) == (State.WARNING, Cause.EVENTS_LOST, Blame.STREAM)
    assert outcome.figures["lost"] == 1
    assert (await hasty.run()).figures["lost"] == 0


async def test_an_event_that_is_only_late_is_not_lost(hasty, stream):
    stream.fault("events_late", delay=0.22)
    outcome = await hasty.run()

    assert outcome.figures["lost"] == 0
    assert outcome.figures["delivery_seconds"] > 0.2


async def test_a_slow_event(server, tmp_path, stream, monkeypatch):
    monkeypatch.setattr("tidegate.watch.canary.findings.SLOW_SECONDS", 0.05)
    async with canary_at(server, tmp_path) as canary:
        stream.fault("events_late", delay=0.1)
        outcome = await canary.run()

    assert verdict(outcome) == (State.WARNING, Cause.EVENTS_SLOW, Blame.STREAM)
    assert outcome.text == "Messages sent through Stream arrive late."


async def test_a_socket_that_is_refused(canary, stream):
    stream.fault("socket_refused")
    outcome = await canary.run()

    assert verdict(outcome) == (State.FAILING, Cause.SOCKET_REFUSED, Blame.STREAM)
    stream.clear_faults()
    assert (await canary.run()).state is State.OK


async def test_a_connection_that_breaks_once_is_opened_anew_within_the_run(canary, stream):
    await canary.run()
    stream.fault("socket_dropped", times=1)
    outcome = await canary.run()

    assert outcome.state is State.OK
    assert calls(stream).count("connect") == 2


async def test_a_connection_that_breaks_every_time(canary, stream):
    stream.fault("socket_dropped")
    assert verdict(await canary.run()) == (State.FAILING, Cause.SOCKET_BROKEN, Blame.STREAM)


async def test_a_connection_that_never_lasts_from_one_run_to_the_next(canary):
    states = []
    for _ in range(3):
        outcome = await canary.run()
        assert canary._socket is not None, outcome
        states.append(outcome.state)
        canary._socket._connection.transport.abort()
        await asyncio.sleep(0.02)

    assert states == [State.OK, State.OK, State.WARNING]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "error", "path": "/channels/messaging/tidegate-canary/message", "code": -1},
         (State.FAILING, Cause.STREAM_ERRORS, Blame.STREAM)),
        ({"kind": "rate_limited", "path": "/channels/messaging/tidegate-canary/message"},
         (State.UNKNOWN, Cause.STREAM_LIMITED, Blame.OURS)),
        ({"kind": "error", "path": "/channels/messaging/tidegate-canary/query", "code": 17, "status": 403},
         (State.WARNING, Cause.CANARY_REFUSED, Blame.OURS)),
        ({"kind": "latency", "path": "/channels/messaging/tidegate-canary/message", "delay": 1.2},
         (State.FAILING, Cause.STREAM_TIMED_OUT, Blame.STREAM)),
        ({"kind": "refuse_secret"}, (State.FAILING, Cause.API_SECRET_REFUSED, Blame.OURS)),
        ({"kind": "refuse_key"}, (State.FAILING, Cause.API_KEY_REFUSED, Blame.OURS)),
        ({"kind": "clock", "seconds": -60}, (State.FAILING, Cause.CLOCK_REFUSED, Blame.OURS)),
        ({"kind": "drop", "path": "/connect"}, (State.FAILING, Cause.SOCKET_REFUSED, Blame.NETWORK)),
    ],
)  # fmt: skip
async def test_other_troubles(canary, stream, fault, expected):
    stream.fault(**fault)
    assert verdict(await canary.run()) == expected


async def test_stream_is_left_alone_where_the_breaker_is_open(server, tmp_path, stream):
    async with canary_at(server, tmp_path, breaker_failures=1, breaker_open_seconds=60) as canary:
        await canary.run()
        stream.fault("error", code=-1)
        assert (await canary.run()).state is State.FAILING
        seen = len(stream.requests)
        assert verdict(await canary.run()) == (State.UNKNOWN, Cause.STREAM_LEFT_ALONE, Blame.STREAM)
        assert len(stream.requests) == seen


async def test_nothing_is_sent_where_the_limit_is_spent(canary, stream):
    await canary.run()
    stream.limits.exhaust("SendMessage")
    assert verdict(await canary.run()) == (State.UNKNOWN, Cause.STREAM_LIMITED, Blame.OURS)
    seen = len(stream.requests)
    assert (await canary.run()).state is State.UNKNOWN
    assert len(stream.requests) == seen


@pytest.fixture
def clock(stream):
    """One that both sides go by."""
    machines, stream._clock = stream._clock, ShiftedClock()
    yield stream._clock
    stream._clock = machines


async def test_the_connection_is_renewed(server, tmp_path, stream, clock):
    async with canary_at(server, tmp_path, clock) as canary:
        await canary.run()
        clock.shift += RENEW_SECONDS - 5
        await canary.run()
        assert stream.canary.connects == 1
        clock.shift += 10
        assert (await canary.run()).state is State.OK
        assert stream.canary.connects == 2
        assert len(stream.canary._sockets) == 1


async def test_a_promoted_generation_connects_anew(server, tmp_path, stream):
    async with canary_at(server, tmp_path) as canary:
        await canary.run()
        canary._generation = lambda: "another"
        await canary.run()
        assert stream.canary.connects == 2


async def test_the_channel_is_emptied_once_a_day_however_often_the_service_starts(server, tmp_path, stream, clock):
    for days, expected in ((0, 0), (0.9, 0), (0.2, 1), (0.5, 1), (0.6, 2)):
        clock.shift += days * TRUNCATE_SECONDS
        async with canary_at(server, tmp_path, clock) as canary:
            assert (await canary.run()).state is State.OK
            assert (await canary.run()).state is State.OK
        assert calls(stream).count("truncate") == expected


async def test_a_channel_that_somebody_removed_is_made_again(canary, stream):
    await canary.run()
    stream.canary._fields = None
    assert verdict(await canary.run()) == (State.WARNING, Cause.CANARY_REFUSED, Blame.OURS)
    canary._socket._connection.transport.abort()
    await asyncio.sleep(0.02)
    assert (await canary.run()).state is State.OK


async def test_a_revocation_for_everybody_is_waited_out(server, tmp_path, stream, monkeypatch):
    monkeypatch.setattr("tidegate.watch.canary.service.REVOKED_SECONDS", 0.01)
    async with canary_at(server, tmp_path) as canary:
        stream.fault("error", path="/connect", code=40, status=401, times=1)
        assert (await canary.run()).state is State.OK


async def test_cancelling_a_run_leaves_nothing_behind(hasty, stream):
    stream.fault("events_lost")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await hasty.run()
    stream.clear_faults()
    await asyncio.sleep(0)
    assert hasty._socket._awaited == {}
    assert (await hasty.run()).state is State.OK


async def test_no_token_and_no_secret_is_in_what_it_says(canary, stream):
    stream.fault("refuse_secret")
    outcome = await canary.run()
    assert stream.api_secret not in repr(outcome)
    assert "eyJ" not in repr(outcome)


@pytest.mark.parametrize("user", ["tg-@canary", "tg-@another"])
def test_no_apps_user_can_become_the_canary(user):
    """Its id begins where no issuer's namespace can; a subject of that name is escaped."""
    mapping = SubjectMapping()
    assert mapping.user_id(None, user) != user
    assert mapping.user_id("idp", user) != user
    assert not mapping.may_claim(user)
    with pytest.raises(ValueError, match="not an id"):
        mapping.subject(user)
    with pytest.raises(ValueError, match="tg-"):
        SubjectMapping(assigned={(None, "ada"): user})


def test_what_it_costs_in_an_hour():
    options = CanaryOptions("https://chat.example", "tg-@canary", ("messaging", "tidegate-canary"))

    assert calls_per_hour([spec(options)]) == pytest.approx(
        {"send_message": 120, "connect": 6, "query_channel": 6, "truncate_channel": 1 / 24}
    )


async def test_an_hour_costs_no_more_than_that(server, tmp_path, stream, clock):
    async with canary_at(server, tmp_path, clock) as canary:
        for _ in range(120):
            assert (await canary.run()).state is State.OK
            clock.shift += 30
    made = Counter(calls(stream))

    assert made == {"message": 120, "connect": 6, "query": 6 + 1}, "one more, at the start, makes the channel"
