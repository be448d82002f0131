"""What a provider's event means here. Pure; nothing but what is named below is read of it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tidegate.clock import seconds_of

_SUBJECT_MOST: Final = 255


class Act(StrEnum):
    """What is done on an event."""

    REVOKE = "revoke"
    BAN = "ban"
    SYNC = "sync"


class Event(NamedTuple):
    """An event that concerns us.

    Attributes:
        act: what is done.
        subject: whose, as the issuer writes it.
        until: the end of a ban, seconds since the epoch; None: there is none.
    """

    act: Act
    subject: str
    until: float | None = None


def clerk(body: Mapping[str, Any]) -> Event | None:
    """Clerk's events: ``{"type", "data"}``.

    Args:
        body: of the webhook.

    Returns:
        None for one that does not concern us.
    """
    data = _object(body.get("data"))
    match body.get("type"):
        case "session.ended" | "session.removed" | "session.revoked":
            return _event(Act.REVOKE, data.get("user_id"))
        case "user.deleted":
            return _event(Act.BAN, data.get("id"))
        case "user.updated":
            return _event(Act.BAN if data.get("banned") is True else Act.SYNC, data.get("id"))
    return None


def supabase(body: Mapping[str, Any]) -> Event | None:
    """Supabase's database webhooks of the schema ``auth``: ``{"type", "table", "schema", "record", "old_record"}``.

    Args:
        body: of the webhook.

    Returns:
        None for one that does not concern us.
    """
    if body.get("schema") != "auth":
        return None
    record, old = _object(body.get("record")), _object(body.get("old_record"))
    match body.get("table"), body.get("type"):
        case "sessions", "DELETE":
            return _event(Act.REVOKE, old.get("user_id"))
        case "users", "DELETE":
            return _event(Act.BAN, old.get("id"))
        case "users", "UPDATE":
            deleted, until = bool(record.get("deleted_at")), record.get("banned_until") or None
            act = Act.BAN if deleted or until else Act.SYNC
            return _event(act, record.get("id"), None if deleted else until)
    return None


def generic(body: Mapping[str, Any]) -> Event | None:
    """The form for every other issuer: ``{"type", "subject"}``, a ban with an optional ``until``.

    Args:
        body: of the webhook.

    Returns:
        None for one that does not concern us.
    """
    subject = body.get("subject")
    match body.get("type"):
        case "session.ended":
            return _event(Act.REVOKE, subject)
        case "user.banned":
            return _event(Act.BAN, subject, body.get("until"))
        case "user.deleted":
            return _event(Act.BAN, subject)
        case "user.updated":
            return _event(Act.SYNC, subject)
    return None


READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Event | None]]] = MappingProxyType(
    {"clerk": clerk, "supabase": supabase}
)
"""By the issuer's preset; `generic` for every other one."""


class EventUnreadable(Exception):
    """The event concerns us, and does not say whom, or until when."""


def _event(act: Act, subject: object, until: object = None) -> Event:
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MOST:
        raise EventUnreadable("it names no user")
    if until is None:
        return Event(act, subject)
    try:
        return Event(act, subject, seconds_of(until if isinstance(until, str) else ""))
    except ValueError:
        raise EventUnreadable("the end of its ban is no time of RFC 3339") from None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
