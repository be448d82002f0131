"""How the client behaves over a real socket when Stream does not do what it should."""

import asyncio
import logging

import orjson
import pytest
import structlog
from structlog.testing import capture_logs

from support.raw_stream import Drip, answer, raw_stream, refusal
from tidegate.clock import ManualClock, SystemClock
from tidegate.metrics import REGISTRY
from tidegate.upstream.breaker import Breaker, BreakerState
from tidegate.upstream.errors import (
    AppSuspended,
    BreakerOpen,
    InputError,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    UnexpectedAnswer,
    UpstreamBusy,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tidegate.upstream.model import Operation
from tidegate.upstream.retry import RetryPolicy

OK = answer({"app": {"name": "raw"}})
ONCE = RetryPolicy(attempts=1)

pytestmark = pytest.mark.anyio


def observed(code: str, operation: str = "get_app") -> float:
    name = "tidegate_upstream_request_duration_seconds_count"
    return REGISTRY.get_sample_value(name, {"operation": operation, "code": code}) or 0.0


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [(4, 400, InputError), (43, 401, SignatureInvalid), (99, 403, AppSuspended), (9, 429, RateLimited)],
)
async def test_a_refusal_is_typed_and_not_repeated(make_client, code, status, kind):
    async with raw_stream(refusal(code, status, Retry_After="30")) as stream, make_client(stream.url) as client:
        before = observed(str(code))
        with pytest.raises(kind) as caught:
            await client.app()
        assert (caught.value.code, caught.value.status) == (code, status)
        assert len(stream.requests) == 1
        assert observed(str(code)) == before + 1
        assert client.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("first", [refusal(-1, 500), answer(b"upstream died", "502 Bad"), None])
async def test_an_outage_is_tried_again(make_client, first):
    async with raw_stream(first, OK) as stream, make_client(stream.url) as client:
        assert (await client.app()).name == "raw"
        assert len(stream.requests) == 2


async def test_tries_are_counted(make_client):
    async with raw_stream(refusal(-1, 500)) as stream, make_client(stream.url) as client:
        with pytest.raises(ServerFault):
            await client.query_users(["ana"])
        assert len(stream.requests) == 3
        with pytest.raises(ServerFault):
            await client.query_users(["ana"], attempts=1)
        assert len(stream.requests) == 4


async def test_a_short_wait_after_429_is_honoured(make_client):
    async with raw_stream(refusal(9, 429, Retry_After="0.05"), OK) as stream, make_client(stream.url) as client:
        began = asyncio.get_running_loop().time()
        await client.app()
        assert asyncio.get_running_loop().time() - began >= 0.05
        assert len(stream.requests) == 2


async def test_a_wait_beyond_the_time_out_is_left_to_the_caller(make_client):
    clock = ManualClock(1_000_000.0)
    limited = refusal(9, 429, X_RateLimit_Reset="1000042")
    async with raw_stream(limited) as stream, make_client(stream.url, clock=clock) as client:
        with pytest.raises(RateLimited) as caught:
            await client.app()
        assert caught.value.retry_after == 42.0
        assert len(stream.requests) == 1


async def test_the_edges_plain_429_is_a_rate_limit(make_client):
    edge = answer(b"Too many requests", "429 Too Many Requests")
    async with raw_stream(edge) as stream, make_client(stream.url, retry=ONCE) as client:
        with pytest.raises(RateLimited) as caught:
            await client.app()
        assert (caught.value.code, caught.value.label) == (None, "4xx")


@pytest.mark.parametrize(
    "strange",
    [
        answer(b"<html>sign in</html>"),
        answer([1, 2]),
        answer(b"", "301 Moved", Location="http://127.0.0.1:1/app"),
        answer(b"<html>no</html>", "403 Forbidden"),
        answer(b"x" * 200_000),
        answer(b"\x1f\x8b\x08", Content_Encoding="gzip"),
        answer(b"[" * 5000),
    ],
)
async def test_what_is_not_streams_is_unexpected(make_client, strange):
    async with raw_stream(strange) as stream, make_client(stream.url, answer_bytes=100_000) as client:
        with pytest.raises(UnexpectedAnswer):
            await client.app()
        assert len(stream.requests) == 1


async def test_an_endless_answer_is_cut_off(make_client):
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 100
    async with raw_stream(endless) as stream, make_client(stream.url, answer_bytes=10_000) as client:
        with pytest.raises(UnexpectedAnswer):
            await client.app()


async def test_silence_ends_at_the_time_out(make_client):
    async with raw_stream(5.0) as stream, make_client(stream.url, timeout_s=0.1) as client:
        began = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamTimeout):
            await client.app()
        assert asyncio.get_running_loop().time() - began < 1.0


async def test_a_dripping_answer_ends_at_the_time_out(make_client):
    # Whole at no time, yet never silent for long: only a bound on the whole call ends it.
    drip = Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    async with raw_stream(drip) as stream, make_client(stream.url, timeout_s=0.15) as client:
        with pytest.raises(UpstreamTimeout):
            await client.app()


async def test_nobody_listening_is_unreachable(make_client):
    async with raw_stream() as stream:
        url = stream.url
    async with make_client(url, retry=ONCE) as client:
        with pytest.raises(UpstreamUnreachable) as caught:
            await client.app()
        assert caught.value.__cause__ is None


async def test_connections_are_kept(make_client):
    async with raw_stream(OK) as stream, make_client(stream.url) as client:
        for _ in range(5):
            await client.app()
        assert stream.connections == 1


async def test_calls_under_way_are_bounded(make_client):
    async with raw_stream(0.02) as stream, make_client(stream.url, concurrency=2, connections=2) as client:
        await asyncio.gather(*(client.app() for _ in range(8)))
        assert stream.busiest == 2


