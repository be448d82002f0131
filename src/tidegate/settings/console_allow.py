"""Who may come in to the console by way of an OpenID Connect provider."""

import re
from dataclasses import dataclass
from typing import Final

from tidegate.settings import urls
from tidegate.settings.kinds import JsonObjects
from tidegate.settings.operator_keys import NAME, Role
from tidegate.settings.problems import Unfit

_MEMBERS: Final = frozenset({"name", "role", "issuer", "subject"})
_OBJECTS: Final = JsonObjects()
_SUBJECT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_MEND: Final = 'write [{"name": "ada", "role": "operator", "issuer": "https://login.example.com", "subject": "..."}]'


@dataclass(frozen=True, slots=True)
class Allowed:
    """One person.

    Attributes:
        name: as the ledger shows them.
        role: how far they may go.
        issuer: who says who they are, exactly.
        subject: what that issuer calls them (``sub``), never an address that can change hands.
    """

    name: str
    role: Role
    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class ConsoleAllow:
    """A list of people, as JSON."""

    def read(self, text: str) -> tuple[Allowed, ...]:
        """The people, in order; one subject is one person."""
        people = tuple(map(_one, _OBJECTS.read(text)))
        if len({(one.issuer, one.subject) for one in people}) != len(people):
            raise Unfit("names one subject twice", "give each person one role")
        return people

    def write(self, value: object) -> str:
        """Names and roles."""
        return ", ".join(f"{one.name} ({one.role})" for one in value) if isinstance(value, tuple) else ""

    def form(self) -> str:
        """What it is."""
        return _OBJECTS.form()


def _one(members: dict[str, object]) -> Allowed:
    if members.keys() != _MEMBERS:
        raise Unfit("has a person without name, role, issuer or subject, or with more than that", _MEND)
    name, role, issuer, subject = (members[key] for key in ("name", "role", "issuer", "subject"))
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        raise Unfit("has a name that is none", f"{_MEND}; a name is of a-z, 0-9, ., _ and -")
    if role not in tuple(Role):
        raise Unfit("has a role that is none", "write viewer or operator")
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        raise Unfit("has a subject that is none", _MEND)
    if not isinstance(issuer, str):
        raise Unfit("has an issuer that is none", _MEND)
    urls.split(issuer)
    return Allowed(name, Role(str(role)), issuer, subject)
