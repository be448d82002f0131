"""What a variable's text can be: one class for each kind of value.

A kind reads the text (refusing with ``Unfit``, which never repeats the text),
writes a value back as the text that would give it, and describes itself for the
documentation page.
"""

import ipaddress
import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, Protocol

from pydantic import SecretStr

from tidegate.settings import urls
from tidegate.settings.jsontext import json_of
from tidegate.settings.problems import Unfit

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,15}")
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_LIST_MAX: Final = 100
_JSON_MAX: Final = 65536
_PEM: Final = re.compile(r"-----BEGIN ((?:RSA )?PUBLIC KEY)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*")
_DER_SEQUENCE: Final = 0x30
_DER_LENGTH: Final = 0x7F
_PEM_MEND: Final = "paste the issuer's public key, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----"

Network = IPv4Network | IPv6Network


class Kind(Protocol):
    """How the text of a variable becomes a value."""

    def read(self, text: str) -> object:
        """The value of a text that is not empty.

        Raises:
            Unfit: when it is none.
        """
        ...

    def write(self, value: object) -> str:
        """The text that gives a value; empty for none."""
        ...

    def form(self) -> str:
        """What to write, in a few words, for the documentation page."""
        ...


class _Plain:
    """Values whose text is their own."""

    __slots__ = ()

    def write(self, value: object) -> str:
        """The text that gives a value; empty for none."""
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Integer(_Plain):
    """A whole number within a range.

    Attributes:
        low: the least value, besides 0 where 0 switches the thing off.
        high: the greatest value.
        unit: what is counted; empty for things.
        zero: what 0 does, where 0 lies outside the range or means something of its own.
        below: the mend when the value is too small, where a usual mistake explains it.
    """

    low: int
    high: int
    unit: str = ""
    zero: str = ""
    below: str = ""

    def read(self, text: str) -> int:
        """The number."""
        if _INTEGER.fullmatch(text) is None:
            raise Unfit("is not a whole number", f"write {self.form()}")
        value = int(text)
        if value == 0 and self.zero:
            return value
        if value < self.low:
            raise Unfit(f"is below {self.low}", self.below or f"write {self.form()}")
        if value > self.high:
            raise Unfit(f"is above {self.high}", f"write {self.form()}")
        return value

    def form(self) -> str:
        """The range, with the unit."""
        shown = f"{self.low} to {self.high}{' ' if self.unit else ''}{self.unit}"
        return f"{shown}; 0 {self.zero}" if self.zero else shown


