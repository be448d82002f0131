"""Whether the app's session route answers, found out by questions of our own.

What a person's question came to proves little: a stranger could send a token at which the app stumbles, and whoever
looks at health would be told of an outage. So a question that failed only gives rise to one of ours, for a session
that is none; while ours fail they are repeated, and nobody else's are needed to notice that the app is back.
"""

import asyncio
import secrets
from typing import Final, Protocol

from tidegate.identity.authjs.route import Person
from tidegate.identity.fetch import Fault, FetchError
from tidegate.metrics import SESSION_ROUTE_UP

GAP_SECONDS: Final = 5.0
"""Between two questions of ours that others' failures give rise to."""


class Asked(Protocol):
    """Who knows the sessions: the app's route."""

    async def ask(self, token: bytes) -> Person | None:
        """Whose session it is; raises `FetchError` where that could not be found out."""
        ...

    async def aclose(self) -> None:
        """Let go of whatever is held."""
        ...


class Vigil:
    """Looks at the session route of one app.

    Args:
        name: the configured name of the issuer.
        route: of the app.
        period_s: seconds between questions while it fails.
        gap_s: seconds between two that others' failures give rise to.

    Attributes:
        fault: why our last question had no answer; None where it had one, or none was needed.
    """

    def __init__(self, name: str, route: Asked, period_s: float, gap_s: float = GAP_SECONDS) -> None:
        self.fault: Fault | None = None
        self._route = route
        self._period_s = period_s
        self._gap_s = gap_s
        self._doubted = asyncio.Event()
        self._up = SESSION_ROUTE_UP.labels(name)
        self._up.set(1)

    def doubt(self) -> None:
        """Somebody's question had no answer: ask one of ours soon."""
        self._doubted.set()

    def answered(self) -> None:
        """Somebody's question had an answer."""
        if self.fault is not None:
            self._found(None)

    async def run(self) -> None:
        """Ask when there is cause to, until cancelled."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            self._found(await self._ask())
            while self.fault is not None:
                await asyncio.sleep(self._period_s)
                self._found(await self._ask())
            await asyncio.sleep(self._gap_s)

    def _found(self, fault: Fault | None) -> None:
        self.fault = fault
        self._up.set(fault is None)

    async def _ask(self) -> Fault | None:
        try:
            await self._route.ask(b"tidegate-asks-" + secrets.token_hex(16).encode("ascii"))
        except FetchError as error:
            return error.fault
        return None
