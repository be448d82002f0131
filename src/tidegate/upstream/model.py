"""What Stream's answers mean here: its app, its users, its limits. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import orjson

MAX_USERS_PER_CALL: Final = 100
"""Stream refuses more users than this in one call."""

MAX_QUERY_BYTES: Final = 6144
"""The longest URL-encoded ``payload`` sent: a request line beyond 8 KiB is refused on many ways to Stream."""


class Operation(Enum):
    """The calls made to Stream: name (a metric label and a log field), method, path."""

    GET_APP = ("get_app", "GET", "/app")
    GET_RATE_LIMITS = ("get_rate_limits", "GET", "/rate_limits")
    QUERY_USERS = ("query_users", "GET", "/users")
    UPSERT_USERS = ("upsert_users", "POST", "/users")
    UPDATE_USERS = ("update_users", "PATCH", "/users")
    UPDATE_APP = ("update_app", "PATCH", "/app")
    BAN_USER = ("ban_user", "POST", "/moderation/ban")
    UNBAN_USER = ("unban_user", "DELETE", "/moderation/ban")
    DEACTIVATE_USER = ("deactivate_user", "POST", "/users/{id}/deactivate")
    REACTIVATE_USER = ("reactivate_user", "POST", "/users/{id}/reactivate")
    QUERY_CHANNEL = ("query_channel", "POST", "/channels/{type}/{id}/query")
    SEND_MESSAGE = ("send_message", "POST", "/channels/{type}/{id}/message")
    TRUNCATE_CHANNEL = ("truncate_channel", "POST", "/channels/{type}/{id}/truncate")

    def __init__(self, label: str, method: str, path: str) -> None:
        self.label = label
        self.method = method
        self.path = path


@dataclass(frozen=True, slots=True)
class StreamApp:
    """The app's own settings, as far as they decide whether a token means anything.

    Attributes:
        name: as shown in Stream's dashboard.
        organization: that the app belongs to.
        suspended: whether Stream has suspended the app.
        disable_auth_checks: True: Stream does not verify the signature of user tokens.
        disable_permissions_checks: True: every user may do everything.
        multi_tenant_enabled: whether teams separate users.
        revoked_before: Stream's RFC 3339 time before which all tokens are refused.
        server_time: Stream's clock at the answer (``Date``), seconds since the epoch.
    """

    name: str | None = None
    organization: str | None = None
    suspended: bool = False
    disable_auth_checks: bool = False
    disable_permissions_checks: bool = False
    multi_tenant_enabled: bool = False
    revoked_before: str | None = None
    server_time: float | None = None

    @classmethod
    def from_answer(cls, answer: Mapping[str, object], server_time: float | None) -> "StreamApp":
        """Read ``{"app": {…}}``; unknown members are ignored, wrong types count as absent."""
        app = answer.get("app")
        fields: Mapping[str, object] = app if isinstance(app, dict) else {}
        return cls(
            name=_text(fields.get("name")),
            organization=_text(fields.get("organization")),
            suspended=fields.get("suspended") is True,
            disable_auth_checks=fields.get("disable_auth_checks") is True,
            disable_permissions_checks=fields.get("disable_permissions_checks") is True,
            multi_tenant_enabled=fields.get("multi_tenant_enabled") is True,
            revoked_before=_text(fields.get("revoke_tokens_issued_before")),
            server_time=server_time,
        )


_USER_FIELDS: Final = frozenset(
    {
        "id", "name", "image", "role", "teams", "teams_role", "language", "online", "invisible", "banned",
        "privacy_settings", "created_at", "updated_at", "deleted_at", "deactivated_at", "last_active", "mutes",
        "blocked_user_ids", "channel_mutes", "revoke_tokens_issued_before", "avg_response_time", "extra_data",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamUser:
    """A user as Stream knows it.

    Attributes:
        id: the Stream user id.
        name: display name.
        image: URL of the picture.
        role: what the user may do, as Stream calls it.
        teams: those the user is in.
        online: whether connected now.
        last_active: Stream's RFC 3339 time.
        banned: whether banned in the whole app.
        deactivated: whether deactivated: such a user cannot connect.
        revoked_before: Stream's RFC 3339 time before which the user's tokens are refused.
        custom: every field that is not Stream's own; custom data is flattened on the wire.
    """

    id: str
    name: str | None = None
    image: str | None = None
    role: str | None = None
    teams: tuple[str, ...] = ()
    online: bool = False
    last_active: str | None = None
    banned: bool = False
    deactivated: bool = False
    revoked_before: str | None = None
    custom: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_answer(cls, fields: Mapping[str, object]) -> "StreamUser | None":
        """Read one user object; None where it has no id."""
        user_id = _text(fields.get("id"))
        if not user_id:
            return None
        custom = {key: value for key, value in fields.items() if key not in _USER_FIELDS}
        nested = fields.get("extra_data")
        if isinstance(nested, dict):
            custom = {**nested, **custom}
        return cls(
            id=user_id,
            name=_text(fields.get("name")),
            image=_text(fields.get("image")),
            role=_text(fields.get("role")),
            teams=_texts(fields.get("teams")),
            online=fields.get("online") is True,
            last_active=_text(fields.get("last_active")),
            banned=fields.get("banned") is True,
            deactivated=bool(_text(fields.get("deactivated_at"))),
            revoked_before=_text(fields.get("revoke_tokens_issued_before")),
            custom=MappingProxyType(custom),
        )


@dataclass(frozen=True, slots=True)
class StreamChannel:
    """A channel as Stream knows it, as far as it matters here.

    Attributes:
        created_at: Stream's RFC 3339 time.
        truncated_at: Stream's RFC 3339 time at which its messages were last removed.
    """

    created_at: str | None = None
    truncated_at: str | None = None

    @classmethod
    def from_answer(cls, answer: Mapping[str, object]) -> "StreamChannel":
        """Read ``{"channel": {…}}``; unknown members are ignored, wrong types count as absent."""
        channel = answer.get("channel")
        fields: Mapping[str, object] = channel if isinstance(channel, dict) else {}
        return cls(_text(fields.get("created_at")), _text(fields.get("truncated_at")))


@dataclass(frozen=True, slots=True)
class PartialUpdate:
    """Fields of one user to set; everything not named stays as it is.

    Attributes:
        id: the Stream user id.
        set: field to value.
        unset: fields to remove.
    """

    id: str
    set: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    unset: tuple[str, ...] = ()

    def wire(self) -> dict[str, object]:
        """As Stream reads it; members with nothing to say are left out."""
        entry: dict[str, object] = {"id": self.id}
        if self.set:
            entry["set"] = dict(self.set)
        if self.unset:
            entry["unset"] = list(self.unset)
        return entry


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit of Stream's.

    Attributes:
        limit: calls in its window of a minute.
        remaining: of these, left.
        reset: when the window ends, seconds since the epoch.
    """

    limit: int
    remaining: int
    reset: float

    @property
    def ratio(self) -> float:
        """The part that is left, from 0 to 1."""
        return min(1.0, max(0.0, self.remaining / self.limit))


