"""What Stream accepts of a user: ids, sizes, types, and fields that it alone sets."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from tidegate.sandbox.stream_errors import StreamFault, bad_input

USERS_PER_CALL: Final = 100
USER_ID_LENGTH: Final = 255
CUSTOM_OCTETS: Final = 5 * 1024
NESTING: Final = 10

_USER_ID: Final = re.compile(r"[@\w-]+", re.ASCII)

SERVER_SET: Final = frozenset(
    {"created_at", "updated_at", "deleted_at", "deactivated_at", "last_active", "online", "banned"}
)
"""Set by Stream alone. That a write which names one is refused is our reading, see the generated page."""

TYPED: Final = frozenset(
    {
        "id",
        "name",
        "image",
        "role",
        "teams",
        "teams_role",
        "language",
        "invisible",
        "privacy_settings",
        "revoke_tokens_issued_before",
        *SERVER_SET,
    }
)
"""Fields with a meaning at Stream; every other one is custom data, flattened beside them."""


def check_user_id(user_id: object) -> str:
    """A user id as Stream takes it.

    Raises:
        StreamFault: code 4.
    """
    if not isinstance(user_id, str) or not user_id:
        raise bad_input("user id is required", id="required")
    if len(user_id) > USER_ID_LENGTH:
        raise bad_input(f"user id is longer than {USER_ID_LENGTH} characters", id="too long")
    if _USER_ID.fullmatch(user_id) is None:
        raise bad_input("user id may contain only letters, digits, @, _ and -", id="invalid characters")
    return user_id


def check_fields(fields: Mapping[str, Any]) -> None:
    """The fields of one user, as they would be stored.

    Args:
        fields: without the ones that Stream sets.

    Raises:
        StreamFault: code 4.
    """
    for name in fields.keys() & SERVER_SET:
        raise bad_input(f"{name} is set by Stream alone", **{name: "reserved"})
    for name in ("name", "image", "language"):
        if not isinstance(fields.get(name), str | None):
            raise bad_input(f"{name} must be a string", **{name: "not a string"})
    role = fields.get("role", "user")
    if not isinstance(role, str) or not role:
        raise bad_input("role must be a non-empty string", role="not a role")
    teams = fields.get("teams", [])
    if not isinstance(teams, list) or not all(isinstance(team, str) for team in teams):
        raise bad_input("teams must be a list of strings", teams="not a list of strings")
    _check_revocation(fields.get("revoke_tokens_issued_before"))
    _check_size(fields)


def _check_revocation(value: object) -> None:
    if value is None:
        return
    try:
        seconds(value if isinstance(value, str) else "")
    except ValueError:
        raise bad_input("revoke_tokens_issued_before must be RFC 3339 or null", set="not a time") from None


def seconds(stamp: str) -> float:
    """A time stamp of RFC 3339 as seconds since the epoch.

    Raises:
        ValueError: it is none, or has no offset from UTC.
    """
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment.timestamp()


def _check_size(fields: Mapping[str, Any]) -> None:
    custom = {name: value for name, value in fields.items() if name not in TYPED}
    if len(orjson.dumps(custom)) > CUSTOM_OCTETS:
        raise bad_input("custom data of a user is limited to 5 KB", custom="too large")


def check_batch(count: int) -> None:
    """How many users one call may name.

    Raises:
        StreamFault: code 4.
    """
    if not 1 <= count <= USERS_PER_CALL:
        raise bad_input(f"between 1 and {USERS_PER_CALL} users per call, not {count}", users="count")


def set_path(fields: dict[str, Any], path: str, value: object) -> None:
    """Set ``a.b.c`` in nested objects, making those that are missing.

    Raises:
        StreamFault: code 4, when the path leads through something that is no object.
    """
    *parents, last = _steps(path)
    for step in parents:
        fields = fields.setdefault(step, {})
        if not isinstance(fields, dict):
            raise bad_input(f"{step!r} in a dotted path is not an object", set="path")
    fields[last] = value


def unset_path(fields: dict[str, Any], path: str) -> None:
    """Remove ``a.b.c`` from nested objects; a path that leads nowhere is no error."""
    *parents, last = _steps(path)
    for step in parents:
        below = fields.get(step)
        if not isinstance(below, dict):
            return
        fields = below
    fields.pop(last, None)


def _steps(path: str) -> list[str]:
    steps = path.split(".")
    if not all(steps) or len(steps) > NESTING or steps[0] == "id":
        raise _bad_path(path)
    return steps


def _bad_path(path: str) -> StreamFault:
    return bad_input(f"{path!r} cannot be set or unset", set="path")
