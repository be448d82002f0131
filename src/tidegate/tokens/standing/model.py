"""The arithmetic of revocations and bans. Pure: the clock is passed in, nothing is remembered.

All moments are whole seconds since the epoch, since Stream's own
``revoke_tokens_issued_before`` and the claims of a token have no finer grain.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from tidegate.errors import Reason, Refusal
from tidegate.tokens.mint import BACKDATE

NEVER: Final = 0
"""The moment of what has not happened, and the end of a ban that there is not."""

FOREVER: Final = 253_402_300_799
"""The end of a ban that has none: the last second that RFC 3339 can write."""

REASON_MOST: Final = 200
"""Characters of the operator's note beside a ban."""


class Mark(NamedTuple):
    """What a replica remembers of one user; most users have none.

    Attributes:
        dated_before: tokens dated at this moment or earlier are void; ``NEVER``: none are.
        sessions_before: sessions issued at this moment or earlier are refused; ``NEVER``: none are.
        banned_until: the end of the ban, ``FOREVER`` for one without, ``NEVER`` for none.
        version: counts the changes.
    """

    dated_before: int
    sessions_before: int
    banned_until: int
    version: int


class Cut(NamedTuple):
    """A revocation for everybody.

    Attributes:
        first: the earliest ``iat`` of a session that is refused; ``NEVER``: however old.
        last: the latest one. Tokens dated at this moment or earlier are void, however old: Stream knows no
            other order than "issued before".
    """

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class UserStanding:
    """All that is known of one user's standing, as the store keeps it.

    Attributes:
        user_id: at Stream.
        revoked_at: when the tokens were last revoked here; ``NEVER``: they were not.
        stream_revoked_at: the value that Stream itself had for the user, if it was set by others.
        banned_until: the end of the ban, ``FOREVER`` or ``NEVER``.
        reason: the operator's note beside the ban; no user sees it.
        deactivated: whether the user is to be deactivated at Stream.
        absent_ok: whether it is enough if Stream does not know the user.
        by: who changed it last: an operator's name, or ``webhook:`` and the issuer's.
        changed_at: when.
        version: counts the changes, from 1.
        pushed: the version that Stream was told last.
        trouble: why telling Stream did not work the last time, as a label of the metric ``code``; empty: it did.
    """

    user_id: str
    revoked_at: int = NEVER
    stream_revoked_at: int = NEVER
    banned_until: int = NEVER
    reason: str = ""
    deactivated: bool = False
    absent_ok: bool = False
    by: str = ""
    changed_at: int = NEVER
    version: int = 0
    pushed: int = 0
    trouble: str = ""

    @property
    def mark(self) -> Mark:
        """What a replica remembers of it."""
        before = max(self.revoked_at, self.stream_revoked_at)
        return Mark(before, self.revoked_at, self.banned_until, self.version)

    @property
    def pending(self) -> bool:
        """Whether Stream is still to be told."""
        return self.version > self.pushed

    def matters(self, now: float, keep_s: float) -> bool:
        """Whether it can still refuse anything, or Stream is still to be told.

        Args:
            now: seconds since the epoch.
            keep_s: seconds for which a revocation is remembered: longer than any session lives.
        """
        latest = max(self.revoked_at, self.stream_revoked_at)
        return self.pending or self.banned_until > now or latest + keep_s > now


def moment_of(now: float) -> int:
    """The moment of a revocation that happens now: the second that has begun counts as gone."""
    return math.ceil(now)


def refuse_banned(banned_until: int, now: float) -> None:
    """Judge a ban.

    Raises:
        Refusal: ``subject_banned``, with the time that is left where it is known.
    """
    if banned_until > now:
        left = None if banned_until == FOREVER else math.ceil(banned_until - now)
        raise Refusal(
            Reason.SUBJECT_BANNED,
            "This user is banned" + ("." if left is None else f" for {left} seconds more."),
            retry_after=left,
        )


def revoked(issued_at: int | None, first: int, last: int) -> bool:
    """Whether a session falls under a revocation.

    Args:
        issued_at: the session's own ``iat``; None where it has none, and then it cannot be shown to be newer.
        first: the earliest moment that is revoked.
        last: the latest one.
    """
    return last > NEVER and (issued_at is None or first <= issued_at <= last)


def refuse_revoked() -> Refusal:
    """The refusal of a session that falls under a revocation."""
    return Refusal(
        Reason.SESSION_REVOKED,
        "This session was issued before its user's tokens were revoked; sign in again, or have the session renewed.",
    )


def least_issued_at(dated_before: int, now: float) -> int:
    """The least ``iat`` that a token may have after a revocation: ``r + 1``.

    Args:
        dated_before: r, the latest moment that is void.
        now: seconds since the epoch.

    Raises:
        Refusal: ``recently_revoked``: a token dated so would lie ahead of Stream's clock.
    """
    least = dated_before + 1
    wait = least - (now - BACKDATE)
    if wait > 0:
        raise Refusal(
            Reason.RECENTLY_REVOKED,
            "The tokens were revoked a moment ago, and Stream refuses a new one until its date has passed.",
            retry_after=math.ceil(wait),
        )
    return least
