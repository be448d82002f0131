import asyncio

import pytest

from tidegate.pauses import doubled, ended, woken


@pytest.mark.anyio
@pytest.mark.parametrize("seconds", [None, 60.0])
async def test_an_event_ends_a_wait_of_any_length(seconds):
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    async with asyncio.timeout(5):
        await woken(event, seconds)
    assert event.is_set()


@pytest.mark.anyio
async def test_a_wait_is_over_when_its_time_is():
    event = asyncio.Event()
    async with asyncio.timeout(5):
        await woken(event, 0.001)
    assert not event.is_set()


@pytest.mark.anyio
async def test_whoever_is_cancelled_hears_of_it():
    waiting = asyncio.create_task(woken(asyncio.Event(), 60.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_pauses_double_and_come_to_an_end():
    assert [doubled(0.5, failures) for failures in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert doubled(1.0, 16) == doubled(1.0, 10**9) == 65_536.0


@pytest.mark.anyio
async def test_who_loses_a_request_to_end_hears_the_next():
    lost = []

    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.append(1)
        await asyncio.sleep(60)

    async def fails():
        raise ConnectionError

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(fails())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(tasks, 0.02)
    assert lost == [1]
    assert all(task.done() for task in tasks)
