"""The command of alerts, against a running service."""

import json

import pytest

from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.notify.model import Cause, NotDelivered
from tidegate.watch.alerts.notify.service import Receiver
from tidegate.watch.alerts.record import Record

START = 1_700_000_000.0


def alert(name, phase):
    end = START + 90 if phase is Phase.RESOLVED else None
    return AlertState(
        name, Severity.PAGE, phase, START, START + 30, end, figures={"ledger.lag_seconds": 41.5}, text="It waits."
    )


@pytest.fixture
def alerts(service):
    return service.watching.alerts


def test_it_says_what_is_wrong_since_when_and_where_to_look(tidegate, alerts, monkeypatch):
    assert tidegate("alerts").out == "Nothing is wrong.\n"
    over = (alert("ClockOff", Phase.RESOLVED),)
    monkeypatch.setattr(
        alerts, "current", lambda: tuple(Record({"LedgerBehind": alert("LedgerBehind", Phase.FIRING)}).active.values())
    )
    monkeypatch.setattr(alerts, "history", lambda: over)

    first, second = tidegate("alerts").out.splitlines()
    assert first == "LedgerBehind  page, firing since 2023-11-14T22:13:50Z"
    assert second == "    It waits. (ledger.lag_seconds 41.5) docs/alerts.md#ledgerbehind"
    assert (
        "ClockOff  page, resolved 2023-11-14T22:13:50Z to 2023-11-14T22:14:50Z" in tidegate("alerts", "--history").out
    )
    assert [one["name"] for one in json.loads(tidegate("alerts", "--json").out)["history"]] == ["ClockOff"]


class Deaf:
    name = "deaf"

    async def send(self, notification):
        del notification
        raise NotDelivered(Cause.REFUSED, "it answered 410")

    async def aclose(self):
        """Nothing is open."""


def test_a_test_says_which_receiver_did_not_take_it(tidegate, alerts):
    assert tidegate("alerts", "--test").out.startswith("No receiver is configured")

    notifier = alerts.notifier
    notifier._receivers.append(Receiver(Deaf(), notifier.place, alerts._clock, lambda _: None))
    ended = tidegate("alerts", "--test")
    assert (ended.status, ended.out) == (1, "deaf  refused: it answered 410\n")
    assert "not delivered: deaf" in ended.err
