"""The people who can sign in at the sandbox."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

APP_ORIGIN: Final = "http://localhost:3000"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at the sandbox's identity provider.

    Attributes:
        subject: the ``sub`` claim.
        name: the ``name`` claim.
        email: the ``email`` claim.
        picture: the ``picture`` claim, an address that answers nothing.
    """

    subject: str
    name: str
    email: str
    picture: str


def _person(short: str, name: str, filler: str) -> Person:
    return Person(
        subject=f"user_2sandbox{short}{filler[: 20 - len(short)]}",
        name=name,
        email=f"{short}@sandbox.example",
        picture=f"https://img.sandbox.example/{short}.png",
    )


PEOPLE: Final = MappingProxyType(
    {
        "ada": _person("ada", "Ada Lovelace", "Xk4Tz9QmWv2LrB7NcY"),
        "grace": _person("grace", "Grace Hopper", "Hq8Jd3PsVw6ZtM1RbF"),
        "alan": _person("alan", "Alan Turing", "Ty5Gn2CxKe9UfS4WmD"),
        "hedy": _person("hedy", "Hedy Lamarr", "Bv7Lp1RzQa6EjN3XhC"),
        "katherine": _person("katherine", "Katherine Johnson", "Wd2Sf8MkYg5TuZ9QnP"),
    }
)
DEFAULT_PERSON: Final = "ada"
