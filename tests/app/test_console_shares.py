"""One operator who opens as much as they can: nobody else is put out. Pages that stay open are asked over sockets."""

import asyncio
import contextlib

import httpx2
import pytest

from support.console import enter, opened, signed_in
from support.doors import app as lifespan
from support.doors import door
from support.operating import KEYS, OPERATOR, VIEWER, bearer
from tidegate.console.visits import LINKS_MOST
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS

LINKS = "/operator/v1/console/links"


async def test_a_viewer_who_signs_in_again_and_again_signs_out_nobody_else(gate_with):
    async with (
        gate_with(console_sessions=4) as gate,
        opened(gate, OPERATOR) as otto,
        contextlib.AsyncExitStack() as open_,
    ):
        gate.clock.shift += 60  # otto is the quietest of all
        veras = [await open_.enter_async_context(opened(gate, VIEWER)) for _ in range(5)]
        assert (await otto.get("/console")).status_code == 200
        assert [(await one.get("/console")).status_code for one in veras] == [303, 303, 303, 200, 200]


async def test_there_is_a_place_for_each_name_however_few_there_are(gate_with):
    async with gate_with(console_sessions=1) as gate, opened(gate, OPERATOR) as otto, opened(gate, VIEWER) as vera:
        assert [(await one.get("/console")).status_code for one in (otto, vera)] == [200, 200]


async def test_links_that_a_viewer_makes_spoil_nobody_elses(gate):
    async with gate.operator(OPERATOR) as otto, gate.operator(VIEWER) as vera, gate.operator(key=None) as browser:
        mine = (await otto.post(LINKS)).json()["path"].partition("#")[2]
        theirs = [(await vera.post(LINKS)).json()["path"].partition("#")[2] for _ in range(LINKS_MOST)]
        assert (await enter(browser, theirs[0])).status_code == 401, "it made way for a later one of the same name"
        assert (await enter(browser, theirs[-1])).status_code == 303
        assert (await enter(browser, mine)).status_code == 303


@contextlib.asynccontextmanager
async def listening(gate):
    """The operator's listener on a socket, and a function that signs a browser in there."""

    async def app(scope, receive, send):
        await (lifespan if scope["type"] == "lifespan" else gate.runtime.ops)(scope, receive, send)

    async with door(application=app) as running, contextlib.AsyncExitStack() as clients:
        url = "http://{}:{}".format(*running.address)

        async def browser(key):
            client = httpx2.AsyncClient(base_url=url, trust_env=False, timeout=5)
            await clients.enter_async_context(client)
            made = await client.post(LINKS, headers=bearer(key))
            assert (await enter(client, made.json()["path"].partition("#")[2])).status_code == 303
            return client

        yield browser


@contextlib.asynccontextmanager
async def live(browser):
    """An open page: the events that it heard of, and a task that ends with it."""
    heard = []

    async def listen():
        async with browser.stream("GET", "/console/live") as answer:
            heard.append(answer.status_code)
            heard.extend([line async for line in answer.aiter_lines() if line.startswith("event:")])

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listen())
        try:
            while not heard:
                await asyncio.sleep(0.01)
            yield heard, task
        finally:
            task.cancel()


async def test_pages_that_a_viewer_opens_close_nobody_elses_and_the_oldest_hears_of_it(gate_with):
    async with gate_with(console_streams=4) as gate, listening(gate) as sign_in, contextlib.AsyncExitStack() as open_:
        otto = await open_.enter_async_context(live(await sign_in(OPERATOR)))
        veras = [await open_.enter_async_context(live(await sign_in(VIEWER))) for _ in range(4)]
        async with asyncio.timeout(5):
            await asyncio.gather(*(task for _, task in veras[:2]))
        assert [heard[-1] for heard, _ in veras[:2]] == ["event: aside"] * 2
        assert [task.done() for _, task in (otto, *veras[2:])] == [False] * 3
        assert REGISTRY.get_sample_value("tidegate_console_streams") == 3


async def test_of_one_browser_the_fifth_page_puts_out_the_first(gate_with):
    async with gate_with() as gate, listening(gate) as sign_in, contextlib.AsyncExitStack() as open_:
        browser = await sign_in(OPERATOR)
        pages = [await open_.enter_async_context(live(browser)) for _ in range(5)]
        async with asyncio.timeout(5):
            await pages[0][1]
        assert [task.done() for _, task in pages[1:]] == [False] * 4


async def test_who_signs_in_on_another_browser_keeps_both(gate):
    async with opened(gate, OPERATOR) as first, gate.operator(key=None) as second:
        await signed_in(gate, second)
        assert [(await one.get("/console")).status_code for one in (first, second)] == [200, 200]
