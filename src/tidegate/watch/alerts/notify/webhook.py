"""A signed webhook, in the form of Standard Webhooks."""

import asyncio
import base64
import hmac
from typing import Final

import httpx2
import orjson

from tidegate import __version__
from tidegate.clock import Clock
from tidegate.http.outgoing import read_body
from tidegate.settings import urls
from tidegate.settings.problems import Unfit
from tidegate.watch.alerts.notify.model import Cause, NotDelivered, Notification

TIMEOUT_S: Final = 10.0
"""From the first attempt to connect to the end of the answer."""

_ANSWER_OCTETS: Final = 65_536
_TAKEN: Final = range(200, 300)


class WebhookChannel:
    """Posts to one address, over https; it follows no redirect and reads nothing of an answer but its status.

    Args:
        client: from `tidegate.identity.fetch.new_client`: no proxy, no cookies, no redirects.
        url: of the receiver.
        key: signs; the receiver has it too.
        clock: dates each attempt.
        development: whether plain http to this machine is allowed.

    Raises:
        ValueError: the URL is one to which nothing may be sent.
    """

    name: Final = "webhook"

    def __init__(self, client: httpx2.AsyncClient, url: str, key: bytes, clock: Clock, *, development: bool) -> None:
        try:
            urls.demand_encrypted(url, development=development)
        except Unfit as unfit:
            raise ValueError(f"the address of the webhook {unfit.wrong}") from None
        self._client = client
        self._url = url
        self._key = key
        self._clock = clock

    async def send(self, notification: Notification) -> None:
        """Post it; only a 2xx counts."""
        body = orjson.dumps(notification.members())
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"tidegate/{__version__}",
            **signed(self._key, notification.id, int(self._clock.now()), body),
        }
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status = await self._post(body, headers)
        except (TimeoutError, httpx2.TimeoutException):
            raise NotDelivered(Cause.TIMEOUT, f"no answer within {TIMEOUT_S:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise NotDelivered(Cause.UNREACHABLE, f"it cannot be reached ({type(error).__name__})") from None
        if status not in _TAKEN:
            raise NotDelivered(Cause.REFUSED, f"it answered {status}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        async with self._client.stream(
            "POST", self._url, content=body, headers=headers, follow_redirects=False, timeout=TIMEOUT_S
        ) as response:
            await read_body(response, _ANSWER_OCTETS)
            return response.status_code


def signed(key: bytes, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers (Standard Webhooks, "Signature scheme").

    Args:
        key: that the receiver has too.
        message_id: the same each time that it is tried again.
        at: when it is sent, seconds since the epoch.
        body: as it is sent.
    """
    content = f"{message_id}.{at}.".encode("ascii") + body
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode("ascii")
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}
