"""HS256 over the app secret, byte for byte as Stream's own tokens are written."""

import hashlib
import hmac
from binascii import b2a_base64
from typing import Final

# The header with alg HS256 and typ JWT, in the order and spacing of every published token of Stream.
_HEADER: Final = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."


def base64url(octets: bytes) -> bytes:
    """Unpadded base64url (RFC 7515, section 2)."""
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")


_BLOCK: Final = 64
_INNER_PAD: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD: Final = bytes(octet ^ 0x5C for octet in range(256))
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class Signer:
    """Signs claims with one secret, and shows the secret to nobody.

    Args:
        secret: the app secret; Stream uses its UTF-8 octets as they are.

    Raises:
        ValueError: the secret is empty.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("a signer needs a secret")
        key = secret.encode()
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER_PAD))
        self._outer = hashlib.sha256(padded.translate(_OUTER_PAD))

    def sign(self, claims: bytes) -> str:
        """A compact JWS (RFC 7515, section 7.1) over claims that are JSON already.

        Args:
            claims: UTF-8 JSON, taken as it is.

        Returns:
            header, claims and HMAC-SHA256 (RFC 7518, section 3.2).
        """
        signed = _HEADER + base64url(claims)
        # 32 octets are 43 characters and one of padding.
        signature = b2a_base64(self._authenticate(signed), newline=False)[:43].translate(_URL_SAFE)
        return (signed + b"." + signature).decode("ascii")

    def opened(self, token: bytes) -> bytes | None:
        """The claims of a token as `sign` makes it; None for any other text, which costs the same.

        Args:
            token: a compact JWS; its size is bounded by the caller.

        Returns:
            the claims as they were signed, base64url, if the secret signed them under our header.
        """
        signed, _, signature = token.rpartition(b".")
        right = b2a_base64(self._authenticate(signed), newline=False)[:43].translate(_URL_SAFE)
        if not hmac.compare_digest(right, signature) or not signed.startswith(_HEADER):
            return None
        return signed[len(_HEADER) :]

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose: 32 octets that say nothing of the secret.

        The same on every replica, which is what makes their tokens equal.

        Args:
            purpose: what the key is for; each purpose has its own key.
        """
        return self._authenticate(b"tidegate " + purpose.encode())

    def _authenticate(self, octets: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104, section 2) with both padded keys hashed beforehand.

        The same as ``hmac.digest``, which looks its algorithm up in OpenSSL anew for
        each call and takes three times as long.
        """
        inner = self._inner.copy()
        inner.update(octets)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return "Signer(...)"
