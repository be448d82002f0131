"""Strangers who send webhooks slowly, over real sockets: the provider comes in all the same."""

import asyncio
import contextlib
import json
import time

import pytest

from support.doors import Wire, door
from support.doors import app as lifespan
from support.gate import open_gate
from support.hooks import PATH, SECRETS, event, headers_for
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio

EVENT = json.dumps(event("organization.created", id="org_1")).encode()
PLACES, SHARE = 8, 2
SLOW = [f"127.0.0.{number}" for number in range(2, 2 + PLACES // SHARE)]


@contextlib.asynccontextmanager
async def served(sandbox, tmp_path, **changed):
    """A service behind a listener of ours, with few places."""
    changed = {"webhook_secrets": SECRETS, "webhooks_max": PLACES, **changed}
    async with open_gate(sandbox, tmp_path, **changed) as gate:

        async def app(scope, receive, send):
            await (lifespan if scope["type"] == "lifespan" else gate.runtime.app)(scope, receive, send)

        async with door(application=app) as running:
            yield running


def head(name, octets=EVENT, **headers):
    lines = {"Host": "gate.test", "Content-Length": str(len(octets)), **headers_for(octets, name), **headers}
    said = [f"POST {PATH} HTTP/1.1", *(f"{key}: {value}" for key, value in lines.items()), "", ""]
    return "\r\n".join(said).encode()


async def begun(running, address, name="msg_slow"):
    """A stranger whose headers are right, and who has sent one octet of the body."""
    wire = Wire(*await asyncio.open_connection(*running.address, local_addr=(address, 0)))
    await wire.say(head(name, **{"webhook-signature": "v1,AAAA"}) + b"{")
    return wire


async def sent(running, address, *, pause=0.0):
    """A webhook of the provider; the answer."""
    wire = Wire(*await asyncio.open_connection(*running.address, local_addr=(address, 0)))
    await wire.say(head(f"msg_{address[-1]}"))
    await asyncio.sleep(pause)
    await wire.say(EVENT)
    answer = await wire.answer()
    await wire.close()
    return answer[0]


def figure(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


async def arriving(count):
    async with asyncio.timeout(5):
        while figure("tidegate_webhooks_arriving") != count:
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def besieged(running):
    """Four addresses that have taken every place, and sent an octet each."""
    wires = [await begun(running, address) for address in SLOW for _ in range(SHARE)]
    await arriving(PLACES)
    try:
        yield wires
    finally:
        for wire in wires:
            await wire.close()


@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_four_addresses_that_drip_keep_nobody_out(sandbox, tmp_path, pause):
    async with served(sandbox, tmp_path) as running, besieged(running):
        assert figure("tidegate_webhooks_under_way") == 0
        assert await sent(running, "127.0.0.9", pause=pause) == 200
        assert await sent(running, SLOW[0], pause=pause) == 200, "the provider shares an address with a stranger"


async def test_the_longest_makes_way_and_of_an_address_with_its_quarter_its_own(sandbox, tmp_path):
    async with served(sandbox, tmp_path) as running, besieged(running) as wires:
        before = figure("tidegate_webhooks_unfinished_total", why="displaced")
        further = [await begun(running, SLOW[-1])]
        status, headers, body = await wires[-SHARE].answer()
        assert (status, json.loads(body)["reason"], headers["retry-after"]) == (429, "webhooks_busy", "5")
        further.append(await begun(running, "127.0.0.9"))
        assert (await wires[0].answer())[0] == 429
        assert figure("tidegate_webhooks_unfinished_total", why="displaced") == before + 2
        await arriving(PLACES)
        for wire in further:
            await wire.close()


async def test_a_body_has_little_time_however_steadily_it_drips(sandbox, tmp_path):
    async with served(sandbox, tmp_path, webhook_body_ms=200) as running:
        before, began = figure("tidegate_webhooks_unfinished_total", why="too_slow"), time.monotonic()
        wire = await begun(running, SLOW[0])
        drip = asyncio.create_task(wire.flood_slowly(b" ", 0.02))
        status, _, body = await wire.answer()
        drip.cancel()
        assert (status, json.loads(body)["reason"]) == (400, "request_invalid")
        assert 0.2 <= time.monotonic() - began < 2
        assert figure("tidegate_webhooks_unfinished_total", why="too_slow") == before + 1
        await arriving(0)
        await wire.close()


async def test_a_sender_who_leaves_holds_nothing(sandbox, tmp_path):
    async with served(sandbox, tmp_path) as running:
        async with besieged(running):
            pass
        await arriving(0)
        assert await sent(running, SLOW[0]) == 200
