"""The arithmetic of revocations and bans. Pure: the clock is passed in, nothing is remembered.

All moments are whole seconds since the epoch, since Stream's own
``revoke_tokens_issued_before`` and the claims of a token have no finer grain.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

from tidegate.errors import Reason, Refusal
from tidegate.tokens.mint import BACKDATE

NEVER: Final = 0
"""The moment of what has not happened, and the end of a ban that there is not."""

FOREVER: Final = 253_402_300_799
"""The end of a ban that has none: the last second that RFC 3339 can write."""

NOTE_MOST: Final = 200
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
        tokens_before: tokens dated at this moment or earlier are void, by a revocation, a ban, or by what
            Stream itself was told by others.
        sessions_before: sessions issued at this moment or earlier are refused, by a revocation.
        banned_until: the end of the ban, ``FOREVER`` or ``NEVER``.
        note: the operator's, beside the ban; no user sees it.
        deactivated: whether the user is to be deactivated at Stream.
        banned_there: whether a ban of ours may be at Stream; others' bans there are not ours to lift.
        deactivated_there: the same of a deactivation.
        absent_ok: whether it is enough that Stream does not know the user.
        changed_by: an operator's name, or ``webhook:`` and the issuer's.
        changed_at: when, seconds since the epoch.
        version: counts the changes, from 1; 0: nothing is known of the user.
    """

    user_id: str
    tokens_before: int = NEVER
    sessions_before: int = NEVER
    banned_until: int = NEVER
    note: str = ""
    deactivated: bool = False
    banned_there: bool = False
    deactivated_there: bool = False
    absent_ok: bool = False
    changed_by: str = ""
    changed_at: int = NEVER
    version: int = 0

    @property
    def mark(self) -> Mark:
        """What a replica remembers of it."""
        return Mark(self.tokens_before, self.sessions_before, self.banned_until, self.version)

    def revoked(self, moment: int) -> Self:
        """With the tokens and the sessions of before a moment ended."""
        return replace(
            self,
            tokens_before=max(self.tokens_before, moment),
            sessions_before=max(self.sessions_before, moment),
        )

    def banned(self, moment: int, until: int, note: str, *, deactivate: bool) -> Self:
        """With a ban from a moment on; it takes the place of one that is there.

        The tokens that are out are void, the sessions are not: they are good again when the ban ends.

        Args:
            moment: from `moment_of`.
            until: the ban's end, or ``FOREVER``.
            note: the operator's.
            deactivate: also deactivate the user at Stream.
        """
        return replace(
            self,
            tokens_before=max(self.tokens_before, moment),
            banned_until=until,
            note=note,
            deactivated=deactivate,
            banned_there=True,
            deactivated_there=self.deactivated_there or deactivate,
        )

    def banned_on(self, moment: int, until: int, *, deactivate: bool) -> Self:
        """With a ban that adds to one that is there: nothing of that one ends sooner for it.

        Args:
            moment: from `moment_of`.
            until: the ban's end, or ``FOREVER``.
            deactivate: also deactivate the user at Stream.
        """
        note = self.note if self.banned_until > moment else ""
        longer = max(until, self.banned_until)
        return self.banned(moment, longer, note, deactivate=deactivate or self.deactivated)

    def unbanned(self) -> Self:
        """Without a ban and a deactivation."""
        return replace(self, banned_until=NEVER, note="", deactivated=False)


class Entry(NamedTuple):
    """A user's standing, and whether Stream knows it.

    Attributes:
        standing: as it is now.
        owed_since: since when Stream is to be told, seconds since the epoch; None: it was told.
        trouble: why telling did not work the last time, a label of the metric ``code``; empty: it was not tried yet.
    """

    standing: UserStanding
    owed_since: float | None = None
    trouble: str = ""


class CutRecord(NamedTuple):
    """A revocation for everybody, as the store keeps it.

    Attributes:
        id: its number.
        cut: what it says.
        changed_by: an operator's name.
        changed_at: when, seconds since the epoch.
    """

    id: int
    cut: Cut
    changed_by: str
    changed_at: int


def still_matters(mark: Mark, now: float, keep_s: float) -> bool:
    """Whether a mark can still refuse anything.

    Args:
        mark: of a user.
        now: seconds since the epoch.
        keep_s: seconds for which a revocation is remembered: longer than any session lives.
    """
    return mark.banned_until > now or max(mark.dated_before, mark.sessions_before) + keep_s > now


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
