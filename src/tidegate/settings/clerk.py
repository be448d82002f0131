"""Clerk's publishable key: the instance's host in thin disguise."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Final

from tidegate.settings.problems import Unfit

_KEY: Final = re.compile(r"pk_(test|live)_([A-Za-z0-9+/]{4,400}={0,2})")
_HOST: Final = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MEND: Final = "copy the publishable key from Clerk's dashboard, API keys: pk_test_... or pk_live_..."


@dataclass(frozen=True, slots=True)
class PublishableKey:
    """What a publishable key says.

    Attributes:
        live: whether it belongs to a production instance.
        host: the instance's front-end API.
    """

    live: bool
    host: str

    @property
    def issuer(self) -> str:
        """The ``iss`` of the instance's session tokens."""
        return f"https://{self.host}"


def key_set_url(issuer: str) -> str:
    """Where a Clerk instance publishes its keys.

    Args:
        issuer: the ``iss`` of its session tokens, without a slash at its end.

    Returns:
        the URL of its key set.
    """
    return f"{issuer}/.well-known/jwks.json"


def decode(text: str) -> PublishableKey:
    """Read a publishable key: ``pk_test_`` or ``pk_live_``, then Base64 of the host and a dollar sign.

    Args:
        text: the key.

    Returns:
        the instance that it names.

    Raises:
        Unfit: when it is not a publishable key; a secret key is told apart.
    """
    if text.startswith("sk_"):
        raise Unfit(
            "holds a secret key of Clerk's", f"{_MEND}, and replace the secret key: it was where it must not be"
        )
    match = _KEY.fullmatch(text)
    if match is None:
        raise Unfit("is not a publishable key of Clerk's", _MEND)
    body = match[2].rstrip("=")
    try:
        host = b64decode(body + "=" * (-len(body) % 4), validate=True).decode("ascii")
    except (Base64Error, ValueError):
        raise Unfit("is not a publishable key of Clerk's", _MEND) from None
    if not host.endswith("$") or _HOST.fullmatch(host[:-1]) is None:
        raise Unfit("is not a publishable key of Clerk's: it names no host", _MEND)
    return PublishableKey(match[1] == "live", host[:-1])
