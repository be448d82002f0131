"""Base64url as RFC 7515 wants it (appendix C): no padding, one spelling for each octet string."""

from binascii import a2b_base64, b2a_base64
from typing import Final

# The standard alphabet's own two characters and the padding turn into "!", which no decoder accepts.
_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_PADDING: Final = (b"", b"", b"==", b"=")
# The last character of a partial group carries 4 or 2 bits that belong to no octet; they must be zero.
_CANONICAL_LAST: Final = (frozenset(range(256)), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


def decode(segment: bytes) -> bytes:
    """Decode the one canonical spelling of an octet string.

    Args:
        segment: base64url without padding (RFC 4648, sections 5 and 3.5).

    Returns:
        the octets; empty for an empty segment.

    Raises:
        ValueError: another character, padding, an impossible length, or stray bits at the end.
    """
    if not segment:
        return b""
    partial = len(segment) & 3
    if segment[-1] not in _CANONICAL_LAST[partial]:
        raise ValueError("not canonical base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + _PADDING[partial], strict_mode=True)


def encode(octets: bytes) -> bytes:
    """Spell octets as base64url without padding.

    Args:
        octets: anything.

    Returns:
        the canonical spelling, which ``decode`` accepts.
    """
    return b2a_base64(octets, newline=False).rstrip(b"=").translate(_TO_URL)
