"""Operators as a setting names them: who, how far they may go, and the hash of their key."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tidegate.settings.kinds import Words
from tidegate.settings.problems import Unfit

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
"""What an operator can be called: it stands in logs as it is."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_FORM: Final = "name:role:sha256, as tidegate operator add prints it"


class Role(StrEnum):
    """How far an operator may go, the least first."""

    VIEWER = "viewer"
    OPERATOR = "operator"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what another one is needed for."""
        return self is Role.OPERATOR or needed is Role.VIEWER


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """One key, of which only the hash is known here.

    Attributes:
        name: of whoever holds it; the same person may hold two while one replaces the other.
        role: how far it goes.
        sha256: of the key's octets, 64 hexadecimal digits.
    """

    name: str
    role: Role
    sha256: str = field(repr=False)

    def written(self) -> str:
        """The element of the setting that gives this key."""
        return f"{self.name}:{self.role}:{self.sha256}"


@dataclass(frozen=True, slots=True)
class OperatorKeys(Words):
    """A list of operators' keys, as their hashes."""

    what: str = _FORM

    def read(self, text: str) -> tuple[object, ...]:
        """The keys, in order; one hash belongs to one operator."""
        keys = Words.read(self, text)
        if len({key.sha256 for key in keys if isinstance(key, OperatorKey)}) != len(keys):
            raise Unfit("has one key for two operators", "make a key for each: tidegate operator add NAME --role ROLE")
        return keys

    def element(self, text: str) -> OperatorKey:
        """One key."""
        name, _, rest = text.partition(":")
        role, _, digest = rest.partition(":")
        if NAME.fullmatch(name) is None:
            raise Unfit("has an operator's name that is none", f"write {_FORM}; a name is of a-z, 0-9, ., _ and -")
        if role not in tuple(Role):
            raise Unfit("has a role that is none", "write viewer or operator between the colons")
        if _DIGEST.fullmatch(digest.lower()) is None:
            raise Unfit("has a hash that is no SHA-256 in hexadecimal digits", f"write {_FORM}, never the key itself")
        return OperatorKey(name, Role(role), digest.lower())

    def write(self, value: object) -> str:
        """Names and roles; hashes are of no use to whoever reads this."""
        return ", ".join(f"{one.name} ({one.role})" for one in value) if isinstance(value, tuple) else ""