def rate_limits(answer: Mapping[str, object]) -> dict[str, RateLimit]:
    """Read the server side's limits from an answer of ``GET /rate_limits``, by Stream's endpoint names."""
    found: dict[str, RateLimit] = {}
    listed = answer.get("server_side")
    for name, entry in listed.items() if isinstance(listed, dict) else ():
        if isinstance(entry, dict):
            limit = rate_limit(entry.get("limit"), entry.get("remaining"), entry.get("reset"))
            if limit is not None:
                found[name] = limit
    return found


def rate_limit(limit: object, remaining: object, reset: object) -> RateLimit | None:
    """A limit from three numbers, or None where any of them cannot be one."""
    numbers = (limit, remaining, reset)
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        return None
    values = [float(number) for number in numbers if isinstance(number, int | float)]
    if not all(math.isfinite(value) for value in values) or values[0] < 1 or values[1] < 0 or values[2] < 0:
        return None
    return RateLimit(int(values[0]), int(values[1]), values[2])


def users_query(ids: Sequence[str]) -> dict[str, object]:
    """The query for users by id.

    Deactivated users are asked for too: one that is not found would be created,
    and creating over a deactivated user would wipe it.
    """
    return {
        "filter_conditions": {"id": {"$in": list(ids)}},
        "limit": len(ids),
        "include_deactivated_users": True,
    }


def encoded_payload(query: Mapping[str, object]) -> str:
    """Compact JSON, URL-encoded, for the ``payload`` of a query-style GET."""
    return quote(orjson.dumps(query), safe="")


def query_pages(ids: Sequence[str]) -> Iterator[list[str]]:
    """Cut ids into queries that Stream and the way to it accept.

    Args:
        ids: Stream user ids, in any number.

    Yields:
        lists of at most 100 ids whose encoded query stays within 6 KiB (or one id alone).
    """
    page: list[str] = []
    room = budget = MAX_QUERY_BYTES - len(encoded_payload({**users_query([]), "limit": MAX_USERS_PER_CALL}))
    for user_id in ids:
        size = len(quote(orjson.dumps(user_id) + b",", safe=""))
        if page and (len(page) == MAX_USERS_PER_CALL or size > room):
            yield page
            page, room = [], budget
        page.append(user_id)
        room -= size
    if page:
        yield page


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