@dataclass(frozen=True, slots=True)
class Boolean:
    """Yes or no."""

    def read(self, text: str) -> bool:
        """The answer."""
        word = text.lower()
        if word not in _TRUE | _FALSE:
            raise Unfit("is neither true nor false", "write true or false (1, 0, yes, no, on and off do too)")
        return word in _TRUE

    def write(self, value: object) -> str:
        """``true`` or ``false``."""
        return "true" if value else "false"

    def form(self) -> str:
        """The two words."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class Choice(_Plain):
    """One word of several.

    Attributes:
        words: the words, in the order in which they are shown.
    """

    words: tuple[str, ...]

    def read(self, text: str) -> str:
        """The word, in lower case."""
        word = text.lower()
        if word not in self.words:
            raise Unfit("is none of the known words", f"write {self.form()}")
        return word

    def write(self, value: object) -> str:
        """The word itself."""
        return value.value if isinstance(value, StrEnum) else str(value)

    def form(self) -> str:
        """All words."""
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"


@dataclass(frozen=True, slots=True)
class Line(_Plain):
    """A short text without control characters.

    Attributes:
        what: the words for the documentation page.
        pattern: a regular expression that all of the text must match.
        limit: the greatest length, in characters.
    """

    what: str
    pattern: str = r"[^\x00-\x1f\x7f]+"
    limit: int = 255

    def read(self, text: str) -> str:
        """The text."""
        if len(text) > self.limit:
            raise Unfit(f"is longer than {self.limit} characters", f"write {self.what}")
        if not text.isprintable() or re.fullmatch(self.pattern, text) is None:
            raise Unfit("has characters that it cannot have", f"write {self.what}")
        return text

    def form(self) -> str:
        """What it is."""
        return self.what


@dataclass(frozen=True, slots=True)
class Hidden:
    """A secret: read, never written back."""

    def read(self, text: str) -> object:
        """The secret, wrapped so that it shows itself nowhere."""
        return SecretStr(text)

    def write(self, value: object) -> str:
        """Nothing, whatever the value."""
        del value
        return ""

    def form(self) -> str:
        """What it is."""
        return "a secret"


@dataclass(frozen=True, slots=True)
class HiddenOne(Hidden):
    """A secret of which there can be several in time; one variable gives one."""

    def read(self, text: str) -> tuple[SecretStr, ...]:
        """The secret in a tuple."""
        return (SecretStr(text),)


@dataclass(frozen=True, slots=True)
class Url(_Plain):
    """An http or https URL.

    Attributes:
        slash: ``strip`` removes slashes at the end, ``demand`` refuses without one, ``keep`` compares byte for byte.
    """

    slash: str = "strip"

    def read(self, text: str) -> str:
        """The URL."""
        urls.split(text)
        if self.slash == "demand" and not text.endswith("/"):
            raise Unfit("does not end in a slash", "write the / at its end")
        return text.rstrip("/") if self.slash == "strip" else text

    def form(self) -> str:
        """What it is."""
        return "a URL that ends in /" if self.slash == "demand" else "a URL"


@dataclass(frozen=True, slots=True)
class Words:
    """A list with commas between its elements.

    Attributes:
        what: the words for the documentation page.
    """

    what: str

    def read(self, text: str) -> tuple[object, ...]:
        """The elements, in order, each once."""
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > _LIST_MAX:
            raise Unfit(f"has more than {_LIST_MAX} elements", "shorten the list")
        return tuple(dict.fromkeys(self.element(part) for part in parts if part))

    def element(self, text: str) -> object:
        """One element."""
        return Line(self.what).read(text)

    def write(self, value: object) -> str:
        """The elements with commas between them."""
        return ",".join(map(str, value)) if isinstance(value, tuple) else ""

    def form(self) -> str:
        """What the elements are."""
        return f"{self.what}, with commas between them"


@dataclass(frozen=True, slots=True)
class Origins(Words):
    """Exact web origins (RFC 6454, section 6.2), as browsers send them."""

    what: str = "origins such as https://app.example.com"

    def element(self, text: str) -> str:
        """One origin."""
        if "*" in text:
            raise Unfit("has a wildcard", "list each origin exactly; * would let any page use a person's session")
        parts = urls.split(text)
        if parts.path:
            raise Unfit("has an origin with a path or a slash at its end", "write scheme and host only")
        if text != text.lower():
            raise Unfit("has an origin with capitals", "write origins in lower case, as browsers send them")
        if parts.port == {"https": 443, "http": 80}[parts.scheme]:
            raise Unfit("has an origin with its scheme's own port", "leave :443 and :80 out, as browsers do")
        return text


@dataclass(frozen=True, slots=True)
class Networks(Words):
    """Address ranges in CIDR notation (RFC 4632, section 3.1)."""

    what: str = "address ranges such as 10.0.0.0/8 or fd00::/8"

    def element(self, text: str) -> Network:
        """One range; a single address is a range of one."""
        try:
            return ipaddress.ip_network(text)
        except ValueError:
            raise Unfit("has an element that is no address range", f"write {self.form()}") from None


@dataclass(frozen=True, slots=True)
class Bind(_Plain):
    """An address to listen on."""

    def read(self, text: str) -> str:
        """The text, which can be split."""
        urls.split_bind(text)
        return text

    def form(self) -> str:
        """What it is."""
        return "host:port"


@dataclass(frozen=True, slots=True)
class File(_Plain):
    """A file's or a directory's path.

    Attributes:
        what: the words for the documentation page.
    """

    what: str = "a path"

    def read(self, text: str) -> Path:
        """The path, relative to the working directory where it is not absolute."""
        if not text.isprintable() or len(text) > _JSON_MAX:
            raise Unfit("is not a path", f"write {self.what}")
        return Path(text)

    def form(self) -> str:
        """What it is."""
        return self.what


@dataclass(frozen=True, slots=True)
class Pem(_Plain):
    r"""A public key in PEM armour (RFC 7468, section 13); ``\n`` may stand for the ends of lines."""

    def read(self, text: str) -> str:
        """The key with real line ends. Whether it is strong enough is for the key set to say."""
        armoured = text.replace("\\n", "\n").replace("\r\n", "\n")
        if "PRIVATE KEY" in armoured:
            raise Unfit("is a private key", f"{_PEM_MEND}, and replace the private key: it was where it must not be")
        match = _PEM.fullmatch(armoured)
        if len(armoured) > _JSON_MAX or match is None or not _is_der(match[2]):
            raise Unfit("is not a whole public key in PEM armour", _PEM_MEND)
        return armoured

    def form(self) -> str:
        """What it is."""
        return "a public key in PEM form"


def _is_der(body: str) -> bool:
    """Whether Base64 text is one complete DER sequence; half a key is the usual slip of the mouse."""
    try:
        octets = b64decode("".join(body.split()), validate=True)
    except (Base64Error, ValueError):
        return False
    if len(octets) <= 1 or octets[0] != _DER_SEQUENCE:
        return False
    if octets[1] <= _DER_LENGTH:  # X.690, section 8.1.3.4: the short form
        return len(octets) == 2 + octets[1]
    head = 2 + (octets[1] & _DER_LENGTH)
    return len(octets) == head + int.from_bytes(octets[2:head], "big")


@dataclass(frozen=True, slots=True)
class JsonObjects:
    """A JSON list of objects. Their members are judged by whoever knows them."""

    def read(self, text: str) -> tuple[dict[str, object], ...]:
        """The objects, in order."""
        mend = 'write a JSON list of objects: [{"name": ..., "kind": ..., "issuer": ...}]'
        value = json_of(text, _JSON_MAX, mend)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise Unfit("is not a list of objects", mend)
        if len(value) > _LIST_MAX:
            raise Unfit(f"has more than {_LIST_MAX} elements", "shorten the list")
        return tuple(value)

    def write(self, value: object) -> str:
        """Nothing: the default is an empty list."""
        del value
        return ""

    def form(self) -> str:
        """What it is."""
        return "a JSON list of objects"
