"""What a peer can do to the server before any application sees it. All over real sockets."""

import asyncio
import json

import pytest

from support.doors import DoorSettings, Wire, app, door
from tidegate.metrics import REGISTRY

GET = b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n"
SHORT = DoorSettings(header_timeout_ms=150)


def refused(limit):
    return REGISTRY.get_sample_value("tidegate_http_refused_total", {"limit": limit}) or 0


def connections():
    return REGISTRY.get_sample_value("tidegate_http_connections")


async def asked(running, data):
    wire = await Wire.to(running)
    await wire.say(data)
    try:
        return await wire.answer()
    finally:
        await wire.close()


# Bytes.


@pytest.mark.anyio
@pytest.mark.parametrize("sizes", [(4000,), (1500, 1500), (100,) * 30])
async def test_a_head_that_is_too_long_is_answered_431_and_closed(sizes):
    before = refused("header_bytes")
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: ")
        for size in sizes:
            await wire.say(b"c" * size)
            await asyncio.sleep(0.005)
        status, headers, body = await wire.answer()
        assert await wire.ended() == b""
        await wire.close()
    problem = json.loads(body)
    assert (status, headers["content-type"]) == (431, "application/problem+json")
    assert (problem["reason"], problem["status"]) == ("headers_too_large", 431)
    assert problem["type"] == "https://docs.example/reasons/headers_too_large"
    assert problem["request_id"] == headers["x-request-id"]
    assert refused("header_bytes") == before + 1


@pytest.mark.anyio
async def test_the_bound_is_exact_for_a_head_of_its_own():
    async with door() as running:
        for surplus, expected in ((0, 200), (1, 431)):
            head = b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: %b\r\n\r\n"
            fill = 2048 + surplus - len(head) + 2
            assert len(head % (b"c" * fill)) == 2048 + surplus
            status, *_ = await asked(running, head % (b"c" * fill))
            assert status == expected


@pytest.mark.anyio
async def test_the_second_head_of_a_connection_is_bounded_too():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(GET)
        assert (await wire.answer())[0] == 200
        await wire.say(b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: " + b"c" * 3000)
        assert (await wire.answer())[0] == 431
        await wire.close()


@pytest.mark.anyio
async def test_a_head_that_began_behind_another_request_is_bounded_too():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(GET + b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: ")
        assert (await wire.answer())[0] == 200
        for _ in range(21):
            await wire.say(b"c" * 100)
            await asyncio.sleep(0.002)
        assert (await wire.answer())[0] == 431
        await wire.close()


@pytest.mark.anyio
async def test_many_requests_at_once_are_not_one_long_head():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(GET * 20 + GET[:10])
        await asyncio.sleep(0.02)
        await wire.say(GET[10:-2] + b"Cookie: " + b"c" * 1900 + b"\r\n\r\n")
        assert [(await wire.answer())[0] for _ in range(21)] == [200] * 21
        await wire.close()


@pytest.mark.anyio
async def test_requests_sent_ahead_are_bounded():
    before = refused("pipeline")
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"GET /hold?0.05 HTTP/1.1\r\nHost: a\r\n\r\n" * (DoorSettings.pipeline_max + 3))
        await wire.ended()
        await wire.close()
    assert refused("pipeline") == before + 1


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "shape"), [(b"/x", "reason"), (b"/api/chat/token", "success")])
async def test_a_target_that_is_too_long_is_answered_431_in_the_shape_of_its_face(path, shape):
    async with door(DoorSettings(header_bytes=16_384)) as running:
        status, _, body = await asked(running, b"GET " + path + b"?" + b"q" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status == 431
    assert shape in json.loads(body)
    assert json.loads(body)["reason"] == "headers_too_large"


@pytest.mark.anyio
async def test_a_body_nobody_reads_is_bounded():
    before = refused("message_bytes")
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
        assert (await wire.answer())[0] == 200
        with pytest.raises(ConnectionError):
            await wire.flood(b"b" * 4096)
        await wire.close()
    assert refused("message_bytes") == before + 1


@pytest.mark.anyio
async def test_a_body_is_handed_over_whole_and_trailers_are_dropped():
    chunked = b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n"
    async with door() as running:
        for end in (b"\r\n", b"X-Later: 1\r\n\r\n"):
            status, _, body = await asked(running, chunked + end)
            assert (status, json.loads(body)["body"]) == (200, "abcdefg")


# Framing: RFC 9112, sections 2.2, 5.1, 5.2, 6.1 and 6.3.


@pytest.mark.anyio
@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3, 4\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: 0x3\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X-Folded: a\r\n b\r\n",
        b"X-Bare: a\nContent-Length: 3\r\n",
        b"X-Null: a\0b\r\n",
    ],
)
async def test_ambiguous_framing_is_refused(lines):
    before = refused("malformed")
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"POST /here HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\nabc")
        status, _, body = await wire.answer()
        assert await wire.ended() == b""
        await wire.close()
    assert (status, json.loads(body)["status"]) == (400, 400)
    assert refused("malformed") == before + 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x00\xa5", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET nowhere HTTP/1.1\r\n\r\n"]
)
async def test_what_is_not_a_request_is_refused(data):
    async with door() as running:
        assert (await asked(running, data))[0] == 400


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET /here HTTP/1.1\r\n\r\n", 400),
        (b"GET /here HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /here HTTP/1.0\r\nHost: a\r\nHOST: a\r\n\r\n", 400),
        (b"GET /here HTTP/1.0\r\n\r\n", 200),
        (b"GET /here HTTP/1.1\r\nhost:\r\n\r\n", 200),
    ],
)
async def test_a_request_names_one_host(data, expected):
    before = refused("host")
    async with door() as running:
        assert (await asked(running, data))[0] == expected
        assert (await asked(running, GET + data))[0] == 200  # what came before it is answered all the same
    assert refused("host") == before + 2 * (expected == 400)


