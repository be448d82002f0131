"""Who sends a beacon: whoever holds a token that this service made."""

from collections.abc import Callable, Iterable
from typing import Final

from tidegate.credentials import Generation
from tidegate.errors import Reason, Refusal
from tidegate.identity.base64url import decode
from tidegate.identity.strictjson import StrictJsonError, parse_object
from tidegate.tokens.mapping import is_user_id
from tidegate.tokens.standing.model import refuse_revoked

_CLAIMS: Final = {"user_id", "iat", "exp"}
_DOTS: Final = 2
_DEPTH: Final = 2

Generations = Callable[[], Iterable[Generation]]
"""Those whose tokens are good at this moment."""

Floor = Callable[[str, float], int]
"""From a user id and now, in seconds since the epoch, to the least ``iat`` that the user's token may have."""


class Callers:
    """Tells the user of a Stream token.

    Only the header that our own tokens have is accepted, so there is no algorithm to be chosen by a stranger, and
    only a user's token: one without a user is a server's, which has no place in an app.

    Args:
        generations: of the credentials.
        floor: of revocations and bans.
    """

    __slots__ = ("_floor", "_generations")

    def __init__(self, generations: Generations, floor: Floor) -> None:
        self._generations = generations
        self._floor = floor

    def user(self, token: bytes, now: float) -> str:
        """The user whose token it is.

        Args:
            token: a compact JWS; its size is bounded by the caller.
            now: seconds since the epoch.

        Raises:
            Refusal: ``token_malformed``, ``signature_invalid``, ``token_kind_refused``, ``token_not_yet_valid``,
                ``token_expired``, ``session_revoked`` or ``recently_revoked``.
        """
        if token.count(b".") != _DOTS:
            raise Refusal(Reason.TOKEN_MALFORMED, "This is no Stream token: it has not three parts.")
        # Every generation is tried, whichever it is.
        opened = [one.signer.opened(token) for one in self._generations()]
        claims = next((one for one in opened if one is not None), None)
        if claims is None:
            raise Refusal(
                Reason.SIGNATURE_INVALID,
                "This service made no such token with a secret that is in use. Send the Stream token, not the session.",
            )
        try:
            members = parse_object(decode(claims), _DEPTH)
        except StrictJsonError:  # rightly signed, by an app's own backend, with claims of its own
            raise _no_users_token() from None
        return self._judged(members, now)

    def _judged(self, claims: dict[str, object], now: float) -> str:
        user_id, issued, expires = claims.get("user_id"), claims.get("iat"), claims.get("exp")
        if (
            claims.keys() != _CLAIMS
            or not (isinstance(user_id, str) and is_user_id(user_id))
            or not (isinstance(issued, int) and isinstance(expires, int))
        ):
            raise _no_users_token()
        if issued > now:
            raise Refusal(Reason.TOKEN_NOT_YET_VALID, "The Stream token is not valid yet.")
        if expires <= now:
            raise Refusal(Reason.TOKEN_EXPIRED, "The Stream token has expired; send the one in use.")
        if issued < self._floor(user_id, now):
            raise refuse_revoked()
        return user_id


def _no_users_token() -> Refusal:
    return Refusal(Reason.TOKEN_KIND_REFUSED, "This is no user's token as this service makes them.")
