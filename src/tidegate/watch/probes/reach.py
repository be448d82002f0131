"""Whether anything else on the network can be reached, asked only when Stream cannot."""

import asyncio
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

OTHERS_MOST: Final = 4
"""Other servers that are tried."""

_CONNECT_SECONDS: Final = 2.0
_HTTPS: Final = 443
_HTTP: Final = 80

Place = tuple[str, int]


def place_of(url: str) -> Place | None:
    """Host and port of a URL; None where it has no host."""
    parts = urlsplit(url)
    if not parts.hostname:
        return None
    return parts.hostname, parts.port or (_HTTP if parts.scheme == "http" else _HTTPS)


class Others:
    """Servers that have nothing to do with Stream: those of the identity providers.

    Args:
        urls: of theirs.
        timeout_s: seconds for one connection.
    """

    def __init__(self, urls: Iterable[str], timeout_s: float = _CONNECT_SECONDS) -> None:
        found = (place_of(url) for url in urls)
        self._places = tuple(dict.fromkeys(place for place in found if place is not None))[:OTHERS_MOST]
        self._timeout_s = timeout_s

    async def reached(self) -> bool | None:
        """Whether one of them accepts a connection; nothing is sent.

        Returns:
            None where there is none to try.
        """
        if not self._places:
            return None
        return any(await asyncio.gather(*(self._connects(place) for place in self._places)))

    async def _connects(self, place: Place) -> bool:
        try:
            async with asyncio.timeout(self._timeout_s):
                _, writer = await asyncio.open_connection(*place)
        except OSError:  # a time-out is one too
            return False
        writer.close()
        return True
