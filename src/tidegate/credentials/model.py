"""One pair of API key and secret, as the rest of the service sees it."""

from collections.abc import Callable

from tidegate.clock import Clock
from tidegate.credentials.signer import Signer

SERVER_TOKEN_LIFE = 600
"""Seconds a server token is valid: it carries all rights, so it does not live long."""

_BACKDATE = 30
"""Seconds by which a server token's ``iat`` lies in the past, since Stream refuses one ahead of its clock."""


class Credentials:
    """What is needed to speak to Stream and to mint for its users.

    Args:
        api_key: public; it travels beside every token.
        secret: the app secret.
    """

    __slots__ = ("api_key", "signer")

    def __init__(self, api_key: str, secret: str) -> None:
        self.api_key = api_key
        self.signer = Signer(secret)

    def server_tokens(self, clock: Clock) -> Callable[[], str]:
        """A function that gives a valid server token, made anew when half of its life is over.

        Args:
            clock: what ``iat`` and ``exp`` are read from.
        """
        kept = ("", 0.0)

        def token() -> str:
            nonlocal kept
            now = clock.now()
            if not SERVER_TOKEN_LIFE / 2 < kept[1] - now <= SERVER_TOKEN_LIFE:
                expires = int(now) + SERVER_TOKEN_LIFE
                claims = b'{"exp":%d,"iat":%d,"server":true}' % (expires, int(now) - _BACKDATE)
                kept = (self.signer.sign(claims), float(expires))
            return kept[0]

        return token

    def __repr__(self) -> str:
        return f"Credentials(api_key={self.api_key[:4]!r}...)"
