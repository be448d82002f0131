import pytest
import structlog

from tidegate.clock import ManualClock
from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.notify.model import Cause, NotDelivered, Notification, Place, gravest_first
from tidegate.watch.alerts.notify.service import Notifier, Receiver

pytestmark = pytest.mark.anyio

START = 1_700_000_000.0
PLACE = Place("production", "here", "https://docs.example/alerts/")


def alert(name, phase=Phase.FIRING, severity=Severity.PAGE):
    end = START + 60 if phase is Phase.RESOLVED else None
    return AlertState(name, severity, phase, START, START, end, figures={"share_5m": 0.06}, text="It is wrong.")


class Channel:
    """Fails as often as it is told to."""

    name = "scripted"

    def __init__(self, *causes):
        self.causes, self.sent = list(causes), []

    async def send(self, notification):
        if self.causes:
            raise NotDelivered(self.causes.pop(0), "no")
        self.sent.append(notification)

    async def aclose(self):
        self.sent.append(None)


@pytest.fixture
def clock():
    return ManualClock(START)


def receiver_of(channel, clock, told=None, **options):
    heard = {} if told is None else told
    return Receiver(channel, PLACE, clock, heard.update, jitter=lambda: 1.0, **options)


async def test_what_changes_together_is_told_together_the_gravest_first(clock):
    channel, told = Channel(), {}
    receiver = receiver_of(channel, clock, told)
    receiver.offer(
        [alert("ClockOff", severity=Severity.TICKET), alert("LedgerBehind"), alert("KeySetStale", Phase.RESOLVED)]
    )
    assert await receiver.turn() is None

    (message,) = channel.sent
    assert [one.name for one in message.alerts] == ["LedgerBehind", "ClockOff", "KeySetStale"]
    assert told == {one.id: one.phase for one in message.alerts}


async def test_what_changes_soon_afterwards_waits_for_the_next_message(clock):
    channel = Channel()
    receiver = receiver_of(channel, clock, group_s=30)
    receiver.offer([alert("LedgerBehind")])
    await receiver.turn()
    clock.advance(10)
    receiver.offer([alert("ClockOff")])
    receiver.offer([alert("LedgerBehind", Phase.RESOLVED)])

    assert await receiver.turn() == pytest.approx(20)
    clock.advance(20)
    await receiver.turn()
    assert [[(one.name, one.phase) for one in message.alerts] for message in channel.sent[1:]] == [
        [("ClockOff", Phase.FIRING), ("LedgerBehind", Phase.RESOLVED)]
    ]


async def test_it_is_tried_again_under_the_same_id_and_each_pause_is_longer(clock):
    channel = Channel(Cause.TIMEOUT, Cause.REFUSED, Cause.UNREACHABLE)
    receiver = receiver_of(channel, clock)
    receiver.offer([alert("LedgerBehind")])
    pauses = []
    with structlog.testing.capture_logs() as logs:
        while not channel.sent:
            pauses.append(await receiver.turn())
            clock.advance(pauses[-1] or 0)

    assert pauses == [1.0, 2.0, 4.0, None]
    assert [line["cause"] for line in logs] == ["timeout", "refused", "unreachable"]
    assert receiver.failing_seconds() == 0


async def test_a_receiver_that_stays_away_costs_no_room_and_hears_the_last_word(clock):
    channel = Channel(*[Cause.UNREACHABLE] * 40)
    receiver = receiver_of(channel, clock)
    for number in range(40):
        receiver.offer([alert("LedgerBehind", Phase.FIRING if number % 2 else Phase.RESOLVED)])
        clock.advance(await receiver.turn() or 0)
    assert receiver.waiting == 1
    assert receiver.failing_seconds() > 300
    clock.advance(400)
    await receiver.turn()

    assert [one.phase for one in channel.sent[0].alerts] == [Phase.FIRING]


async def test_every_receiver_is_tried_and_one_that_fails_does_not_hide_the_others(clock):
    good, bad = Channel(), Channel(Cause.REFUSED)
    bad.name = "other"
    notifier = Notifier([good, bad], PLACE, clock)

    assert await notifier.test() == {"scripted": "delivered", "other": "refused: no"}
    assert good.sent[0].members() == {
        "type": "alerts.test",
        "timestamp": "2023-11-14T22:13:20Z",
        "data": {"environment": "production", "source": "here", "alerts": []},
    }


def test_people_read_names_figures_and_where_to_look():
    alerts = gravest_first([alert("LedgerBehind"), alert("ClockOff", Phase.RESOLVED)])
    message = Notification("msg_1", START, "alerts.changed", alerts, PLACE)

    assert message.title() == "PAGE: LedgerBehind firing (Tidegate, production)"
    text = message.text()
    assert "LedgerBehind (page) is firing, since 2023-11-14T22:13:20Z." in text
    assert "Figures: share_5m 0.06." in text
    assert "Runbook: https://docs.example/alerts/#ledgerbehind" in text
    assert "ClockOff (page) is resolved, 2023-11-14T22:13:20Z to 2023-11-14T22:14:20Z." in text
