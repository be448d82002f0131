import asyncio

import pytest

from tidegate.pauses import doubled, woken


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
