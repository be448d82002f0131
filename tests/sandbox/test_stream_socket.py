"""The stand-in's socket, with a client that is not ours: the library alone."""

import time
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.conftest import plain_client, stream_client, stream_token
from tidegate.sandbox.stream_canary import CANARY_USER, SOCKETS_MOST

pytestmark = pytest.mark.anyio

QUERY = "/channels/messaging/tidegate-canary/query"
MESSAGE = "/channels/messaging/tidegate-canary/message"
TRUNCATE = "/channels/messaging/tidegate-canary/truncate"
DATA = {"data": {"created_by_id": CANARY_USER, "members": [CANARY_USER]}}


def address(server, user=CANARY_USER, **changed):
    stream = server.sandbox.stream
    claims = {"user_id": user, "iat": int(time.time()) - 5, "exp": int(time.time()) + 300}
    query = {
        "api_key": stream.api_key,
        "authorization": stream_token(stream, claims),
        "stream-auth-type": "jwt",
        "json": orjson.dumps({"user_id": user, "user_details": {"id": user}}).decode(),
    }
    return f"{server.stream_url.replace('http', 'ws', 1)}/connect?{urlencode(query | changed)}"


@asynccontextmanager
async def watching(server):
    """An open socket that watches the channel, and a client with the server's rights."""
    with stream_client(server, {"server": True}) as backend, stream_client(server, {"user_id": CANARY_USER}) as own:
        async with connect(address(server)) as socket:
            hello = orjson.loads(await socket.recv())
            assert backend.post(QUERY, json=DATA).status_code == 201
            asked = own.post(QUERY, json={"watch": True, "connection_id": hello["connection_id"]})
            assert asked.status_code == 201
            yield socket, backend


def said(number):
    return {"message": {"id": f"m{number}", "text": "hello", "user_id": CANARY_USER}}


async def test_the_first_frame_tells_the_connection_and_the_user(server, stream):
    async with connect(address(server)) as socket:
        hello = orjson.loads(await socket.recv())

    assert hello["type"] == "health.check"
    assert len(hello["connection_id"]) == 24
    assert hello["me"]["id"] == CANARY_USER
    assert CANARY_USER in stream.users


async def test_a_message_arrives_and_is_not_kept(server, stream):
    async with watching(server) as (socket, backend):
        assert backend.post(MESSAGE, json=said(1)).status_code == 201
        event = orjson.loads(await socket.recv())
        assert (event["type"], event["message"]["id"], event["cid"]) == (
            "message.new", "m1", "messaging:tidegate-canary",
        )  # fmt: skip
        assert backend.post(MESSAGE, json=said(1)).json()["code"] == 4
        assert stream.canary.messages == 1
        assert backend.post(TRUNCATE, json={}).json()["channel"]["truncated_at"]
        assert orjson.loads(await socket.recv())["type"] == "channel.truncated"
        assert stream.canary.messages == 0


async def test_who_does_not_watch_hears_nothing(server):
    with stream_client(server, {"server": True}) as backend:
        async with connect(address(server)) as socket:
            await socket.recv()
            backend.post(QUERY, json=DATA)
            backend.post(MESSAGE, json=said(1))
            with pytest.raises(TimeoutError):
                await _within(socket, 0.1)


async def _within(socket, seconds):
    import asyncio

    async with asyncio.timeout(seconds):
        return await socket.recv()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"api_key": "another"}, 2),
        ({"authorization": ""}, 5),
        ({"authorization": "a.b.c"}, 5),
        ({"stream-auth-type": "anonymous"}, 5),
        ({"json": "{"}, 4),
        ({"json": '{"user_id":"tg-@canary","user_details":{"id":"ada"}}'}, 4),
        ({"json": '{"user_id":"ada","user_details":{"id":"ada"}}'}, 5),
    ],
)
async def test_refusals_on_the_socket(server, changed, code):
    async with connect(address(server, **changed)) as socket:
        assert orjson.loads(await socket.recv())["error"]["code"] == code
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_it_is_no_chat_server(server, backend):
    """Everybody but the canary is refused: on the socket, in the channel, and in any other channel."""
    async with connect(address(server, user="ada")) as socket:
        assert orjson.loads(await socket.recv())["error"]["code"] == 17
    assert backend.post(QUERY, json=DATA).status_code == 201
    with stream_client(server, {"user_id": "ada"}) as ada:
        assert ada.post(QUERY, json={}).json()["code"] == 17
        assert ada.post(MESSAGE, json=said(1)).json()["code"] == 17
    other = {"message": {"id": "m1", "text": "hello", "user_id": "ada"}}
    assert backend.post(MESSAGE, json=other).json()["code"] == 17
    assert backend.post("/channels/messaging/general/query", json=DATA).json()["code"] == 16
    assert backend.post("/channels/messaging/general/message", json=said(2)).json()["code"] == 16


