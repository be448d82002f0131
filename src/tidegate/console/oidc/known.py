"""What the provider says of itself: asked for once at a time, and kept, an answer or the want of one.

Strangers can ask for the page that begins a sign-in as often as they like, so what it takes must not be fetched each
time, while the provider is down least of all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tidegate.clock import Clock
from tidegate.console.oidc.model import Metadata
from tidegate.identity.fetch import FetchError

METADATA_SECONDS: Final = 600.0
"""How long what the provider says of itself is believed."""

FAILURE_SECONDS: Final = 10.0
"""How long it is not asked again after it could not be."""


class Known:
    """Remembers the provider's metadata.

    Args:
        ask: the provider itself; raises `FetchError`.
        clock: for how long.
    """

    def __init__(self, ask: Callable[[], Awaitable[Metadata]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._found: Metadata | FetchError | None = None
        self._until = 0.0
        self._asking: asyncio.Task[Metadata | FetchError] | None = None

    async def metadata(self) -> Metadata:
        """What the provider says of itself.

        Raises:
            FetchError: it cannot be had, or could not a moment ago.
        """
        found = self._found
        if found is None or self._clock.monotonic() >= self._until:
            if self._asking is None:
                self._asking = asyncio.create_task(self._asked())
            found = await asyncio.shield(self._asking)  # whoever leaves does not end it for the others
        if isinstance(found, FetchError):
            raise FetchError(found.fault, str(found))
        return found

    async def _asked(self) -> Metadata | FetchError:
        try:
            try:
                found: Metadata | FetchError = await self._ask()
            except FetchError as error:
                found = error
            lasts = FAILURE_SECONDS if isinstance(found, FetchError) else METADATA_SECONDS
            self._found, self._until = found, self._clock.monotonic() + lasts
            return found
        finally:
            self._asking = None
