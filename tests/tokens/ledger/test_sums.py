"""Strangers who are refused in masses: every one is counted, few cost an entry."""

import asyncio
from collections import Counter
from itertools import groupby

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import NOW
from support.ledgers import session
from support.writers import Memory, Running
from tidegate.errors import Reason
from tidegate.metrics import REGISTRY
from tidegate.tokens.ledger.encoding import stamp

pytestmark = pytest.mark.anyio
REASONS = (Reason.TOKEN_EXPIRED, Reason.TOKEN_MALFORMED, Reason.LIMIT_ADDRESS)
SECONDS = {stamp(now)[:19]: now for now in range(NOW - 100, NOW + 200)}
REFUSALS = st.lists(
    st.tuples(
        st.sampled_from((0.0, 0.0, 0.0, 0.3, 1.0, 2.5, -0.4)),
        st.sampled_from(REASONS),
        st.sampled_from(("none", "clerk")),
        st.sampled_from((False, False, False, True)),
    ),
    max_size=60,
)


def counted(name):
    return REGISTRY.get_sample_value(f"tidegate_ledger_{name}_total")


async def recorded(refusals, **options):
    """What a ledger has of refusals: steps of the clock, reasons, issuers, and whether somebody is named."""
    sink = Memory()
    async with Running(sink, **options) as running:
        for step, reason, issuer, named in refusals:
            running.clock.advance(step)
            running.refuse(reason, issuer=issuer, whose=session("ada") if named else None)
    return sink


def sums_of(sink):
    return [entry for entry in sink.entries if entry.event == "summed"]


def expected(refusals, most):
    """The counts of each second, issuer and reason beyond the bound."""
    now, seen = NOW, []
    for step, reason, issuer, named in refusals:
        now += step
        if not named:
            seen.append((int(now), issuer, reason.value))
    seconds = (list(one) for _, one in groupby(seen, key=lambda key: key[0]))
    return Counter(key for second in seconds for key in (second[most:] if most else ()))


@given(refusals=REFUSALS, most=st.integers(0, 4))
def test_what_is_written_and_what_is_summed_is_what_was_refused(refusals, most):
    before = counted("summed")
    sink = asyncio.run(recorded(refusals, refusals_per_s=most))

    sums = Counter()
    for entry in sums_of(sink):
        assert (entry.subject, entry.address, entry.request) == (None, None, None)
        sums[SECONDS[entry.time[:19]], entry.issuer, entry.reason] += entry.count
    assert sums == expected(refusals, most)
    assert sink.events().count("refused") + sums.total() == len(refusals)
    assert sink.events().count("lost") == 0
    assert counted("summed") - before == sums.total()
    named = [entry for entry in sink.entries if entry.event == "refused" and entry.user_id == "ada"]
    assert len(named) == sum(named for *_, named in refusals)


@given(refusals=REFUSALS, most=st.integers(0, 4), room=st.integers(1, 12))
def test_what_finds_no_room_is_counted_as_so_many(refusals, most, room):
    before = counted("summed"), counted("lost")
    sink = asyncio.run(recorded(refusals, refusals_per_s=most, queue_size=room))

    summed = sum(entry.count for entry in sums_of(sink))
    lost = sum(entry.count for entry in sink.entries if entry.event == "lost")
    assert sink.events().count("refused") + summed + lost == len(refusals)
    assert (counted("summed") - before[0], counted("lost") - before[1]) == (summed, lost)


async def test_a_second_has_one_entry_for_each_issuer_and_reason():
    flood = [(0.0, reason, issuer, False) for _ in range(500) for reason in REASONS for issuer in ("none", "clerk")]
    sink = await recorded(flood, refusals_per_s=50)

    assert sink.events() == ["opened", *["refused"] * 50, *["summed"] * 6, "closed"]
    assert sum(entry.count for entry in sums_of(sink)) == 2_950


async def test_a_sum_is_written_when_its_second_is_over_though_nobody_comes_any_more():
    sink, late = Memory(), counted("late")
    async with Running(sink, refusals_per_s=1, wait_s=2.0) as running:
        running.clock.advance(0.875)
        running.refuse()
        await running.ledger.durable()
        for _ in range(3):
            running.clock.advance(1 / 64)
            running.refuse()
        running.clock.advance(0.125)
        with anyio.fail_after(5):
            while not sums_of(sink):
                await anyio.sleep(0.01)
        assert running.ledger.lag() == 0
    (entry,) = sums_of(sink)
    assert (entry.count, entry.time) == (3, stamp(NOW + 0.875 + 3 / 64))
    assert counted("late") == late


async def test_a_sum_stands_before_what_came_in_the_next_second():
    sink = await recorded([(step, REASONS[0], "none", False) for step in (0.0, 0.1, 0.1, 1.0, 0.1)], refusals_per_s=1)

    assert [(entry.event, entry.count) for entry in sink.entries[1:-1]] == [
        ("refused", None),
        ("summed", 2),
        ("refused", None),
        ("summed", 1),
    ]


async def test_strangers_leave_room_for_issuances():
    sink = Memory()
    async with Running(sink, refusals_per_s=10, queue_size=64, refuses=True) as running:
        for _ in range(10_000):
            running.refuse()
        for _ in range(50):
            running.issue()
    assert Counter(sink.events()) == {"opened": 1, "refused": 10, "issued": 50, "summed": 1, "closed": 1}
