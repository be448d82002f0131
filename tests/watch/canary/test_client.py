"""The canary's socket against servers that are not Stream."""

import asyncio
import logging
import ssl
import time
from contextlib import asynccontextmanager

import orjson
import pytest
from websockets.asyncio.server import serve
from websockets.http11 import Headers, Response

from support.certificates import self_signed
from tidegate import metrics
from tidegate.clock import SystemClock
from tidegate.watch.canary import client
from tidegate.watch.canary.client import opened
from tidegate.watch.canary.model import SocketError, Trouble

pytestmark = pytest.mark.anyio

SECRET = "header.claims.signature"
HELLO = orjson.dumps({"type": "health.check", "connection_id": "c1"}).decode()


@asynccontextmanager
async def server(handler, **settings):
    async with serve(handler, "127.0.0.1", 0, **settings) as running:
        port = running.sockets[0].getsockname()[1]
        yield f"{'wss' if settings.get('ssl') else 'ws'}://localhost:{port}/connect?authorization={SECRET}"


def saying(*texts):
    async def handler(socket):
        for text in texts:
            await socket.send(text)
        await socket.wait_closed()

    return handler


async def trouble(url, timeout_s=1.0):
    with pytest.raises(SocketError) as raised:
        await opened(url, SystemClock(), timeout_s)
    error = raised.value
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


def new(message_id):
    return orjson.dumps({"type": "message.new", "message": {"id": message_id}}).decode()


async def test_the_connections_id_need_not_come_first():
    async with server(saying("{}", "no json", HELLO)) as url:
        socket = await opened(url, SystemClock(), 10.0)
        assert (socket.connection_id, socket.open) == ("c1", True)
        await socket.close("renewed")
        assert not socket.open


async def test_a_message_is_timed_when_it_arrives():
    async with server(saying(HELLO, new("other"), new("mine"), new("mine"))) as url:
        socket = await opened(url, SystemClock(), 10.0)
        arrived = await asyncio.wait_for(socket.expect("mine"), 10)
        assert arrived == pytest.approx(time.monotonic(), abs=0.5)
        await socket.close("renewed")


@pytest.mark.parametrize(
    ("texts", "code"), [(['{"error":{"code":43}}'], 43), (['{"code":40,"StatusCode":401}'], 40), (["{}"] * 9, None)]
)
async def test_a_refusal_on_the_socket(texts, code):
    async with server(saying(*texts)) as url:
        error = await trouble(url)
        assert (error.trouble, error.code) == (Trouble.REFUSED, code)


async def test_a_server_that_says_nothing():
    async with server(saying()) as url:
        assert (await trouble(url, 0.1)).trouble is Trouble.TIMED_OUT


async def test_a_server_that_hangs_up_before_the_first_frame():
    async def handler(socket):
        await socket.close()

    async with server(handler) as url:
        assert (await trouble(url)).trouble is Trouble.REFUSED


async def test_nobody_listens():
    async with server(saying()) as url:
        gone = url
    assert (await trouble(gone)).trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("body", "status", "trouble_", "code"),
    [
        (b"", 503, Trouble.NO_SOCKET, None),
        (b"<html>", 200, Trouble.NO_SOCKET, None),
        (b'{"code":2}', 401, Trouble.REFUSED, 2),
        (b'{"code":"2"}', 401, Trouble.NO_SOCKET, None),
    ],
)
async def test_an_answer_in_place_of_a_socket(body, status, trouble_, code):
    headers = Headers({"Content-Length": str(len(body))})
    async with server(saying(), process_request=lambda *_: Response(status, "No", headers, body)) as url:
        error = await trouble(url)
        assert (error.trouble, error.status, error.code) == (trouble_, status, code)


async def test_a_redirect_is_not_followed():
    """It would take the token to wherever it leads."""
    visited = []

    async def elsewhere(socket):
        visited.append(socket.request.path)

    async with server(elsewhere) as target:
        headers = Headers({"Location": target, "Content-Length": "0"})
        async with server(saying(), process_request=lambda *_: Response(307, "There", headers, b"")) as url:
            error = await trouble(url)
    assert (error.trouble, error.status, visited) == (Trouble.NO_SOCKET, 307, [])


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*self_signed(tmp_path))
    async with server(saying(HELLO), ssl=tls) as url:
        assert (await trouble(url)).trouble is Trouble.UNTRUSTED


async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with server(saying(HELLO)) as url:
        socket = await opened(url, SystemClock(), 10.0)
        await socket.close("renewed")
    assert socket.connection_id == "c1"


async def test_the_end_of_the_connection_reaches_whoever_waits():
    async def handler(socket):
        await socket.send(HELLO)
        await asyncio.sleep(0.05)
        socket.transport.abort()

    async with server(handler) as url:
        socket = await opened(url, SystemClock(), 10.0)
        with pytest.raises(SocketError) as raised:
            await asyncio.wait_for(socket.expect("mine"), 10)
        assert raised.value.trouble is Trouble.BROKEN
        with pytest.raises(SocketError):
            await socket.expect("another")
        await socket.close("renewed")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (["{}"] * (client.FRAMES_MOST + 50), Trouble.FLOODED),
        ([" " * (client.FRAME_OCTETS + 1)], Trouble.BROKEN),
        (['{"error":{"code":40}}'], Trouble.REFUSED),
    ],
)
async def test_what_a_stranger_can_send_is_bounded(sent, why):
    before = metrics.CANARY_ENDS.labels(why.value)._value.get()
    async with server(saying(HELLO, *sent)) as url:
        socket = await opened(url, SystemClock(), 10.0)
        with pytest.raises(SocketError) as raised:
            await asyncio.wait_for(socket.expect("mine"), 10)
        await socket.close("renewed")
    assert raised.value.trouble is why
    assert metrics.CANARY_ENDS.labels(why.value)._value.get() == before + 1


async def test_a_socket_that_nobody_uses_closes_by_itself():
    before = metrics.CANARY_ENDS.labels("unused")._value.get()
    async with server(saying(HELLO)) as url:
        socket = await opened(url, SystemClock(), 10.0)
        socket.leave_after(10)
        socket.leave_after(0.02)
        with pytest.raises(SocketError):
            await asyncio.wait_for(socket.expect("mine"), 10)
        await socket.close("renewed")
    assert metrics.CANARY_ENDS.labels("unused")._value.get() == before + 1


async def test_the_token_is_in_no_log(caplog):
    caplog.set_level(0)
    logging.getLogger("websockets").setLevel(logging.DEBUG)
    async with server(saying(HELLO), logger=client._silent()) as url:
        socket = await opened(url, SystemClock(), 10.0)
        await socket.close("renewed")
        await trouble(url.replace("localhost", "127.0.0.2"), 0.2)
    assert SECRET not in caplog.text
