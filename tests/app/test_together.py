"""Requests of one turn are worked out together, and nobody can tell but by the time it takes."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doors import DoorSettings, Wire, door
from tidegate.app.together import TOGETHER, PromptConnection, Turn
from tidegate.http.call import CallReader
from tidegate.http.proxy import ProxyRule
from tidegate.http.shortcut import Waits

POST = b"POST /now HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n\r\n"
WITH_BODY = b"POST /now HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /now HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
GET = b"GET /now HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n\r\n"
READER = CallReader(ProxyRule(()))


class Shortcut:
    """Answers with the number it is sent, unless it has to wait: for a body, or where the number is odd."""

    def __init__(self):
        self.asked = []

    def __call__(self, headers, client, scheme):
        number = int(dict(headers)[b"x-number"])
        self.asked.append(number)
        if number == 666:
            raise ValueError("on purpose")
        call = READER.of(headers, client, scheme)
        if call.has_body or number % 2:
            raise Waits(call)
        return 200, b"content-length: %d\r\n\r\n%d" % (len(str(number)), number)


async def ordinary(scope, receive, send):
    """The application behind: answers with the number and the body that it was sent."""
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event["body"], event["more_body"]
    content = json.dumps([int(dict(scope["headers"])[b"x-number"]), body.decode()]).encode()
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"%d" % len(content))]})
    await send({"type": "http.response.body", "body": content})


def served(shortcut):
    async def application(scope, receive, send):
        if scope["type"] == "http":
            await ordinary(scope, receive, send)
            return
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    return door(DoorSettings(), application=application, shortcuts={b"/now": shortcut})


async def connected(running):
    """A client, and the server's end of its connection."""
    before = set(running.server_state.connections)
    wire = await Wire.to(running)
    while not (new := set(running.server_state.connections) - before):
        await asyncio.sleep(0)
    return wire, new.pop()


class Noted:
    """Stands for a connection and its transport: notes what happens in which order."""

    def __init__(self, name, events, loop):
        self.name, self.events, self.loop, self.transport = name, events, loop, self

    def worked_out(self):
        self.events.append("worked out")
        return b"" if self.name % 10 == 7 else b"%d" % self.name

    def write(self, octets):
        self.events.append(octets)


@pytest.mark.anyio
async def test_answers_of_one_turn_are_worked_out_before_they_are_sent():
    events, turn, loop = [], Turn(), asyncio.get_running_loop()
    for number in (5, 6, 7, 8):
        turn.add(Noted(number, events, loop))
    assert events == []
    await asyncio.sleep(0)
    assert events == [*["worked out"] * 4, b"5", b"6", b"8"]
    turn.add(Noted(1, events, loop))
    await asyncio.sleep(0)
    assert events[-2:] == ["worked out", b"1"]


@pytest.mark.anyio
async def test_many_requests_do_not_wait_for_the_end_of_a_turn_that_others_put_off():
    events, turn, loop = [], Turn(), asyncio.get_running_loop()
    for _ in range(2 * TOGETHER + 1):
        turn.add(Noted(1, events, loop))
    assert events == 2 * (["worked out"] * TOGETHER + [b"1"] * TOGETHER)
    await asyncio.sleep(0)
    assert events[-2:] == ["worked out", b"1"]


@pytest.mark.anyio
async def test_every_connection_of_a_turn_gets_its_own_answer():
    shortcut = Shortcut()
    async with served(shortcut) as running:
        wires = [await Wire.to(running) for _ in range(TOGETHER + 1)]
        for number, wire in enumerate(wires):
            wire.writer.write(POST % (2 * number))
        found = [(await wire.answer())[2] for wire in wires]
        for wire in wires:
            await wire.close()
    assert found == [b"%d" % (2 * number) for number in range(len(wires))]
    assert sorted(shortcut.asked) == list(range(0, 2 * len(wires), 2))


@pytest.mark.anyio
async def test_a_peer_that_sends_its_end_with_its_request_is_answered():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        connection.data_received(POST % 2)
        connection.eof_received()
        assert connection.held is None
        assert (await wire.answer())[2] == b"2"
        wire.writer.write(POST % 4)
        wire.writer.write_eof()
        assert (await wire.answer())[2] == b"4"
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
async def test_an_empty_body_without_a_length_makes_a_request_wait_from_the_start():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        connection.data_received((CHUNKED % 2).replace(b"3\r\nabc\r\n", b""))
        assert connection.held is None
        assert not connection.cycle.response_complete
        assert json.loads((await wire.answer())[2]) == [2, ""]
        await wire.close()


