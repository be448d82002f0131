"""Bringing how users stand to Stream: ask first, then say no more than is missing."""

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from tidegate.clock import Clock, rfc3339, seconds_of
from tidegate.errors import TidegateError
from tidegate.tokens.standing.model import FOREVER, NEVER, UserStanding
from tidegate.tokens.standing.service import OPERATOR_AT_STREAM
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import AccessKeyError, AppSuspended, AuthFailed, CallRefused
from tidegate.upstream.model import PartialUpdate, StreamUser

_OURS: Final = (AccessKeyError, AuthFailed, AppSuspended)
"""Refusals that concern every call, not the user that this one was about."""


class NoLongerOurs(TidegateError):
    """Another replica may be telling Stream by now, perhaps of something newer."""


class Outcome(NamedTuple):
    """What became of telling Stream of some users.

    Attributes:
        refused: with whom it did not work, and why.
        absent: whom Stream does not know, and need not be told of unless they come.
    """

    refused: dict[str, CallRefused]
    absent: frozenset[str]


class Teller:
    """Tells Stream; asks it first how things are there, so that a call whose answer was lost is repeated without harm.

    Args:
        client: to Stream.
        clock: for what is left of a ban.
    """

    def __init__(self, client: StreamClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._introduced = False
        self._still: Callable[[], Awaitable[None]] = _nobody_asks

    def before_each(self, still: Callable[[], Awaitable[None]]) -> None:
        """Have something asked before each call that changes anything at Stream.

        Args:
            still: raises `NoLongerOurs` where the call must not be made any more.
        """
        self._still = still

    async def app(self, before: int) -> None:
        """Have Stream refuse everybody's tokens of before a moment; a later moment that it knows stays.

        Raises:
            UpstreamError: any of its kinds.
            NoLongerOurs: see `before_each`.
        """
        if moment_at_stream((await self._client.app()).revoked_before) < before:
            await self._still()
            await self._client.moderation.revoke_app(before)

    async def users(self, standings: Sequence[UserStanding]) -> Outcome:
        """Bring users to how they stand.

        Args:
            standings: at most 100.

        Returns:
            with whom it did not work, and of whom there was nothing to tell.

        Raises:
            UpstreamError: it works with nobody at this moment.
            NoLongerOurs: see `before_each`.
        """
        there = await self._client.query_users([one.user_id for one in standings])
        refused: dict[str, CallRefused] = {}
        told = [one for one in standings if one.user_id in there or not one.absent_ok]
        await self._create([one.user_id for one in told if one.user_id not in there], refused)
        older = {one.user_id: one.tokens_before for one in told if _knows_less(there.get(one.user_id), one)}
        await self._revoke(older, refused)
        for one in told:
            if one.user_id not in refused:
                await self._noted([one.user_id], refused, partial(self._ban, one, there.get(one.user_id)))
        return Outcome(refused, frozenset(one.user_id for one in standings if one not in told))

    def holds(self, standing: UserStanding) -> tuple[bool, bool]:
        """Whether a ban and a deactivation of ours are at Stream, once it was told."""
        return standing.banned_until > self._clock.now(), standing.deactivated

    async def _create(self, missing: Sequence[str], refused: dict[str, CallRefused]) -> None:
        """A token may be out for a user who never connected: only a user who is there can have it revoked."""

        async def create(part: Sequence[str]) -> None:
            await self._client.upsert_users([{"id": user_id} for user_id in part])

        await self._noted(missing, refused, create)

    async def _revoke(self, before: dict[str, int], refused: dict[str, CallRefused]) -> None:
        async def revoke(part: Sequence[str]) -> None:
            stamps = [(user_id, rfc3339(before[user_id])) for user_id in part]
            updates = [PartialUpdate(user_id, {"revoke_tokens_issued_before": stamp}) for user_id, stamp in stamps]
            await self._client.update_users_partial(updates)

        await self._noted([user_id for user_id in before if user_id not in refused], refused, revoke)

    async def _ban(self, one: UserStanding, there: StreamUser | None, _: Sequence[str]) -> None:
        now = self._clock.now()
        if one.banned_until > now:
            await self._introduce()
            await self._still()
            minutes = None if one.banned_until == FOREVER else math.ceil((one.banned_until - now) / 60)
            await self._client.moderation.ban(one.user_id, by=OPERATOR_AT_STREAM, reason=one.note, minutes=minutes)
        elif one.banned_there and there is not None and there.banned:
            await self._client.moderation.unban(one.user_id, by=OPERATOR_AT_STREAM)
        deactivated = there is not None and there.deactivated
        await self._still()
        if one.deactivated and not deactivated:
            await self._client.moderation.deactivate(one.user_id)
        elif deactivated and one.deactivated_there and not one.deactivated:
            await self._client.moderation.reactivate(one.user_id)

    async def _introduce(self) -> None:
        """Stream wants to know who bans, and the user must exist; it is ours alone, so replacing it loses nothing."""
        if not self._introduced:
            await self._client.upsert_users([{"id": OPERATOR_AT_STREAM, "name": "Tidegate"}])
            self._introduced = True

    async def _noted(
        self,
        users: Sequence[str],
        refused: dict[str, CallRefused],
        call: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        """Call for all at once; where that is refused, for one after another, and note who is refused."""
        if not users:
            return
        await self._still()
        try:
            await call(users)
        except _OURS:
            raise
        except CallRefused as error:
            if len(users) == 1:
                refused[users[0]] = error
                return
            for user_id in users:
                await self._noted([user_id], refused, call)


async def _nobody_asks() -> None:
    """Whoever is alone tells whenever there is something to tell."""


def _knows_less(there: StreamUser | None, one: UserStanding) -> bool:
    return one.tokens_before > (NEVER if there is None else moment_at_stream(there.revoked_before))


def moment_at_stream(stamp: str | None) -> int:
    """A time of Stream's in whole seconds.

    Args:
        stamp: RFC 3339, as Stream writes it.

    Returns:
        the first whole second that is not before it; ``NEVER`` for none, or one that cannot be read.
    """
    try:
        return math.ceil(seconds_of(stamp)) if stamp else NEVER
    except ValueError:
        return NEVER
