"""The writer beside the request path: nothing is lost unsaid, and nothing twice."""

import asyncio

import pytest

from support.issuing import NOW
from support.writers import Memory, Running
from tidegate.errors import Reason, Refusal
from tidegate.http.call import Call

pytestmark = pytest.mark.anyio


async def test_what_was_noted_is_written_between_an_opening_and_an_end():
    sink = Memory()
    async with Running(sink) as running:
        running.issue("ada")
        running.issue("grace")
        await running.ledger.durable()
        assert sink.events() == ["opened", "issued", "issued"]
        assert running.ledger.lag() == 0
    assert sink.events() == ["opened", "issued", "issued", "closed"]
    assert [entry.user_id for entry in sink.entries] == [None, "ada", "grace", None]
    assert sink.closed


async def test_what_waits_at_the_end_is_written():
    sink = Memory()
    async with Running(sink, window_s=10.0) as running:
        await asyncio.sleep(0.01)
        for _ in range(50):
            running.issue()
    assert sink.events() == ["opened", *["issued"] * 50, "closed"]


async def test_notes_are_written_together():
    sink = Memory()
    async with Running(sink) as running:
        for _ in range(60):
            running.issue()
        await running.ledger.durable()
    assert len(sink.batches) <= 4


async def test_a_line_that_a_crash_cut_off_is_in_the_chain():
    sink = Memory(cut=17)
    async with Running(sink):
        await asyncio.sleep(0.01)
    assert [(entry.event, entry.count) for entry in sink.entries[:2]] == [("recovered", 17), ("opened", None)]


async def test_a_disk_that_fails_is_tried_again_with_the_same_batch():
    sink = Memory(opening=1, failures=2)
    async with Running(sink, wait_s=2.0) as running:
        running.issue()
        await running.ledger.durable()
    assert sink.events() == ["opened", "issued", "closed"]


async def test_what_found_no_room_is_counted_in_the_chain():
    sink = Memory()
    async with Running(sink, wait_s=2.0) as running:
        await asyncio.sleep(0.01)
        sink.gate.clear()
        for _ in range(64 + 5):
            running.issue()
        running.clock.advance(3)
        assert running.ledger.lag() == 3
        sink.gate.set()
        await running.ledger.durable()
    (lost,) = [entry for entry in sink.entries if entry.event == "lost"]
    assert lost.count == 5
    assert sink.events().count("issued") == 64


async def test_where_none_may_go_unrecorded_exchanges_are_refused_when_there_is_no_room():
    sink = Memory()
    async with Running(sink, refuses=True) as running:
        for _ in range(64):
            running.issue()
        with pytest.raises(Refusal) as refused:
            running.issue()
        assert refused.value.reason is Reason.LEDGER_UNAVAILABLE
        running.ledger.refused(Call("r", "203.0.113.7", "https", {}), refused.value, NOW)  # raises nothing


async def test_waiting_for_a_disk_that_does_not_answer_ends():
    sink = Memory()
    async with Running(sink, waits=True, wait_s=0.05) as running:
        await asyncio.sleep(0.01)
        sink.gate.clear()
        running.issue()
        with pytest.raises(Refusal) as refused:
            await running.ledger.durable()
        assert refused.value.reason is Reason.LEDGER_UNAVAILABLE
        sink.gate.set()


async def test_many_wait_for_one_batch():
    sink = Memory()
    async with Running(sink, waits=True, wait_s=2.0) as running:

        async def exchange(number):
            running.issue(request=f"r-{number}")
            await running.ledger.durable()
            return {entry.request for entry in sink.entries} >= {f"r-{number}"}

        assert all(await asyncio.gather(*map(exchange, range(40))))
