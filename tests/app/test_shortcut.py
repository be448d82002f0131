"""Answers given without a task of their own: over real sockets, beside what takes the ordinary way."""

import asyncio
import json

import pytest

from support.doors import DoorSettings, Wire, door
from tidegate.http.call import SCOPE_KEY, CallReader
from tidegate.http.proxy import ProxyRule
from tidegate.http.shortcut import Waits

pytestmark = pytest.mark.anyio

POST = b"POST /now HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n\r\n"
READER = CallReader(ProxyRule(()))


class Shortcut:
    """Answers with the number it is sent; where that is odd, it has to wait. Notes what it was asked."""

    def __init__(self, size=0):
        self.asked = []
        self.size = size

    def __call__(self, headers, client, scheme):
        self.asked.append((client, scheme))
        call = READER.of(headers, client, scheme)
        number = dict(headers).get(b"x-number", b"0")
        if call.has_body or int(number) % 2:
            call.subject = "noted"
            raise Waits(call)
        body = number + b" " * self.size
        return 200, b"content-length: %d\r\n\r\n%b" % (len(body), body)


async def ordinary(scope, receive, send):
    """The application behind: says that it was asked, and what came with the request."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = (await receive())["body"]
    await asyncio.sleep(0.01)
    call = scope.get(SCOPE_KEY)
    content = json.dumps({"body": body.decode(), "noted": call and call.subject}).encode()
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def served(shortcut, settings=None):
    return door(settings, application=ordinary, shortcuts={b"/now": shortcut})


async def test_the_shortcut_answers_and_the_application_is_not_asked():
    shortcut = Shortcut()
    async with served(shortcut) as running:
        wire = await Wire.to(running)
        for number in (2, 4, 6):
            await wire.say(POST % number)
            status, headers, body = await wire.answer()
            assert (status, body) == (200, b"%d" % number)
            assert "date" in headers
        await wire.close()
        assert running.server_state.total_requests == 3
    assert {scheme for _, scheme in shortcut.asked} == {"http"}
    assert {client[0] for client, _ in shortcut.asked} == {"127.0.0.1"}


async def test_what_has_to_wait_takes_the_ordinary_way_with_what_is_known():
    async with served(Shortcut()) as running:
        wire = await Wire.to(running)
        await wire.say(POST % 1)
        status, _, body = await wire.answer()
        assert (status, json.loads(body)) == (202, {"body": "", "noted": "noted"})
        await wire.say(b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
        status, _, body = await wire.answer()
        assert (status, json.loads(body)["body"]) == (202, "ok")
        await wire.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /now?x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /n%6fw HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /now HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        b"POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_the_shortcut_is_not_asked(data):
    shortcut = Shortcut()
    async with served(shortcut) as running:
        wire = await Wire.to(running)
        await wire.say(data)
        assert (await wire.answer())[0] == 202
        await wire.close()
    assert shortcut.asked == []


@pytest.mark.parametrize("data", [b"POST /now HTTP/1.1\r\n\r\n", b"POST /now HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"])
async def test_what_is_malformed_is_refused_before_the_shortcut(data):
    shortcut = Shortcut()
    async with served(shortcut) as running:
        wire = await Wire.to(running)
        await wire.say(data)
        assert (await wire.answer())[0] == 400
        await wire.close()
    assert shortcut.asked == []


async def test_answers_leave_in_the_order_of_their_requests():
    async with served(Shortcut()) as running:
        wire = await Wire.to(running)
        numbers = [2, 4, 1, 6, 3, 8, 8, 5]
        await wire.say(b"".join(POST % number for number in numbers))
        found = [(await wire.answer()) for _ in numbers]
        assert [status for status, _, _ in found][:3] == [200, 200, 202]
        for number, (status, _, body) in zip(numbers, found, strict=True):
            assert body == b"%d" % number if status == 200 else json.loads(body)["noted"] in {None, "noted"}
        await wire.say(POST % 10)
        assert (await wire.answer())[2] == b"10"
        await wire.close()


async def test_a_peer_that_does_not_read_is_not_answered_without_end():
    shortcut = Shortcut(size=100_000)
    async with served(shortcut, DoorSettings(header_timeout_ms=300)) as running:
        wire = await Wire.to(running)
        with pytest.raises((ConnectionError, TimeoutError)):
            await asyncio.wait_for(wire.flood(POST % 2), 3)
        asked = len(shortcut.asked)
        assert asked * 100_000 < 30_000_000, "what the kernel's buffers hold, and no more"
        await wire.close()


async def test_a_connection_that_was_answered_so_still_times_out():
    async with served(Shortcut(), DoorSettings(keep_alive_seconds=0)) as running:
        wire = await Wire.to(running)
        await wire.say(POST % 2)
        assert (await wire.answer())[0] == 200
        assert await wire.ended() == b""
        await wire.close()
