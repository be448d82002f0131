"""Receivers that apprise knows: Slack, mail, PagerDuty, Teams and many more. Imported where one is configured."""

import asyncio
import logging
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyType

from tidegate.watch.alerts.model import Phase, Severity
from tidegate.watch.alerts.notify.model import TEST, Cause, NotDelivered, Notification

TIMEOUT_S: Final = 30.0
"""Mail servers are slow."""


class AppriseChannel:
    """One receiver by its URL, which holds its secrets: it is shown nowhere.

    Args:
        number: of the receiver among those configured, from 1; its name in logs and metrics.
        url: as apprise writes it.

    Raises:
        ValueError: it is none that apprise knows.
    """

    def __init__(self, number: int, url: str) -> None:
        # Its own log names addresses.
        logging.getLogger("apprise").disabled = True
        asset = AppriseAsset(app_id="Tidegate", app_desc="Tidegate", app_url="", async_mode=False)
        self._receiver = Apprise(asset=asset)
        if not self._receiver.add(url):
            raise ValueError(f"receiver {number} is none that apprise knows")
        self.name = f"apprise-{number}"

    async def send(self, notification: Notification) -> None:
        """Have apprise deliver it, in a thread: it waits for networks."""
        sending = asyncio.to_thread(
            self._receiver.notify,
            body=notification.text(),
            title=notification.title(),
            notify_type=_kind(notification),
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                taken = await sending
        except TimeoutError:
            raise NotDelivered(Cause.TIMEOUT, f"not delivered within {TIMEOUT_S:g} s") from None
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own
            raise NotDelivered(Cause.FAILED, f"it failed ({type(error).__name__})") from None
        if not taken:
            raise NotDelivered(Cause.FAILED, "apprise could not deliver it")

    async def aclose(self) -> None:
        """Nothing stays open."""


def _kind(notification: Notification) -> NotifyType:
    firing = [one for one in notification.alerts if one.phase is Phase.FIRING]
    if notification.kind == TEST:
        return NotifyType.INFO
    if not firing:
        return NotifyType.SUCCESS
    return NotifyType.FAILURE if any(one.severity is Severity.PAGE for one in firing) else NotifyType.WARNING
