"""Sessions of several apps that use Auth.js: each is one app's, and which one is proven, never guessed."""

from collections.abc import Mapping, Sequence
from typing import Final

from tidegate.errors import Refusal
from tidegate.identity.authjs.jwe import NotOpened, Sealed, parse
from tidegate.identity.authjs.sessions import AuthjsSessions, Opened, is_sealed, unescaped
from tidegate.identity.jws import DEFAULT, AlgorithmNotAllowed, JwsLimits, KeyUnknown, TokenMalformed, TokenTooLarge

_DOTS_OF_SIGNED: Final = 2
_NAMED: Final = b"="


class AuthjsApps:
    """Opens sessions of several apps.

    A session may come with the name of its cookie and ``=`` before it, as cookies do. Then only the apps
    with that cookie are looked at.

    Args:
        apps: the sessions of each, and the names of its cookie.
        limits: sizes beyond which a session is refused unread.
    """

    __slots__ = ("_apps", "_by_cookie", "_limits")

    def __init__(self, apps: Sequence[AuthjsSessions], limits: JwsLimits = DEFAULT) -> None:
        self._apps = tuple(apps)
        self._by_cookie: Mapping[bytes, tuple[AuthjsSessions, ...]] = {
            cookie: tuple(app for app in self._apps if cookie in app.cookies)
            for cookie in dict.fromkeys(cookie for app in self._apps for cookie in app.cookies)
        }
        self._limits = limits

    @staticmethod
    def takes(bearer: bytes) -> bool:
        """Whether a token is for these apps: it is no signed one, or names a cookie, which a signed one cannot.

        Args:
            bearer: as received.
        """
        return bearer.count(b".") != _DOTS_OF_SIGNED or _NAMED in bearer

    def open(self, bearer: bytes) -> Opened:
        """Open a session with what is at hand.

        Args:
            bearer: the session as received.

        Raises:
            Refusal: it is none of these apps'. It does not say which of them come near.
            LookupNeeded: its app must be asked first.
        """
        apps, session = self._named(bearer)
        if len(session) > self._limits.token_octets:
            raise TokenTooLarge(f"The token is larger than {self._limits.token_octets} octets.")
        token = unescaped(session)
        if is_sealed(token) and any(app.opens for app in apps):
            return _opened(parse(token, self._limits), apps)
        return _asked(token, [app for app in apps if app.asks])

    def _named(self, bearer: bytes) -> tuple[tuple[AuthjsSessions, ...], bytes]:
        cookie, _, session = bearer.partition(_NAMED)
        apps = self._by_cookie.get(cookie)
        return (self._apps, bearer) if apps is None else (apps, session)


def _opened(sealed: Sealed, apps: Sequence[AuthjsSessions]) -> Opened:
    """Version 5 names its key, so no other is tried; version 4 does not, so each app's are, and no two apps share one.

    Every failure is told the same way, whichever app's keys were tried, and how many.
    """
    refused: Refusal = AlgorithmNotAllowed(
        "Sessions of this version of Auth.js are not accepted (TIDEGATE_AUTHJS_VERSION)."
    )
    for app in apps:
        try:
            payload, key = app.unseal(sealed)
        except NotOpened as error:
            refused = error
        except KeyUnknown as error:
            refused = refused if isinstance(refused, NotOpened) else error
        except AlgorithmNotAllowed:
            continue
        else:
            return app.read(payload, key)
    raise refused


def _asked(token: bytes, apps: Sequence[AuthjsSessions]) -> Opened:
    """A session in a database is shown to no app but its own, which of several only its cookie's name tells."""
    if token.count(b".") == _DOTS_OF_SIGNED or not apps:
        raise TokenMalformed("The token is neither a signed session nor one of Auth.js as it is configured here.")
    if len(apps) > 1:
        raise TokenMalformed(
            "Sessions in a database do not say which of several apps they are of: write the cookie's name and = before."
        )
    return apps[0].look_up(token)
