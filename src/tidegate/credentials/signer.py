"""HS256 over the app secret, byte for byte as Stream's own tokens are written."""

import hmac
from binascii import b2a_base64
from typing import Final

# The header with alg HS256 and typ JWT, in the order and spacing of every published token of Stream.
_HEADER: Final = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."


def base64url(octets: bytes) -> bytes:
    """Unpadded base64url (RFC 7515, section 2)."""
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class Signer:
    """Signs claims with one secret, and shows the secret to nobody.

    Args:
        secret: the app secret; Stream uses its UTF-8 octets as they are.

    Raises:
        ValueError: the secret is empty.
    """

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("a signer needs a secret")
        self._key = secret.encode()

    def sign(self, claims: bytes) -> str:
        """A compact JWS (RFC 7515, section 7.1) over claims that are JSON already.

        Args:
            claims: UTF-8 JSON, taken as it is.

        Returns:
            header, claims and HMAC-SHA256 (RFC 7518, section 3.2).
        """
        signed = _HEADER + base64url(claims)
        return (signed + b"." + base64url(hmac.digest(self._key, signed, "sha256"))).decode("ascii")

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose: 32 octets that say nothing of the secret.

        The same on every replica, which is what makes their tokens equal.

        Args:
            purpose: what the key is for; each purpose has its own key.
        """
        return hmac.digest(self._key, b"tidegate " + purpose.encode(), "sha256")

    def __repr__(self) -> str:
        return "Signer(...)"