@pytest.mark.anyio
async def test_a_body_that_is_none_is_refused_in_words_on_a_connection_that_was_used_before():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        await wire.say(WITH_BODY % 2)
        assert (await wire.answer())[0] == 202
        connection.data_received((CHUNKED % 4).replace(b"\r\n3\r\n", b"\r\nno number\r\n"))
        assert (await wire.answer())[0] == 400
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
@pytest.mark.parametrize("rest", [b"\x00 is no request\r\n\r\n", b"GET /now HTTP/1.1\r\n\r\n", GET % 3 + b"\x00"])
async def test_an_answer_comes_before_the_refusal_of_what_follows(rest):
    async with served(Shortcut()) as running:
        wire = await Wire.to(running)
        await wire.say(POST % 2 + rest)
        assert (await wire.answer())[2] == b"2"
        assert (await wire.answer())[0] in {202, 400}
        await wire.close()


@pytest.mark.anyio
async def test_a_connection_that_is_shut_down_gets_the_answer_that_it_is_owed():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        connection.data_received(POST % 2)
        assert connection.held is not None
        connection.shutdown()
        assert connection.held is None
        assert (await wire.answer())[2] == b"2"
        assert await wire.ended() == b""
        await wire.close()


@pytest.mark.anyio
async def test_nothing_is_handed_out_where_nobody_is_left_to_take_it():
    shortcut = Shortcut()
    async with served(shortcut) as running:
        wire, connection = await connected(running)
        connection.data_received(POST % 2)
        connection.transport.abort()
        assert await wire.ended() == b""
        await wire.close()
    assert shortcut.asked == []


@pytest.mark.anyio
async def test_a_peer_that_reads_too_slowly_is_answered_the_ordinary_way_which_waits_for_it():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        connection.pause_writing()
        connection.data_received(POST % 2)
        assert connection.held is None
        assert not connection.cycle.response_complete
        connection.resume_writing()
        assert (await wire.answer())[0] == 202
        await wire.close()


@pytest.mark.anyio
async def test_a_shortcut_that_fails_ends_its_own_connection_alone():
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["message"]))
    async with served(Shortcut()) as running:
        wires = [await Wire.to(running) for _ in range(3)]
        for number, wire in zip((2, 666, 4), wires, strict=True):
            wire.writer.write(POST % number)
        assert [(await wires[0].answer())[2], await wires[1].ended(), (await wires[2].answer())[2]] == [b"2", b"", b"4"]
        for wire in wires:
            await wire.close()
    asyncio.get_running_loop().set_exception_handler(None)
    assert errors == ["a shortcut failed"]


@pytest.mark.anyio
async def test_a_head_whose_body_is_still_to_come_does_not_wait_for_it_to_be_begun():
    async with served(Shortcut()) as running:
        wire, connection = await connected(running)
        connection.data_received((WITH_BODY % 2)[:-3])
        assert isinstance(connection, PromptConnection)
        assert connection.held is None
        assert not connection.cycle.response_complete
        connection.data_received(b"abc")
        assert json.loads((await wire.answer())[2]) == [2, "abc"]
        await wire.close()


@pytest.fixture(scope="module")
def listening():
    """A listener, and what runs in its loop: one for all examples."""
    with asyncio.Runner() as runner:
        listener = served(Shortcut())
        running = runner.run(listener.__aenter__())
        yield running, runner.run
        runner.run(listener.__aexit__(None, None, None))


KINDS = st.sampled_from([POST, POST, POST, WITH_BODY, CHUNKED, GET])


@given(
    kinds=st.lists(KINDS, min_size=1, max_size=8),
    cuts=st.lists(st.tuples(st.integers(0, 900), st.booleans()), max_size=12),
    data=st.data(),
)
def test_however_requests_arrive_each_is_answered_once_and_in_its_turn(listening, kinds, cuts, data):
    running, run = listening
    numbers = [data.draw(st.integers(0, 99)) for _ in kinds]
    octets = b"".join(kind % number for kind, number in zip(kinds, numbers, strict=True))
    ends = sorted({at for at, _ in cuts if at < len(octets)} | {len(octets)})
    lets = dict(cuts)

    async def exchanged():
        before = running.server_state.total_requests
        wire, connection = await connected(running)
        for begin, end in zip([0, *ends], ends, strict=False):
            connection.data_received(octets[begin:end])
            if lets.get(end):
                await asyncio.sleep(0)
        found = [await wire.answer() for _ in kinds]
        await wire.close()
        return found, running.server_state.total_requests - before

    found, counted = run(exchanged())
    assert counted == len(kinds)
    for kind, number, (status, _, body) in zip(kinds, numbers, found, strict=True):
        if status == 200:
            assert (kind, body, number % 2) == (POST, b"%d" % number, 0)
        else:
            assert json.loads(body) == [number, "abc" if kind in {WITH_BODY, CHUNKED} else ""]
