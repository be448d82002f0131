"""The session token in a request (RFC 6750, section 2.1)."""

from tidegate.errors import Reason, Refusal


def bearer(authorization: bytes | None, *, largest: int) -> bytes:
    """The token of an ``Authorization: Bearer`` header; size first, then scheme.

    Args:
        authorization: the header's value; None where there is none.
        largest: octets that a token may have.

    Raises:
        Refusal: ``token_missing``, ``token_too_large`` or ``token_malformed``.
    """
    if not authorization:
        raise Refusal(Reason.TOKEN_MISSING, "Send the session token as 'Authorization: Bearer <token>'.")
    if len(authorization) > largest + 16:
        raise Refusal(Reason.TOKEN_TOO_LARGE, f"The session token is larger than {largest} octets.")
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        raise Refusal(
            Reason.TOKEN_MISSING, "The Authorization scheme is not Bearer; send the session token as a Bearer token."
        )
    token = token.strip(b" ")
    if not token:
        raise Refusal(Reason.TOKEN_MISSING, "The Bearer token is empty; send the session token.")
    return token
