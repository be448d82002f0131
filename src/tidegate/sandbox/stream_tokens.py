"""Stream's side of its tokens: HS256 over the app secret, judged with Stream's codes.

A second implementation: Tidegate's signer is not used here, so a token that both
agree on is right by more than habit. RFC 7515 (JWS), RFC 7518 section 3.2 (HS256).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from tidegate.sandbox.stream_errors import Code, StreamFault

TOKEN_OCTETS: Final = 8192
_SEGMENTS: Final = 3


class CallerKind(StrEnum):
    """Whose rights a call has."""

    SERVER = "server"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, from a verified token.

    Attributes:
        kind: a token without ``user_id`` is the server's: no permission is checked for it.
        user_id: of a user token, else empty.
        issued_at: the ``iat`` claim, seconds since the epoch, if there is one.
    """

    kind: CallerKind
    user_id: str
    issued_at: float | None


def bare(authorization: str) -> str:
    """The token of an ``Authorization`` header; Stream's v1 clients send it without a scheme."""
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else authorization.strip()


def verify(token: str, secret: str, now: float, *, check_signature: bool = True) -> Caller:
    """Judge a token as Stream does.

    Args:
        token: compact JWS, no scheme before it.
        secret: the app secret; its UTF-8 octets are the key.
        now: seconds since the epoch by Stream's clock; no leeway is given.
        check_signature: False for an app whose ``disable_auth_checks`` is on.

    Raises:
        StreamFault: code 5 (malformed, another algorithm, no rights at all), 43, 40, 41 or 42.
    """
    header, claims, signed, signature = _parse(token)
    if header.get("alg") != "HS256":
        raise StreamFault(Code.AUTH_FAILED, "the token is not signed with HS256")
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    if check_signature and not hmac.compare_digest(expected, signature):
        raise StreamFault(Code.SIGNATURE_INVALID, "the token's signature is invalid")
    _judge_times(claims, now)
    return _caller(claims)


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    segments = token.split(".")
    if len(token) > TOKEN_OCTETS or len(segments) != _SEGMENTS or not token.isascii():
        raise _malformed()
    header, claims = _object(segments[0]), _object(segments[1])
    return header, claims, f"{segments[0]}.{segments[1]}".encode("ascii"), _decode(segments[2])


def _malformed() -> StreamFault:
    return StreamFault(Code.AUTH_FAILED, "the token is malformed")


def _decode(segment: str) -> bytes:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _malformed() from None


def _object(segment: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_decode(segment))
    except orjson.JSONDecodeError:
        raise _malformed() from None
    if not isinstance(value, dict):
        raise _malformed()
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StreamFault(Code.AUTH_FAILED, f"the token's {name} is not a number")
    return float(value)


def _judge_times(claims: Mapping[str, Any], now: float) -> None:
    expires, begins, issued = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is not None and expires <= now:
        raise StreamFault(Code.TOKEN_EXPIRED, "the token has expired")
    if begins is not None and begins > now:
        raise StreamFault(Code.TOKEN_NOT_YET_VALID, "the token is not valid yet")
    if issued is not None and issued > now:
        raise StreamFault(Code.TOKEN_DATE_WRONG, "the token was issued in the future")


def _caller(claims: Mapping[str, Any]) -> Caller:
    user_id = claims.get("user_id", "")
    if not isinstance(user_id, str):
        raise StreamFault(Code.AUTH_FAILED, "the token's user_id is not a string")
    issued = _seconds(claims, "iat")
    if user_id:
        return Caller(CallerKind.USER, user_id, issued)
    if claims.get("server") not in (True, "true") and claims.get("exp") is None:
        raise StreamFault(Code.AUTH_FAILED, "the token names neither a user nor the server")
    return Caller(CallerKind.SERVER, "", issued)
