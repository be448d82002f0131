"""Whether a user is in the chat system yet, from Stream's own answer."""

import math
from collections.abc import Sequence
from typing import Final, Protocol

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.upstream.errors import CallRefused, UpstreamError
from tidegate.upstream.model import StreamUser

FRESH_SECONDS: Final = 5.0
"""How long an answer of Stream is shown again, so that a polling page costs Stream little."""

REMEMBERED: Final = 10_000
"""For how many users."""


class UserQuery(Protocol):
    """Somebody who can ask Stream for users."""

    async def query_users(self, ids: Sequence[str]) -> dict[str, StreamUser]:
        """The users of these ids that exist."""
        ...


class ChatStatus:
    """Looks users up at Stream, each at most once in a few seconds.

    Args:
        client: asks Stream.
        clock: counts the seconds.
        remembered: for how many users an answer is kept.
        fresh_seconds: how long an answer is shown again.
    """

    __slots__ = ("_client", "_clock", "_fresh", "_known")

    def __init__(
        self, client: UserQuery, clock: Clock, *, remembered: int = REMEMBERED, fresh_seconds: float = FRESH_SECONDS
    ) -> None:
        self._client = client
        self._clock = clock
        self._fresh = fresh_seconds
        self._known: BoundedTable[str, tuple[float, StreamUser | None]] = BoundedTable(
            remembered, idle_seconds=fresh_seconds, on_evict=metrics.STATUS_CACHE_EVICTED.inc
        )
        metrics.STATUS_CACHE_ENTRIES.set_function(self._known.__len__)

    async def user(self, user_id: str) -> StreamUser:
        """The user as Stream knows it, at most a few seconds ago.

        Args:
            user_id: at Stream.

        Raises:
            Refusal: ``user_not_in_chat``, ``upstream_unavailable`` or ``upstream_refused``.
        """
        now = self._clock.monotonic()
        known = self._known.get(user_id)
        if known is None or now - known[0] >= self._fresh:
            known = (now, await self._ask(user_id))
            self._known.put(user_id, known, now)
        if known[1] is None:
            raise Refusal(
                Reason.USER_NOT_IN_CHAT, "Stream does not know this user yet; ask for a token and connect first."
            )
        return known[1]

    async def _ask(self, user_id: str) -> StreamUser | None:
        try:
            return (await self._client.query_users([user_id])).get(user_id)
        except CallRefused as error:
            raise Refusal(
                Reason.UPSTREAM_REFUSED, f"Stream refused the look-up (status {error.status}, code {error.code})."
            ) from error
        except UpstreamError as error:
            raise Refusal(
                Reason.UPSTREAM_UNAVAILABLE,
                "Stream cannot be asked at this moment.",
                retry_after=max(1, math.ceil(error.retry_after or self._fresh)),
            ) from error