async def test_what_the_calls_refuse(backend):
    assert backend.post(MESSAGE, json=said(1)).json()["code"] == 16
    assert backend.post(TRUNCATE, json={}).json()["code"] == 16
    assert backend.post(QUERY, json={"data": {"created_by_id": "ada", "members": ["ada"]}}).json()["code"] == 4
    assert backend.post(QUERY, json=DATA).json()["channel"]["cid"] == "messaging:tidegate-canary"
    assert backend.post(QUERY, json={**DATA, "watch": True, "connection_id": "none"}).json()["code"] == 4
    assert backend.post(MESSAGE, json={"message": {"id": "", "text": "x", "user_id": CANARY_USER}}).json()["code"] == 4
    assert backend.post(MESSAGE, json={"message": {"id": "m", "user_id": CANARY_USER}}).json()["code"] == 4


async def test_events_that_are_lost_late_or_break_the_connection(server, stream):
    async with watching(server) as (socket, backend):
        stream.fault("events_lost", times=1)
        assert backend.post(MESSAGE, json=said(1)).status_code == 201
        stream.fault("events_late", delay=0.15, times=1)
        began = time.monotonic()
        assert backend.post(MESSAGE, json=said(2)).status_code == 201
        assert orjson.loads(await socket.recv())["message"]["id"] == "m2"
        assert time.monotonic() - began >= 0.15
        stream.fault("socket_dropped", times=1)
        assert backend.post(MESSAGE, json=said(3)).status_code == 201
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_faults_of_the_socket_strike_no_call(stream, backend):
    for kind in ("events_lost", "events_late", "socket_refused", "socket_dropped"):
        stream.fault(kind, times=1)
    assert backend.get("/app").status_code == 200
    assert len(stream.faults._faults) == 4


@pytest.mark.parametrize(("settings", "status"), [({}, 503), ({"status": 502}, 502)])
async def test_a_socket_that_is_refused(server, stream, settings, status):
    stream.fault("socket_refused", **settings)
    with pytest.raises(InvalidStatus) as refused:
        await connect(address(server))
    assert refused.value.response.status_code == status


async def test_what_strikes_calls_strikes_connecting_too(server, stream):
    stream.fault("error", code=-1, times=1)
    async with connect(address(server)) as socket:
        assert orjson.loads(await socket.recv())["error"]["code"] == -1
    stream.fault("drop", times=1)
    with pytest.raises((OSError, EOFError, ConnectionClosed, Exception)) as broken:
        await connect(address(server))
    assert "InvalidStatus" not in type(broken.value).__name__


async def test_sockets_are_bounded_and_forgotten(server, stream):
    held = [await connect(address(server)) for _ in range(SOCKETS_MOST)]
    for socket in held:
        await socket.recv()
    async with connect(address(server)) as socket:
        assert orjson.loads(await socket.recv())["error"]["code"] == 9
    for socket in held:
        await socket.close()
    async with connect(address(server)) as socket:
        assert orjson.loads(await socket.recv())["type"] == "health.check"
    assert stream.canary.connects == SOCKETS_MOST + 1


async def test_another_path_is_no_socket(server):
    with pytest.raises(InvalidStatus) as refused:
        await connect(server.stream_url.replace("http", "ws", 1) + "/other")
    assert refused.value.response.status_code == 404
    with plain_client() as web:
        assert web.get(f"{server.stream_url}/connect").status_code in {401, 404}


async def test_the_token_is_in_no_log(server, caplog):
    caplog.set_level(0)
    async with connect(address(server), logger=_quiet()) as socket:
        await socket.recv()
    assert "authorization" not in caplog.text


def _quiet():
    import logging

    logger = logging.getLogger("test.quiet")
    logger.disabled = True
    return logger
