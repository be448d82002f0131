import asyncio
from types import SimpleNamespace

import pytest
import structlog

from tidegate.clock import ManualClock
from tidegate.watch.series.figures import FIGURES, figure
from tidegate.watch.series.ring import Merge
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Buckets, Reading

START = 1_700_000_000.0


class Counters:
    """A source that counts what it is told."""

    def __init__(self):
        self.counts = {"exchanges": 0.0, "answers": 0.0}
        self.exchange = [0.0] * 3
        self.stream = [0.0] * 3

    def __call__(self):
        bounds = (0.1, 1.0)
        return Reading(dict(self.counts), Buckets(bounds, list(self.exchange)), Buckets(bounds, list(self.stream)))


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def counters():
    return Counters()


def series_of(clock, counters, **levels):
    return Series(clock, levels, source=counters)


def test_what_was_counted_before_the_start_is_no_news(clock, counters):
    counters.counts["exchanges"] = 100.0
    series = series_of(clock, counters)
    series.tick()

    assert series.recent("exchanges", 60) == [(START, 0.0)]


def test_counts_are_what_came_in_each_slot(clock, counters):
    series = series_of(clock, counters)
    for add in (3, 0, 5):
        counters.counts["exchanges"] += add
        clock.advance(10)
        series.tick()

    assert series.recent("exchanges", 60) == [(START + 10, 3.0), (START + 20, 0.0), (START + 30, 5.0)]
    assert series.window("exchanges", 20) == [0.0, 5.0]
    assert sum(series.window("exchanges", 6 * 3600)) == 8.0


def test_a_counter_that_is_new_counts_from_nothing(clock, counters):
    series = series_of(clock, counters)
    counters.counts["refusals.token_expired"] = 2.0
    series.tick()

    assert series.recent("refusals.token_expired", 60) == [(START, 2.0)]


def test_latencies_are_quantiles_of_what_came_since(clock, counters):
    counters.exchange = [1000.0, 0.0, 0.0]
    series = series_of(clock, counters)
    counters.exchange = [1000.0, 10.0, 0.0]
    series.tick()

    assert series.recent("exchange.p50", 60) == [(START, pytest.approx(0.55))]
    assert series.recent("stream.p50", 60) == []


def test_levels_that_are_not_known_leave_a_gap(clock, counters):
    known = iter([0.5, None, 0.4])
    series = Series(clock, {"quota.lowest_ratio": lambda: next(known)}, source=counters)
    for _ in range(3):
        series.tick()
        clock.advance(10)

    assert series.recent("quota.lowest_ratio", 60) == [(START, 0.5), (START + 20, 0.4)]


def test_a_figure_that_cannot_be_sampled_does_not_blind_the_others(clock, counters):
    def broken():
        raise RuntimeError("no")

    series = series_of(clock, counters, **{"keys.stale": broken, "health.status": lambda: 1})
    with structlog.testing.capture_logs() as logs:
        series.tick()

    assert series.recent("health.status", 60) == [(START, 1.0)]
    assert "keys.stale" not in series.names()
    assert [line["figure"] for line in logs] == ["keys.stale"]


def test_figures_of_probes_come_and_go(clock, counters):
    states = {"probe.posture": 2.0}
    series = Series(clock, further=lambda: states, source=counters)
    series.tick()

    assert series.recent("probe.posture", 10) == [(START, 2.0)]
    assert series.last(int(START // 10) - 1)["probe.posture"] == 2.0


def test_a_day_is_kept_in_coarser_steps_and_nothing_beyond(clock, counters):
    series = series_of(clock, counters)
    for _ in range(26 * 3_600 // 10):
        counters.counts["answers"] += 1
        clock.advance(10)
        series.tick()

    hour, day = series.recent("answers", 3_600), series.recent("answers", 7 * 86_400)
    assert (len(hour), len(day)) == (360, 288)
    assert day[1][0] - day[0][0] == 300
    assert day[1][1] == 30.0
    assert day[-1][0] == hour[-1][0] == clock.now()


def test_whoever_wants_to_know_is_told_of_each_sample(clock, counters):
    told = []
    series = series_of(clock, counters)
    series.on_tick(told.append)
    series.tick()

    assert told == [int(START // 10) - 1]


def test_an_unknown_name_has_no_values(clock, counters):
    series = series_of(clock, counters)

    assert series.recent("no.such", 60) == []
    assert series.window("no.such", 60) == []


@pytest.mark.anyio
async def test_samples_are_taken_at_the_end_of_slots(counters, monkeypatch):
    clock = ManualClock(START + 3)
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        clock.advance(seconds)
        if len(waits) > 3:
            raise asyncio.CancelledError

    series = series_of(clock, counters)
    # In that module alone: the sandbox of other tests runs in a thread of this process, and sleeps too.
    monkeypatch.setattr("tidegate.watch.series.service.asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(asyncio.CancelledError):
        await series.run()

    assert waits == [pytest.approx(7.05), pytest.approx(10), pytest.approx(10), pytest.approx(10)]
    assert [end for end, _ in series.recent("exchanges", 3600)] == [START + 10, START + 20, START + 30]


def test_every_figure_says_what_it_is():
    for name, row in FIGURES.items():
        assert row.title, name
        assert row.promql, name
        assert "{window}" in row.promql or row.merge is not Merge.SUM or name.endswith(("connections", "users"))
    assert figure("refusals.token_expired").merge is Merge.SUM
    assert 'reason="token_expired"' in figure("refusals.token_expired").promql
    assert figure("probe.keys").merge is Merge.MAX
    with pytest.raises(KeyError):
        figure("something.else")
