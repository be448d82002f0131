"""How many webhooks are under way at a time.

Whoever knows the form of the headers gets as far as having a body read. So there is room for so many, and no address
has more than a quarter of it: a stranger with one address cannot keep the provider out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tidegate import metrics
from tidegate.errors import Reason, Refusal

RETRY_SECONDS: Final = 5
_SHARE: Final = 4


class Room:
    """Counts webhooks from the moment their headers are found in form until they are answered.

    Args:
        most: under way at a time.
    """

    __slots__ = ("_by_address", "_most", "_share", "_taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = max(1, most // _SHARE)
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
