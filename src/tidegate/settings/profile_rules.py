"""The rules by which verified claims become a person's profile at Stream, as they are declared."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tidegate.settings.claimpaths import is_controlled

ROLE: Final = "role"
TEAMS: Final = "teams"
NAME: Final = "name"
IMAGE: Final = "image"
POWERS: Final = frozenset({ROLE, TEAMS})
"""Fields that decide what a person may do; they are taken from claims that the issuer controls, and from no others."""

DEFAULT_ROLE: Final = "user"
"""The role that Stream gives to whoever has no other."""

STREAMS_OWN: Final = frozenset(
    {
        "id", "role", "teams", "name", "image", "teams_role", "language", "online", "invisible", "banned",
        "shadow_banned", "ban_expires", "privacy_settings", "created_at", "updated_at", "deleted_at", "deactivated_at",
        "last_active", "mutes", "blocked_user_ids", "channel_mutes", "revoke_tokens_issued_before", "avg_response_time",
        "extra_data", "devices", "push_notifications", "total_unread_count", "unread_channels", "unread_count",
        "unread_threads",
    }
)  # fmt: skip
"""Fields with a meaning at Stream: of these, rules may give name, image, role and teams."""

PLACEHOLDER_NAME: Final = "Anonymous User"
"""What the web face calls a person without a name."""

_TEXT_MAX: Final = 255
_IMAGE_MAX: Final = 2048
_TEAM_OCTETS: Final = 100  # Stream's own, like the next one
_TEAMS_MAX: Final = 250
_INTEGER_MAX: Final = 2**53  # beyond it JavaScript, which most chat clients are written in, rounds
_UNCLEAN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_ADDRESS: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]").search

# What Stream allows in the name of a custom role is not documented; these are what its own roles are made of.
_ROLE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch

Value = str | bool | int | tuple[str, ...]
"""What a field can be: text, yes or no, a whole number, or teams."""


class Absent(StrEnum):
    """What becomes of a field where no claim gives it a value."""

    KEEP = "keep"
    REMOVE = "remove"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """How one field of the profile comes about.

    Attributes:
        field: of Stream's user.
        claims: paths; the first that gives a value counts. None of them: a constant, or a field that is never sent.
        table: claimed value to the field's, in the order in which a list of claimed values is searched.
        lower: whether the claimed value is put into lower case first.
        absent: what becomes of the field where no claim gives a value.
        value: the constant, or the value in that case.
    """

    field: str
    claims: tuple[str, ...] = ()
    table: tuple[tuple[str, Value], ...] = ()
    lower: bool = False
    absent: Absent = Absent.KEEP
    value: Value | None = None

    def sources(self, controlled: tuple[str, ...]) -> tuple[str, ...]:
        """The claims that count for one issuer: for role and teams those alone that it controls.

        Args:
            controlled: paths of the issuer's policy.
        """
        if self.field not in POWERS:
            return self.claims
        return tuple(claim for claim in self.claims if is_controlled(claim, controlled))

    def outputs(self) -> tuple[Value, ...]:
        """The values that the declaration itself names."""
        return (*(value for _, value in self.table), *(() if self.value is None else (self.value,)))


def carried_claims(rules: tuple[ProfileRule, ...], controlled: tuple[str, ...]) -> tuple[str, ...]:
    """The claims of one issuer's sessions that the rules need, each once.

    Args:
        rules: all of them.
        controlled: paths of the issuer's policy.
    """
    return tuple(dict.fromkeys(claim for rule in rules for claim in rule.sources(controlled)))


def is_admin(role: str) -> bool:
    """Whether a role is, by its name, one that may do everything.

    Args:
        role: at Stream.
    """
    return "admin" in role.lower()


def fit(field: str, value: object) -> Value | None:
    """A value in the form in which a field may be sent, or None for one that may not.

    Args:
        field: of Stream's user.
        value: from a claim or a declaration.
    """
    return _FITS.get(field, _custom)(value)


def _role(value: object) -> str | None:
    return value if isinstance(value, str) and _ROLE(value) else None


def _name(value: object) -> str | None:
    name = _text(value, _TEXT_MAX)
    return None if name == PLACEHOLDER_NAME else name


def _image(value: object) -> str | None:
    url = _text(value, _IMAGE_MAX)
    return url if url is not None and url.startswith(("https://", "http://")) else None


def _custom(value: object) -> Value | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _INTEGER_MAX else None
    return _text(value, _TEXT_MAX)


def _teams(value: object) -> tuple[str, ...] | None:
    """Sorted, each once. One that cannot be a team spoils all: half a list of teams is a wrong one."""
    if not isinstance(value, tuple | list):
        return None
    teams = {team for team in (_text(one, _TEAM_OCTETS) for one in value) if team is not None}
    sound = len(teams) == len(set(map(str, value))) and all(len(team.encode()) <= _TEAM_OCTETS for team in teams)
    return tuple(sorted(teams)) if sound and len(teams) <= _TEAMS_MAX else None


def _text(value: object, length: int) -> str | None:
    """Text with something to see in it and no e-mail address: Stream shows users to other users."""
    if not isinstance(value, str) or not 0 < len(value) <= length or value.isspace():
        return None
    return None if _UNCLEAN(value) or _ADDRESS(value) else value


_FITS: Final[Mapping[str, Callable[[object], Value | None]]] = MappingProxyType(
    {TEAMS: _teams, ROLE: _role, IMAGE: _image, NAME: _name}
)
