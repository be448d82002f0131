"""The secrets whose values are looked for, and the ones that files of settings hold."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Final

from dotenv.parser import parse_stream

from tidegate.settings.credential_rules import is_placeholder

LENGTH_MIN: Final = 16
"""Characters; a shorter text could be anything."""

MOST: Final = 64

_SECRET_NAME: Final = re.compile(r"SECRET|PRIVATE_KEY|PASSWORD|_TOKEN$|_SK$", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[^\S\r\n]{2,}")
_PUBLIC_NAME: Final = re.compile(r"(?:NEXT_PUBLIC|EXPO_PUBLIC|NUXT_PUBLIC|REACT_APP|GATSBY|VITE)_")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that should be in no file.

    Attributes:
        name: of its variable.
        octets: what is looked for. Never shown.
    """

    name: str
    octets: bytes

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


@dataclass(frozen=True, slots=True)
class Held:
    """A secret that a file of settings holds.

    Attributes:
        name: of its variable.
        line: from 1.
        text: its value. Never shown.
    """

    name: str
    line: int
    text: str

    def __repr__(self) -> str:
        return f"Held({self.name!r}, {self.line})"


def held_in(text: str) -> Iterator[Held]:
    """The secrets in a file of ``NAME=value`` lines, placeholders left out.

    Args:
        text: of the file.
    """
    # The parser looks for comments in time that grows with the square of the blanks before one.
    for binding in parse_stream(StringIO(_BLANKS.sub(" ", text))):
        name, value = binding.key, (binding.value or "").strip()
        if name and len(value) >= LENGTH_MIN and _SECRET_NAME.search(name) and not is_placeholder(value):
            # The parser counts white space before a binding to it.
            lead = binding.original.string[: len(binding.original.string) - len(binding.original.string.lstrip())]
            yield Held(name, binding.original.line + lead.count("\n"), value)


def is_public(name: str) -> bool:
    """Whether a variable's value is meant for everybody, by its name."""
    return _PUBLIC_NAME.match(name) is not None


def to_look_for(named: Mapping[str, str]) -> tuple[Secret, ...]:
    """What to look for: each secret, and its Base64.

    Args:
        named: secret's text to the name of its variable.
    """
    looked_for: dict[bytes, Secret] = {}
    for text, name in list(named.items())[:MOST]:
        plain = text.encode(errors="surrogatepass")
        if len(text) < LENGTH_MIN:
            continue
        for octets in (plain, base64.b64encode(plain).rstrip(b"=")):
            looked_for.setdefault(octets, Secret(name, octets))
    return tuple(looked_for.values())