@pytest.mark.anyio
async def test_an_upgrade_is_answered_as_if_it_was_not_asked_for_and_closed():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"GET /here HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + GET)
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
async def test_a_request_that_breaks_off_in_its_body_wakes_the_application():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await wire.answer())[0] == 400
        await wire.close()
        await asyncio.sleep(0.01)
        assert not running.server_state.tasks


# Time.


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ("header_timeout", b"GET /here HTTP/1.1\r\nHost: a\r\n"),
        ("header_timeout", GET + b"GET /"),
        ("body_timeout", b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"),
        ("body_timeout", b"POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"),
    ],
)
async def test_a_peer_that_does_not_finish_is_cut_however_it_dribbles(limit, data):
    before = refused(limit)
    async with door(SHORT) as running:
        wire = await Wire.to(running)
        await wire.say(data)

        async def dribble():
            while True:
                await wire.say(b"x")
                await asyncio.sleep(0.04 if limit == "header_timeout" else 0.1)

        dribbling = asyncio.create_task(dribble())
        await wire.ended()
        dribbling.cancel()
        await asyncio.gather(dribbling, return_exceptions=True)
        await wire.close()
        assert not running.server_state.connections
    assert refused(limit) == before + 1


@pytest.mark.anyio
async def test_a_peer_that_says_nothing_at_all_is_cut():
    async with door(SHORT) as running:
        wire = await Wire.to(running)
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
async def test_an_idle_connection_is_kept_longer_than_a_head_may_take_and_then_ended():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(GET)
        await wire.answer()
        (connection,) = running.server_state.connections
        now = asyncio.get_running_loop().time()
        connection.expire(now + 70)
        assert not connection.transport.is_closing()
        before = refused("keep_alive")
        connection.expire(now + 80)
        assert await wire.ended() == b""
        assert refused("keep_alive") == before + 1
        await wire.close()


@pytest.mark.anyio
async def test_the_applications_own_time_is_not_the_peers():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"GET /hold?0.1 HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.03)
        (connection,) = running.server_state.connections
        connection.expire(asyncio.get_running_loop().time() + 1000)
        assert (await wire.answer())[0] == 200
        await wire.close()


@pytest.mark.anyio
@pytest.mark.parametrize("behind", [b"nonsense\r\n\r\n", b"GET /" + b"x" * 9000], ids=["malformed", "too long"])
async def test_what_comes_behind_a_request_in_flight_does_not_cost_it_its_answer(behind):
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"GET /hold?0.1 HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.02)
        await wire.say(behind)
        await asyncio.sleep(0.02)
        (connection,) = running.server_state.connections
        connection.expire(asyncio.get_running_loop().time() + 1000)
        assert (await wire.answer())[0] == 200
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
async def test_a_peer_that_does_not_read_is_cut():
    large = b"x" * 10_000_000

    async def generous(scope, receive, send):
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": large})

    before = refused("write_timeout")
    async with door(SHORT, application=generous) as running:
        wire = await Wire.to(running)
        await wire.say(GET)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not running.server_state.connections:
                break
        assert not running.server_state.connections
        await wire.close()
    assert refused("write_timeout") == before + 1


# Numbers.


@pytest.mark.anyio
async def test_connections_are_counted_and_bounded():
    before, open_before = refused("connections"), connections()
    async with door(DoorSettings(connections_max=3)) as running:
        wires = [await Wire.to(running) for _ in range(3)]
        for wire in wires:
            await wire.say(GET)
            assert (await wire.answer())[0] == 200
        assert connections() == open_before + 3
        surplus = await Wire.to(running)
        assert await surplus.ended() == b""
        await surplus.close()
        await wires.pop().close()
        await asyncio.sleep(0.02)
        assert (await asked(running, GET))[0] == 200
        for wire in wires:
            await wire.close()
    assert refused("connections") == before + 1
    assert connections() == open_before


# Answers.


@pytest.mark.anyio
async def test_an_answer_says_the_date_and_not_the_server():
    async with door() as running:
        _, headers, body = await asked(running, b"GET /a%20b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert headers["date"].endswith(" GMT")
    assert "server" not in headers
    assert json.loads(body)["path"] == "/a b"


@pytest.mark.anyio
async def test_chunked_head_and_http_1_0():
    async with door() as running:
        _, headers, body = await asked(running, b"GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n")
        assert headers["transfer-encoding"] == "chunked"
        assert body.endswith(b"\r\n0\r\n\r\n")
        wire = await Wire.to(running)
        await wire.say(b"HEAD /here HTTP/1.0\r\n\r\n")
        answer = await wire.ended()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\nconnection: close\r\n\r\n")
        await wire.close()


@pytest.mark.anyio
@pytest.mark.parametrize("path", [b"/inject", b"/crash"])
async def test_an_application_cannot_inject_headers_and_its_crash_is_a_500(path, caplog):
    async with door() as running:
        status, headers, _ = await asked(running, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status == 500
    assert "set-cookie" not in headers
    assert "Exception in ASGI application" in caplog.text


@pytest.mark.anyio
async def test_expect_continue_is_honoured_when_the_application_reads():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await wire.answer())[0] == 100
        await wire.say(b"ok")
        status, _, body = await wire.answer()
        assert (status, json.loads(body)["body"]) == (200, "ok")
        await wire.close()


@pytest.mark.anyio
async def test_an_answer_that_did_not_wait_for_the_body_ends_the_connection():
    async with door() as running:
        wire = await Wire.to(running)
        await wire.say(b"POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n")
        await wire.say(b"Expect: 100-continue\r\n\r\n")
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await wire.ended() == b""
        await wire.close()
