"""Tokens made readable: what they say, never the whole of them."""

import base64
import binascii
import json
from typing import Any, Final

_SHOWN: Final = 12


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a compact JWS, whatever its signature is worth.

    Args:
        token: three segments of base64url (RFC 7515, section 7.1).

    Raises:
        ValueError: it is no such token.
    """
    header, claims, _ = token.split(".")
    return _object(header), _object(claims)


def _object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a value of the wrong form, not an argument of the wrong type
    return value


def abbreviated(token: str) -> str:
    """The beginning of a token and its length; nobody can use that."""
    return f"{token[:_SHOWN]}... ({len(token)} characters)"


def with_claims(token: str, **claims: object) -> str:
    """The token with claims changed and its signature left as it was: a forgery.

    Args:
        token: compact JWS.
        claims: laid over those that it has.
    """
    header, _, signature = token.split(".")
    return f"{header}.{segment({**decoded(token)[1], **claims})}.{signature}"


def unsigned(token: str) -> str:
    """The token's claims under ``alg: none`` (RFC 7515, appendix A.5): another forgery.

    Args:
        token: compact JWS.
    """
    return f"{segment({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def segment(members: dict[str, object]) -> str:
    """A JSON object as a segment of a token.

    Args:
        members: of the object.
    """
    return base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=").decode("ascii")