def limited(limit):
    return REGISTRY.get_sample_value("tidegate_upstream_limited_total", {"limit": limit}) or 0


async def test_waiting_for_a_turn_is_bounded(make_client):
    options = {"concurrency": 1, "waiting": 1, "waiting_s": 0.05, "timeout_s": 0.3}
    before = [limited("waiting_calls"), limited("waiting_ms")]
    async with raw_stream(5.0) as stream, make_client(stream.url, retry=ONCE, **options) as client:
        results = await asyncio.gather(*(client.app() for _ in range(3)), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == [
            "UpstreamBusy",
            "UpstreamBusy",
            "UpstreamTimeout",
        ]
        assert client.breaker.state is BreakerState.CLOSED
        assert isinstance(results[1], UpstreamBusy)
    assert [limited("waiting_calls"), limited("waiting_ms")] == [count + 1 for count in before]
    assert REGISTRY.get_sample_value("tidegate_upstream_waiting_calls") == 0


async def test_a_cancelled_call_gives_back_its_slot_and_its_permit(make_client):
    async with raw_stream(5.0, OK) as stream, make_client(stream.url, concurrency=1) as client:
        task = asyncio.create_task(client.app())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.app()).name == "raw"
        assert REGISTRY.get_sample_value("tidegate_upstream_connections") == 0


async def test_the_breaker_opens_and_the_probe_closes_it(make_client):
    breaker = Breaker(SystemClock(), threshold=3, open_seconds=60)
    before = limited("breaker")
    async with raw_stream(refusal(-1, 503)) as stream, make_client(stream.url, breaker=breaker) as client:
        with pytest.raises(ServerFault):
            await client.app()
        assert breaker.state is BreakerState.OPEN
        with pytest.raises(BreakerOpen) as caught:
            await client.app()
        assert 50 < caught.value.retry_after < 67
        assert limited("breaker") > before
        assert len(stream.requests) == 3
        stream.steps = [OK]
        await client.app(probe=True)
        assert breaker.state is BreakerState.CLOSED
        await client.app()


async def test_4xx_and_429_never_open_the_breaker(make_client):
    breaker = Breaker(SystemClock(), threshold=1)
    steps = (refusal(4, 400), refusal(9, 429), refusal(43, 401), answer(b"no", "403 No"), answer(b"", "302 Found"))
    async with raw_stream(*steps) as stream, make_client(stream.url, breaker=breaker, retry=ONCE) as client:
        for _ in steps:
            with pytest.raises(UpstreamError):
                await client.app()
            assert breaker.state is BreakerState.CLOSED


async def test_quota_is_read_from_every_answer(make_client):
    clock = ManualClock(1_000_000.0)
    limit = {"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "15", "X_RateLimit_Reset": "1000030"}
    async with (
        raw_stream(
            answer({"app": {}}, **limit), refusal(4, 400, **(limit | {"X_RateLimit_Remaining": "14"}))
        ) as stream,
        make_client(stream.url, clock=clock) as client,
    ):
        await client.app()
        assert client.quota.lowest_ratio() == 0.15
        with pytest.raises(InputError):
            await client.app()
        assert client.quota.current(Operation.GET_APP).remaining == 14


async def test_cookies_are_not_kept(make_client):
    async with raw_stream(answer({"app": {}}, Set_Cookie="lb=1; Path=/")) as stream, make_client(stream.url) as client:
        await client.app()
        await client.app()
        assert b"cookie" not in stream.requests[1].lower()


async def test_many_users_are_queried_in_pages(make_client):
    async with raw_stream(answer({"users": [{"id": "u1", "name": "A"}, {"name": "no id"}, 3]})) as stream:
        async with make_client(stream.url) as client:
            found = await client.query_users([f"u{number}" for number in range(150)])
        assert set(found) == {"u1"}
        assert len(stream.requests) == 2


async def test_more_than_a_hundred_users_are_refused_here(make_client):
    async with raw_stream() as stream, make_client(stream.url) as client:
        with pytest.raises(ValueError, match="at most 100"):
            await client.upsert_users([{"id": str(number)} for number in range(101)])
        with pytest.raises(ValueError, match="at most 100"):
            await client.update_users_partial([None] * 101)
        assert stream.requests == []


async def test_the_debug_log_names_the_call_and_shows_nothing_else(make_client, caplog):
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    limit = {"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "15", "X_RateLimit_Reset": "9999999999"}
    async with raw_stream(answer({"users": [{"id": "ana", "name": "Ana"}]}, **limit)) as stream:
        with capture_logs() as lines:
            async with make_client(stream.url, enable_logging=True) as client:
                await client.query_users(["ana"])
    (line,) = lines
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "upstream_call",
        "log_level": "info",
        "app": "abcd…",
        "operation": "query_users",
        "code": "ok",
        "quota_limit": 100,
        "quota_remaining": 15,
    }
    assert "abcd1234wxyz" not in caplog.text
    assert "aaa.bbb.ccc" not in caplog.text
    assert "ana" not in caplog.text


async def test_without_the_debug_log_nothing_is_logged(make_client):
    async with raw_stream(OK) as stream:
        with capture_logs() as lines:
            async with make_client(stream.url) as client:
                await client.app()
    assert lines == []


async def test_an_error_tells_neither_key_nor_token_nor_message(make_client):
    body = orjson.dumps({"code": 4, "message": "user ana has a bad name", "StatusCode": 400})
    async with raw_stream(answer(body, "400 Bad")) as stream, make_client(stream.url) as client:
        with pytest.raises(InputError) as caught:
            await client.query_users(["ana"])
    assert str(caught.value) == "query_users: InputError (status 400, code 4)"
