"""The URLs of databases and of Redis. They can hold a password, so they are secrets as a whole."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import SecretStr

from tidegate.settings import urls
from tidegate.settings.problems import Unfit

_LENGTH_MAX: Final = 2_048
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_SQLITE: Final = "sqlite:///"
_DATABASE_MEND: Final = "write postgresql://user:password@host:5432/name, or sqlite:///path/to/file"
_REDIS_MEND: Final = "write redis://host:6379/0, or rediss:// for TLS"
_VERIFIED: Final = frozenset({"verify-ca", "verify-full"})


@dataclass(frozen=True, slots=True)
class _SecretUrl:
    """A URL that shows itself nowhere."""

    def write(self, value: object) -> str:
        """Nothing, whatever the value."""
        del value
        return ""

    @staticmethod
    def _split(text: str, mend: str) -> SplitResult:
        if len(text) > _LENGTH_MAX or _PRINTABLE.fullmatch(text) is None:
            raise Unfit("is too long, or has spaces or characters outside ASCII", mend)
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            raise Unfit("has an invalid host or port", mend) from None
        return parts


@dataclass(frozen=True, slots=True)
class DatabaseUrl(_SecretUrl):
    """The URL of an SQLite file or of PostgreSQL."""

    def read(self, text: str) -> SecretStr:
        """The URL, wrapped."""
        parts = self._split(text, _DATABASE_MEND)
        if parts.scheme == "sqlite":
            if not text.startswith(_SQLITE) or len(text) == len(_SQLITE) or parts.query or parts.fragment:
                raise Unfit("names no file", _DATABASE_MEND)
        elif parts.scheme not in ("postgresql", "postgres"):
            raise Unfit("is neither PostgreSQL's nor SQLite's", _DATABASE_MEND)
        elif parts.fragment or not parts.path.strip("/"):
            raise Unfit("names no database", _DATABASE_MEND)
        return SecretStr(text)

    def form(self) -> str:
        """What it is."""
        return "`postgresql://...` or `sqlite:///path`; a secret"


@dataclass(frozen=True, slots=True)
class RedisUrl(_SecretUrl):
    """The URL of Redis or Valkey."""

    def read(self, text: str) -> SecretStr:
        """The URL, wrapped."""
        parts = self._split(text, _REDIS_MEND)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise Unfit("is not Redis's", _REDIS_MEND)
        return SecretStr(text)

    def form(self) -> str:
        """What it is."""
        return "`redis://host:port/number` or `rediss://...`; a secret"


def is_private(url: str) -> bool:
    """Whether nobody on the way can read or change what is said to a database or to Redis.

    Args:
        url: of either, sound.
    """
    parts = urlsplit(url)
    if parts.scheme in ("sqlite", "rediss"):
        return True
    asked = parse_qs(parts.query)
    hosts = {part.rpartition(":")[0] or part for part in parts.netloc.rpartition("@")[2].split(",") if part}
    hosts |= set(asked.get("host", []))
    if all(host.startswith("/") or urls.is_loopback(host.strip("[]")) for host in hosts):
        return True
    return parts.scheme != "redis" and asked.get("sslmode", [""])[-1] in _VERIFIED
