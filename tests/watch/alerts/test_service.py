"""Alerts judged over time: who is told, how often, and after a restart."""

from collections import deque

import pytest
import structlog

from tidegate import metrics
from tidegate.clock import ManualClock
from tidegate.watch.alerts.kept import FileKeeper
from tidegate.watch.alerts.model import Phase
from tidegate.watch.alerts.notify.model import Place
from tidegate.watch.alerts.notify.service import Notifier
from tidegate.watch.alerts.service import Alerts
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.service import OneProcess
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Buckets, Reading

pytestmark = pytest.mark.anyio

START = 1_700_000_000.0
PLACE = Place("production", "here", "https://docs.example/alerts/")


class Told:
    """A receiver that takes everything."""

    name = "told"

    def __init__(self):
        self.messages = []

    async def send(self, notification):
        self.messages.append([(one.name, one.phase.value) for one in notification.alerts])

    async def aclose(self):
        self.messages.append("closed")


class Service:
    """One process: its counters are set by hand, and time passes when told."""

    def __init__(self, directory, clock=None, repeat_s=0.0):
        self.clock = clock or ManualClock(START)
        self.status, self.counts = 0.0, {"answers": 0.0, "answers.failed": 0.0}
        self.told = Told()
        empty = Buckets((1.0,), [0.0, 0.0])
        levels = {"health.status": lambda: self.status}
        self.series = Series(self.clock, levels, source=lambda: Reading(dict(self.counts), empty, empty))
        self.alerts = Alerts(
            series=self.series,
            board=Board(),
            turn=OneProcess(),
            keeper=FileKeeper(directory),
            notifier=Notifier([self.told], PLACE, self.clock, group_s=0),
            clock=self.clock,
            repeat_s=repeat_s,
        )

    async def passing(self, seconds):
        for _ in range(int(seconds // 10)):
            self.clock.advance(10)
            self.series.tick()
            await self.alerts.look()
            await self.alerts.notifier._receivers[0].turn()

    def phases(self):
        return {one.name: one.phase for one in self.alerts.current()}


def active(name):
    return metrics.ALERT_ACTIVE.labels(name)._value.get()


async def test_people_are_told_once_that_it_fires_and_once_that_it_is_over(tmp_path):
    service = Service(tmp_path)
    service.status = 1.0
    await service.passing(60)
    assert service.phases() == {"ChatHealthNotHealthy": Phase.PENDING}
    assert service.told.messages == []
    assert active("ChatHealthNotHealthy") == 0

    await service.passing(300)
    assert service.phases() == {"ChatHealthNotHealthy": Phase.FIRING}
    assert service.told.messages == [[("ChatHealthNotHealthy", "firing")]]
    assert active("ChatHealthNotHealthy") == 1

    service.status = 0.0
    await service.passing(300)
    assert service.phases() == {}
    assert service.told.messages == [[("ChatHealthNotHealthy", "firing")], [("ChatHealthNotHealthy", "resolved")]]
    assert active("ChatHealthNotHealthy") == 0
    (over,) = service.alerts.history()
    assert over.fired_at < over.resolved_at < service.clock.now()
    assert over.told_end


async def test_what_goes_on_is_told_again(tmp_path):
    service = Service(tmp_path, repeat_s=3_600.0)
    service.status = 2.0
    await service.passing(3 * 3_600 + 300)

    assert service.told.messages == [[("ChatHealthNotHealthy", "firing")]] * 4


async def test_a_restart_neither_forgets_an_alert_nor_tells_of_it_twice(tmp_path):
    before = Service(tmp_path)
    before.status = 1.0
    await before.passing(40)
    after = Service(tmp_path, before.clock)
    after.status = 1.0
    await after.passing(60)
    assert after.phases() == {"ChatHealthNotHealthy": Phase.FIRING}
    assert after.alerts.current()[0].pending_at == START + 10

    third = Service(tmp_path, before.clock)
    third.status = 1.0
    await third.passing(60)
    assert (before.told.messages, len(after.told.messages), third.told.messages) == ([], 1, [])


async def test_what_nobody_heard_before_the_end_is_told_after_it(tmp_path):
    before = Service(tmp_path)
    before.status = 1.0
    for _ in range(8):
        before.clock.advance(10)
        before.series.tick()
        await before.alerts.look()
    after = Service(tmp_path, before.clock)
    after.status = 1.0
    await after.passing(20)

    assert before.told.messages == []
    assert after.told.messages == [[("ChatHealthNotHealthy", "firing")]]


async def test_errors_of_five_minutes_raise_an_alert_in_time(tmp_path):
    service = Service(tmp_path)
    for share, expected in ((0.049, {}), (0.051, {"ChatErrorRateHigh": Phase.FIRING})):
        for _ in range(40):
            service.counts["answers"] += 1_000
            service.counts["answers.failed"] += 1_000 * share
            await service.passing(10)
        found = {name: phase for name, phase in service.phases().items() if not name.startswith("ErrorBudget")}
        assert found == expected


async def test_a_quiet_day_raises_nothing(tmp_path):
    service = Service(tmp_path)
    traffic = deque([3, 50, 2_000, 0])
    for _ in range(360):
        traffic.rotate(1)
        service.counts["answers"] += traffic[0]
        await service.passing(10)

    assert (service.alerts.current(), service.alerts.history(), service.told.messages) == ((), (), [])


async def test_the_log_needs_no_receiver(tmp_path):
    service = Service(tmp_path)
    service.status = 1.0
    with structlog.testing.capture_logs() as logs:
        await service.passing(120)

    (line,) = [one for one in logs if one["event"] == "alert_firing"]
    assert (line["alert"], line["log_level"], line["figures"]) == (
        "ChatHealthNotHealthy",
        "warning",
        {"health.status": 1.0},
    )
