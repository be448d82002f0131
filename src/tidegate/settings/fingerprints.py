"""Fingerprints of keys and secrets: enough to tell that two environments share one, and no more."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from tidegate.settings.kinds import Line, Words

_FORM: Final = r"(key|secret)-[0-9a-f]{16}"
_OCTETS: Final = 8
_PURPOSE: Final = b"tidegate fingerprint"


def of_key(api_key: str) -> str:
    """The fingerprint of an API key. The key is public; the fingerprint only keeps the list free of keys.

    Args:
        api_key: of an app.
    """
    return f"key-{hashlib.sha256(_PURPOSE + api_key.encode()).digest()[:_OCTETS].hex()}"


def of_secret(secret: str) -> str:
    """The fingerprint of a secret: HMAC-SHA256 (RFC 2104) of a fixed text with the secret as the key, cut to 64 bits.

    Whoever holds a single user token can already try guesses of the secret against its signature, which
    is the same function, so a fingerprint tells nobody more. A secret of Stream's has some 300 random bits.

    Args:
        secret: of an app.
    """
    return f"secret-{hmac.digest(secret.encode(), _PURPOSE, 'sha256')[:_OCTETS].hex()}"


def both(api_key: str, secret: str) -> tuple[str, str]:
    """The fingerprints of a pair."""
    return of_key(api_key), of_secret(secret)


@dataclass(frozen=True, slots=True)
class Fingerprints(Words):
    """A list of fingerprints; a key or secret that was pasted in their place is refused."""

    what: str = "fingerprints such as key-0123456789abcdef"

    def element(self, text: str) -> str:
        """One fingerprint."""
        return Line(self.what, _FORM).read(text)
