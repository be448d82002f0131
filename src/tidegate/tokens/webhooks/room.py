"""How many webhooks are acted upon at a time.

Nobody has a place whose signature was not found good: a stranger cannot keep the provider out. No address has more
than a quarter of the places, so that of two providers one does not keep the other one out either.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tidegate import metrics
from tidegate.errors import Reason, Refusal
from tidegate.tokens.webhooks.arrivals import RETRY_SECONDS, SHARE


class Room:
    """Counts webhooks from the moment their signature is found good until they are answered.

    Args:
        most: under way at a time.
    """

    __slots__ = ("_by_address", "_most", "_share", "_taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = max(1, most // SHARE)
        self._taken = 0
        self._by_address: dict[str, int] = {}

    @contextmanager
    def taken(self, address: str) -> Iterator[None]:
        """Take a place until the block ends.

        Args:
            address: of the client, as limits count it.

        Raises:
            Refusal: ``webhooks_busy``: there is none.
        """
        held = self._by_address.get(address, 0)
        if self._taken >= self._most or held >= self._share:
            metrics.WEBHOOKS_TURNED_AWAY.inc()
            raise Refusal(
                Reason.WEBHOOKS_BUSY, "Too many webhooks are under way; send it again.", retry_after=RETRY_SECONDS
            )
        self._taken += 1
        self._by_address[address] = held + 1
        metrics.WEBHOOKS_UNDER_WAY.inc()
        try:
            yield
        finally:
            metrics.WEBHOOKS_UNDER_WAY.dec()
            self._taken -= 1
            self._release(address)

    def _release(self, address: str) -> None:
        left = self._by_address.pop(address) - 1
        if left:
            self._by_address[address] = left
