import asyncio

import pytest
from structlog.testing import capture_logs

from tidegate.app import lifespan
from tidegate.app.lifespan import Background

pytestmark = pytest.mark.anyio


async def fails_at_its_end():
    """As a task group does whose tasks fail while they are cancelled."""
    try:
        await asyncio.sleep(60)
    finally:
        raise ConnectionError


async def run_once(job):
    """Run it in the background until it has begun, and end it in time."""
    background = Background()
    background.add("job", job)
    async with asyncio.timeout(2):
        async with background.running():
            await asyncio.sleep(0)


async def test_a_job_that_fails_at_its_end_ends():
    begun = []

    async def job():
        begun.append(1)
        await fails_at_its_end()

    with capture_logs() as logs:
        await run_once(job)
    assert begun == [1]
    assert [line["event"] for line in logs] == ["background job failed; it is not started again at the end"]


async def test_a_job_that_loses_its_end_is_asked_again(monkeypatch):
    monkeypatch.setattr(lifespan, "_CANCEL_SECONDS", 0.05)
    lost = []

    async def job():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.append(1)
        await asyncio.sleep(60)

    await run_once(job)
    assert lost == [1]


async def test_a_job_that_fails_is_started_again(monkeypatch):
    monkeypatch.setattr(lifespan, "_RESTART_SECONDS", 0.0)
    background, begun = Background(), asyncio.Semaphore(0)

    async def job():
        begun.release()
        raise ConnectionError

    background.add("job", job)
    async with asyncio.timeout(2), background.running():
        for _ in range(3):
            await begun.acquire()
    assert background.stopping


async def test_what_was_added_last_is_closed_first_and_a_failure_stops_no_other():
    background, closed = Background(), []

    async def first():
        closed.append("first")

    async def second():
        closed.append("second")
        raise ConnectionError

    background.close_with(first)
    background.close_with(second)
    async with background.running():
        assert not background.stopping
    assert closed == ["second", "first"]
    assert background.stopping
