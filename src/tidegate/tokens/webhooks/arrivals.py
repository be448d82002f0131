"""Bodies of webhooks that are still arriving.

Whoever knows the form of the headers gets as far as having a body read, and nothing is known of a sender until it is
here. So a body has little time, and the room is never closed to the next one: the one that has been arriving longest
makes way, of the same address where that has its quarter. Who sends octet by octet is put out; a body that is sent at
once is here before its turn comes.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from tidegate import metrics
from tidegate.errors import Reason, Refusal
from tidegate.http.body import body_of

RETRY_SECONDS: Final = 5
SHARE: Final = 4
"""The part of the places that one address may have: one in so many."""


@dataclass(eq=False, slots=True)
class _Arrival:
    """One body that is awaited.

    Attributes:
        address: of its sender, as limits count it.
        limit: ends the wait.
        displaced: whether it made way for another one.
    """

    address: str
    limit: asyncio.Timeout
    displaced: bool = False


class Arrivals:
    """Reads bodies, so many at a time.

    Args:
        most: bodies at a time.
        octets: the most that one may have.
        seconds: from its headers to its last octet.
    """

    __slots__ = ("_arriving", "_most", "_octets", "_seconds", "_share")

    def __init__(self, most: int, octets: int, seconds: float) -> None:
        self._most = most
        self._share = max(1, most // SHARE)
        self._octets = octets
        self._seconds = seconds
        self._arriving: dict[_Arrival, None] = {}

    async def body(self, address: str, request: Request) -> bytes:
        """The body of a webhook.

        Args:
            address: of the client, as limits count it.
            request: whose body.

        Raises:
            Refusal: ``request_invalid``: it did not come in time, or its sender left; ``webhooks_busy``: it made way
                for a later one; ``body_too_large``.
        """
        self._make_way(address)
        return await self._read(_Arrival(address, asyncio.timeout(self._seconds)), body_of(request, self._octets))

    async def _read(self, arrival: _Arrival, reading: Awaitable[bytes]) -> bytes:
        self._arriving[arrival] = None
        metrics.WEBHOOKS_ARRIVING.inc()
        try:
            async with arrival.limit:
                return await reading
        except TimeoutError:
            raise self._unfinished(arrival) from None
        finally:
            metrics.WEBHOOKS_ARRIVING.dec()
            self._arriving.pop(arrival, None)

    def _make_way(self, address: str) -> None:
        own = [one for one in self._arriving if one.address == address]
        if len(own) >= self._share:
            self._displace(own[0])
        elif len(self._arriving) >= self._most:
            self._displace(next(iter(self._arriving)))

    def _displace(self, arrival: _Arrival) -> None:
        del self._arriving[arrival]
        if not arrival.limit.expired():
            arrival.displaced = True
            arrival.limit.reschedule(0)

    def _unfinished(self, arrival: _Arrival) -> Refusal:
        if arrival.displaced:
            metrics.WEBHOOKS_UNFINISHED.labels("displaced").inc()
            return Refusal(
                Reason.WEBHOOKS_BUSY, "Too many webhooks are arriving; send it again.", retry_after=RETRY_SECONDS
            )
        metrics.WEBHOOKS_UNFINISHED.labels("too_slow").inc()
        return Refusal(Reason.REQUEST_INVALID, f"The body did not come within {self._seconds:g} s.")
