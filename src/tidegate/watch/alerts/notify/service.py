"""Handing notifications to receivers: grouped, again where that failed, and in a bounded room.

Each receiver has at most one entry for each rule, the last word on it: so nothing grows however long one is away, and
no alert is lost for it.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.pauses import doubled, woken
from tidegate.watch.alerts.model import AlertState, Phase
from tidegate.watch.alerts.notify.model import CHANGED, TEST, Channel, NotDelivered, Notification, Place, gravest_first

GROUP_S: Final = 30.0
"""Seconds from one message to the next to one receiver; what changes meanwhile goes into the next. The first one does
not wait."""

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0

Told = Callable[[Mapping[str, Phase]], None]


class Receiver:
    """One channel and what it is still to be told.

    Args:
        channel: that delivers.
        place: where the alerts come from.
        clock: for pauses.
        told: called with what was delivered.
        group_s: seconds between two messages.
        jitter: a number from 0 to 1.
    """

    def __init__(
        self,
        channel: Channel,
        place: Place,
        clock: Clock,
        told: Told,
        *,
        group_s: float = GROUP_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.channel = channel
        self._place = place
        self._clock = clock
        self._told = told
        self._group_s = group_s
        self._jitter = jitter
        self._waiting: dict[str, AlertState] = {}
        self._not_before = float("-inf")
        self._failing_since: float | None = None
        self._failures = 0
        self._id = ""
        self._woken = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many alerts it is still to be told of."""
        return len(self._waiting)

    def failing_seconds(self) -> float:
        """For how long it could not be reached; 0 while it can."""
        return 0.0 if self._failing_since is None else max(0.0, self._clock.monotonic() - self._failing_since)

    def offer(self, alerts: Iterable[AlertState]) -> None:
        """Have it told of alerts; a later word on the same rule takes the place of an earlier one."""
        for alert in alerts:
            self._waiting[alert.name] = alert
            self._id = ""
        self._woken.set()

    async def run(self) -> None:
        """Deliver what there is, until cancelled."""
        while True:
            self._woken.clear()
            wait = await self.turn()
            await woken(self._woken, wait)

    async def turn(self) -> float | None:
        """Deliver what is due.

        Returns:
            seconds after which to look again; None: when something is offered.
        """
        now = self._clock.monotonic()
        if not self._waiting:
            return None
        if now < self._not_before:
            return self._not_before - now
        sent = dict(self._waiting)
        self._id = self._id or new_id()
        try:
            await self._send(
                Notification(self._id, self._clock.now(), CHANGED, gravest_first(sent.values()), self._place)
            )
        except NotDelivered as error:
            return self._failed(error)
        self._waiting = {name: one for name, one in self._waiting.items() if sent.get(name) is not one}
        self._failing_since, self._failures, self._id = None, 0, ""
        self._not_before = self._clock.monotonic() + self._group_s
        self._told({one.id: one.phase for one in sent.values()})
        return self._group_s if self._waiting else None

    async def test(self) -> str:
        """Try it now.

        Returns:
            ``delivered``, or why not.
        """
        try:
            await self._send(Notification(new_id(), self._clock.now(), TEST, (), self._place))
        except NotDelivered as error:
            return f"{error.cause}: {error}"
        return "delivered"

    async def _send(self, notification: Notification) -> None:
        try:
            await self.channel.send(notification)
        except NotDelivered as error:
            metrics.NOTIFICATIONS.labels(self.channel.name, error.cause.value).inc()
            raise
        metrics.NOTIFICATIONS.labels(self.channel.name, "delivered").inc()

    def _failed(self, error: NotDelivered) -> float:
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        longest = min(_LONGEST_PAUSE_S, doubled(_FIRST_PAUSE_S, self._failures))
        pause = longest * (0.5 + 0.5 * self._jitter())
        self._failures += 1
        self._not_before = now + pause
        structlog.get_logger("tidegate.alerts").error(
            "notification_not_delivered",
            receiver=self.channel.name,
            cause=error.cause.value,
            error=str(error),
            attempt=self._failures,
            again_in_s=round(pause, 1),
        )
        return pause


class Notifier:
    """All receivers; without one there is the log alone.

    Args:
        channels: that deliver.
        place: where the alerts come from.
        clock: for pauses.
        group_s: seconds between two messages to one receiver.
    """

    def __init__(self, channels: Iterable[Channel], place: Place, clock: Clock, *, group_s: float = GROUP_S) -> None:
        self.place = place
        self.on_told: Told = lambda _: None
        self._receivers = [Receiver(one, place, clock, self._heard, group_s=group_s) for one in channels]
        metrics.NOTIFY_FAILING.set_function(self.failing_seconds)
        metrics.NOTIFY_WAITING.set_function(lambda: float(sum(one.waiting for one in self._receivers)))

    def __len__(self) -> int:
        return len(self._receivers)

    def failing_seconds(self) -> float:
        """For how long a receiver could not be reached; of several the longest."""
        return max((one.failing_seconds() for one in self._receivers), default=0.0)

    def offer(self, alerts: Iterable[AlertState]) -> None:
        """Have every receiver told, and write it to the log."""
        known = tuple(alerts)
        for alert in known:
            _log(alert)
        for receiver in self._receivers:
            receiver.offer(known)

    async def test(self) -> dict[str, str]:
        """Try every receiver now, all at once.

        Returns:
            what came of it, by receiver.
        """
        results = await asyncio.gather(*(one.test() for one in self._receivers))
        return {one.channel.name: result for one, result in zip(self._receivers, results, strict=True)}

    async def run(self) -> None:
        """Deliver, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for receiver in self._receivers:
                tasks.create_task(receiver.run())

    async def aclose(self) -> None:
        """Close what is open."""
        for receiver in self._receivers:
            await receiver.channel.aclose()

    def _heard(self, told: Mapping[str, Phase]) -> None:
        self.on_told(told)


def new_id() -> str:
    """The id of a message, as Standard Webhooks writes it."""
    return f"msg_{secrets.token_hex(16)}"


def _log(alert: AlertState) -> None:
    log = structlog.get_logger("tidegate.alerts")
    write = log.info if alert.phase is Phase.RESOLVED else log.warning
    write(
        f"alert_{alert.phase}",
        alert=alert.name,
        severity=alert.severity.value,
        blame=alert.blame.value,
        sure=round(alert.sure, 2),
        text=alert.text,
        figures=dict(alert.figures),
        alone=alert.alone,
    )
