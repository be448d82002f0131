"""Revocations and bans on the operators' wire."""

from typing import Literal

from pydantic import Field

from tidegate.clock import rfc3339
from tidegate.http.schema import Closed, Timestamp
from tidegate.tokens.standing.model import FOREVER, NEVER, NOTE_MOST, CutRecord, Entry, UserStanding

_USER = r"^[A-Za-z0-9@_-]{1,255}$"


class RevokeBody(Closed):
    """Question of ``POST /operator/v1/revocations``: exactly one of the three."""

    user: str | None = Field(default=None, pattern=_USER, description="One user's, by the id at Stream.")
    issued_between: tuple[Timestamp, Timestamp] | None = Field(
        default=None,
        description="The sessions issued in this span, ends included, and every token dated in it or before it.",
    )
    all: Literal[True] | None = Field(default=None, description="Everybody's.")


class BanBody(Closed):
    """Question of ``POST /operator/v1/bans``."""

    user: str = Field(pattern=_USER, description="The user's id at Stream.")
    until: Timestamp | None = Field(default=None, description="The end of the ban; null: it has none.")
    reason: str = Field(default="", max_length=NOTE_MOST, description="For operators and moderators; no user sees it.")


class StandingBody(Closed):
    """How one user stands."""

    user: str
    banned: bool
    banned_until: Timestamp | None = Field(description="The end of the ban; null: it has none, or there is no ban.")
    reason: str = Field(description="The operator's note beside the ban.")
    sessions_revoked_at: Timestamp | None = Field(description="Sessions issued at this moment or earlier are refused.")
    tokens_void_at: Timestamp | None = Field(description="Tokens dated at this moment or earlier are void.")
    deactivated: bool = Field(description="Whether the user is to be deactivated at Stream.")
    changed_by: str
    changed_at: Timestamp | None
    stream: Literal["told", "pending"] = Field(description="Whether Stream knows it.")
    stream_trouble: str = Field(description="Why telling Stream did not work the last time; empty: it did.")


class CutBody(Closed):
    """A revocation for everybody."""

    issued_from: Timestamp | None = Field(description="The earliest sessions that it ends; null: however old.")
    issued_to: Timestamp = Field(description="The latest; tokens dated at this moment or earlier are void.")
    changed_by: str
    changed_at: Timestamp


class RevocationsBody(Closed):
    """Answer of ``GET /operator/v1/revocations``: those for everybody."""

    revocations: list[CutBody]
    stream: Literal["told", "pending"]


class StandingsBody(Closed):
    """Answer of ``GET /operator/v1/standing``: users in the order of their ids."""

    users: list[StandingBody]
    next: str | None = Field(description="The value of `after` for those that follow; null: there are none.")


def standing_body(entry: Entry, now: float) -> StandingBody:
    """One user.

    Args:
        entry: as the store has it.
        now: seconds since the epoch.
    """
    one = entry.standing
    banned = one.banned_until > now
    return StandingBody(
        user=one.user_id,
        banned=banned,
        banned_until=rfc3339(one.banned_until) if banned and one.banned_until != FOREVER else None,
        reason=one.note,
        sessions_revoked_at=_stamp(one.sessions_before),
        tokens_void_at=_stamp(one.tokens_before),
        deactivated=one.deactivated,
        changed_by=one.changed_by,
        changed_at=_stamp(one.changed_at),
        stream="told" if entry.owed_since is None else "pending",
        stream_trouble=entry.trouble,
    )


def changed_body(standing: UserStanding, now: float) -> StandingBody:
    """A user who was changed just now, so that Stream does not know it yet.

    Args:
        standing: as it was written.
        now: seconds since the epoch.
    """
    return standing_body(Entry(standing, now), now)


def cut_body(record: CutRecord) -> CutBody:
    """One revocation for everybody."""
    return CutBody(
        issued_from=_stamp(record.cut.first),
        issued_to=rfc3339(record.cut.last),
        changed_by=record.changed_by,
        changed_at=rfc3339(record.changed_at),
    )


def _stamp(moment: int) -> str | None:
    return None if moment == NEVER else rfc3339(moment)
