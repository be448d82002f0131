"""Two replicas on one database: one judges what both counted, and the other takes over."""

import pytest

from tidegate.clock import ManualClock
from tidegate.store import Database, Store
from tidegate.watch.alerts.conditions import counted
from tidegate.watch.alerts.model import Phase
from tidegate.watch.alerts.notify.model import Place
from tidegate.watch.alerts.notify.service import Notifier
from tidegate.watch.alerts.rules import BY_NAME, FIGURES_JUDGED
from tidegate.watch.alerts.service import Alerts
from tidegate.watch.alerts.shared import SharedWindows, StoreKeeper
from tidegate.watch.probes.board import Board
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Buckets, Reading

pytestmark = pytest.mark.anyio

PLACE = Place("production", "here", "https://docs.example/alerts/")


class Turn:
    """Whose it is, as a test says."""

    mine, alone = False, False


class Told:
    name = "told"

    def __init__(self):
        self.messages = []

    async def send(self, notification):
        self.messages.append([(one.name, one.phase.value, one.alone) for one in notification.alerts])

    async def aclose(self):
        self.messages.append("closed")


class Replica:
    def __init__(self, url, clock):
        self.clock, self.turn, self.told = clock, Turn(), Told()
        self.counts, empty = {"answers": 0.0, "answers.failed": 0.0}, Buckets((1.0,), [0.0, 0.0])
        self.series = Series(clock, source=lambda: Reading(dict(self.counts), empty, empty))
        self.database = Database.open(url)
        store = Store(self.database, clock, keep_s=60)
        self.alerts = Alerts(
            series=self.series,
            board=Board(),
            turn=self.turn,
            keeper=StoreKeeper(store, clock),
            notifier=Notifier([self.told], PLACE, clock, group_s=0),
            clock=clock,
            rules=(BY_NAME["ChatErrorRateHigh"],),
            together=SharedWindows(store, clock, counted(FIGURES_JUDGED)),
        )

    async def tick(self, answers, failed):
        self.counts["answers"] += answers
        self.counts["answers.failed"] += failed
        self.series.tick()
        await self.alerts.look()
        await self.alerts.notifier._receivers[0].turn()

    def firing(self):
        return [one.name for one in self.alerts.current() if one.phase is Phase.FIRING]


@pytest.fixture
async def replicas(tmp_path):
    clock, url = ManualClock(), f"sqlite:///{tmp_path / 'shared.db'}"
    two = [Replica(url, clock), Replica(url, clock)]
    await two[0].database.migrate()
    yield clock, *two
    for one in two:
        await one.database.aclose()


async def passing(clock, replicas, times, failed):
    for _ in range(times):
        clock.advance(10)
        for one, bad in zip(replicas, failed, strict=True):
            await one.tick(30, bad)


async def test_one_judges_what_both_counted_and_the_other_takes_over(replicas):
    clock, first, second = replicas
    first.turn.mine = True
    await passing(clock, (second, first), 3, (12, 0))  # the one that judges has no failures of its own
    assert first.firing() == ["ChatErrorRateHigh"]
    await passing(clock, (second, first), 1, (12, 0))
    assert second.firing() == ["ChatErrorRateHigh"]
    assert (len(first.told.messages), second.told.messages) == (1, [])

    first.turn.mine, second.turn.mine = False, True
    await passing(clock, (first, second), 3, (0, 12))
    assert second.firing() == first.firing() == ["ChatErrorRateHigh"]
    assert second.told.messages == []

    await passing(clock, (first, second), 40, (0, 0))
    assert second.told.messages == [[("ChatErrorRateHigh", "resolved", False)]]
    assert first.alerts.history() == second.alerts.history()


async def test_without_the_database_each_judges_alone_and_says_so(replicas):
    clock, first, _ = replicas
    first.turn.mine = True
    await passing(clock, (first,), 1, (0,))
    await first.database.aclose()
    first.turn.alone = True
    await passing(clock, (first,), 4, (12,))

    assert first.firing() == ["ChatErrorRateHigh"]
    assert first.told.messages == [[("ChatErrorRateHigh", "firing", True)]]
