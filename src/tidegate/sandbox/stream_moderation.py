"""Stream's calls by which a user, or everybody's tokens, lose their rights."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tidegate.sandbox.stream_errors import Code, StreamFault, bad_input
from tidegate.sandbox.stream_model import Users
from tidegate.sandbox.stream_rules import check_user_id, seconds

_USER_PATH: Final = re.compile(r"/users/([^/]+)/(deactivate|reactivate)")
_CHANNEL_PATH: Final = re.compile(r"/channels/[^/]+/[^/]+/(query|message|truncate)")


def template(path: str) -> str:
    """The path as the table of calls has it: with ``{id}`` in place of a user's id, ``{type}`` of a channel's type."""
    if found := _CHANNEL_PATH.fullmatch(path):
        return f"/channels/{{type}}/{{id}}/{found[1]}"
    found = _USER_PATH.fullmatch(path)
    return f"/users/{{id}}/{found[2]}" if found else path


def user_of(path: str) -> str:
    """The user that a path names.

    Raises:
        StreamFault: code 4.
    """
    found = _USER_PATH.fullmatch(path)
    return check_user_id(found[1] if found else None)


def ban(users: Users, body: dict[str, Any]) -> dict[str, Any]:
    """``POST /moderation/ban`` for the whole app."""
    _existing(users, body.get("user_id"), "user_id")
    minutes = body.get("timeout")
    if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes <= 0):
        raise bad_input("timeout must be a number of minutes", timeout="not a number of minutes")
    if not isinstance(body.get("reason", ""), str):
        raise bad_input("reason must be a string", reason="not a string")
    for name in body.keys() & {"type", "id", "shadow"}:
        raise bad_input(f"the sandbox models bans from the whole app only, without {name}", **{name: "not modelled"})
    users.ban(check_user_id(body.get("target_user_id")), minutes)
    return {}


def unban(users: Users, query: Mapping[str, str]) -> dict[str, Any]:
    """``DELETE /moderation/ban`` for the whole app."""
    users.unban(check_user_id(query.get("target_user_id")))
    return {}


def change_app(settings: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """``PATCH /app``, of which the time before which tokens are refused is modelled."""
    for name in body.keys() - {"revoke_tokens_issued_before"}:
        raise bad_input(f"the sandbox does not model changing {name}", **{name: "not modelled"})
    stamp = body.get("revoke_tokens_issued_before")
    try:
        if stamp is not None:
            seconds(stamp if isinstance(stamp, str) else "")
    except ValueError:
        raise bad_input("revoke_tokens_issued_before must be RFC 3339 or null", revoke="not a time") from None
    settings.update(body)
    return {}


def check_active(users: Users, user_id: str) -> None:
    """A deactivated user's token opens nothing.

    Raises:
        StreamFault: code 5.
    """
    if not users.active(user_id):
        raise StreamFault(Code.AUTH_FAILED, "the user is deactivated")


def _existing(users: Users, user_id: object, name: str) -> None:
    if check_user_id(user_id) not in users:
        raise StreamFault(Code.DOES_NOT_EXIST, f"the user named by {name} does not exist")
