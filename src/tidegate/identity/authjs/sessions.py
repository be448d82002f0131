"""Who sent a session of Auth.js: told by opening it, or by asking the app that keeps it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.jwe import SEGMENTS, Sealed, parse
from tidegate.identity.authjs.keys import SecretKeys, SessionKey
from tidegate.identity.authjs.lookups import LookupNeeded, Lookups
from tidegate.identity.authjs.route import can_be_asked
from tidegate.identity.authjs.vigil import Vigil
from tidegate.identity.jws import DEFAULT, JwsLimits, TokenMalformed, TokenTooLarge
from tidegate.identity.keys import LiveKey
from tidegate.identity.model import CheckName, ClaimRefused, IssuerPolicy, KeysNeeded
from tidegate.identity.strictjson import StrictJsonError, parse_object

_NOT_ASKED: Final = (
    "Sessions in a database are known to the app alone, which is not asked here: the token never leaves this machine."
)
_DOTS_OF_SIGNED: Final = 2
_ESCAPED: Final = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


class _App:
    """Who vouches for a session that was looked up; its answers end by themselves, within seconds."""

    live: Final = True


class Opened(NamedTuple):
    """A session whose maker is known, with claims still to be judged.

    Attributes:
        claims: what it says.
        policy: what they are held to.
        key: what opened it, or who vouched for it.
    """

    claims: Mapping[str, object]
    policy: IssuerPolicy
    key: LiveKey


class AuthjsSessions:
    """Opens sessions of one app that uses Auth.js or NextAuth.

    Args:
        policy: what its sessions are held to.
        keys: of its encrypted sessions; without a secret there are none.
        lookups: of its sessions in a database; None where it is not to be asked.
        limits: sizes beyond which a session is refused unread.
        cookies: the names of its session cookie; they matter where there are several apps.
        silent: the app is not asked, whatever it knows.

    Attributes:
        policy: what its sessions are held to.
        cookies: the names of its session cookie.
    """

    __slots__ = ("_app", "_asked_policy", "_keys", "_limits", "_lookups", "_silent", "cookies", "policy")

    def __init__(
        self,
        policy: IssuerPolicy,
        keys: SecretKeys,
        lookups: Lookups | None = None,
        limits: JwsLimits = DEFAULT,
        *,
        cookies: Iterable[str] = (),
        silent: bool = False,
    ) -> None:
        self.policy = policy
        self.cookies = tuple(name.encode("ascii") for name in cookies)
        # The app itself judges how old a session of its database may be, anew at each question.
        self._asked_policy = replace(policy, max_age=0)
        self._keys = keys
        self._lookups = lookups
        self._limits = limits
        self._silent = silent
        self._app = _App()

    def open(self, bearer: bytes) -> Opened:
        """Open a session with what is at hand.

        Args:
            bearer: the session as received; it may be percent-encoded, as cookies' values are.

        Raises:
            Refusal: it is none of this app's.
            LookupNeeded: the app must be asked first.
        """
        if len(bearer) > self._limits.token_octets:
            raise TokenTooLarge(f"The token is larger than {self._limits.token_octets} octets.")
        token = unescaped(bearer)
        if self.opens and is_sealed(token):
            payload, key = self.unseal(parse(token, self._limits))
            return self.read(payload, key)
        return self.look_up(token)

    @staticmethod
    def takes(bearer: bytes) -> bool:
        """Whether a token is for this app: everything is that is no signed one.

        Args:
            bearer: as received.
        """
        return bearer.count(b".") != _DOTS_OF_SIGNED

    @property
    def opens(self) -> bool:
        """Whether there are encrypted sessions of its."""
        return self._keys.any

    @property
    def asks(self) -> bool:
        """Whether it can be asked for sessions of its database."""
        return self._lookups is not None

    def unseal(self, sealed: Sealed) -> tuple[bytes, SessionKey]:
        """The plaintext of an encrypted session, which proves that it is this app's, and the key.

        Args:
            sealed: well formed.

        Raises:
            AlgorithmNotAllowed: its version is not accepted.
            KeyUnknown: it names another key than this app's.
            NotOpened: none of this app's keys opens it.
        """
        return self._keys.open(sealed)

    def read(self, payload: bytes, key: SessionKey) -> Opened:
        """What an unsealed session says.

        Args:
            payload: its plaintext.
            key: that opened it.

        Raises:
            Refusal: it is no strict JSON.
        """
        try:
            return Opened(parse_object(payload), self.policy, key)
        except StrictJsonError as error:
            refused = TokenMalformed(f"The session's content is refused: {error}.")
            refused.issuer = self.policy.name
            raise refused from None

    def look_up(self, token: bytes) -> Opened:
        """What the app said of a session in its database.

        Args:
            token: as the cookie has it.

        Raises:
            Refusal: it is none of this app's.
            LookupNeeded: the app must be asked first.
        """
        if self._lookups is None or not can_be_asked(token):
            raise TokenMalformed("The token is neither a signed session nor one of Auth.js as it is configured here.")
        try:
            claims = self._said(self._lookups, token)
        except Refusal as refused:
            refused.issuer = self.policy.name
            raise
        return Opened(claims, self._asked_policy, self._app)

    def _said(self, lookups: Lookups, token: bytes) -> Mapping[str, object]:
        if self._silent:
            raise Refusal(Reason.IDENTITY_UNAVAILABLE, _NOT_ASKED)
        claims = lookups.claims(token)
        _check_id(claims.get("sub"))
        return claims

    @property
    def vigil(self) -> Vigil | None:
        """Who knows whether the app's session route answers; None where it is not asked."""
        return None if self._lookups is None else self._lookups.vigil

    def silenced(self) -> "AuthjsSessions":
        """The same, for explanations: nothing that it is given leaves this machine."""
        silent = AuthjsSessions(self.policy, self._keys, self._lookups, self._limits, silent=True)
        silent.cookies = self.cookies
        return silent

    async def ask(self, needed: KeysNeeded) -> None:
        """Ask the app whose session it is; bounded by the time-out of look-ups.

        Args:
            needed: what `open` raised.

        Raises:
            Refusal: ``identity_unavailable``.
        """
        if self._lookups is None or not isinstance(needed, LookupNeeded):
            raise needed.unavailable()
        await self._lookups.ask(needed)

    async def aclose(self) -> None:
        """End the questions under way, and close the connections to the app."""
        if self._lookups is not None:
            await self._lookups.aclose()


def is_sealed(token: bytes) -> bool:
    """Whether a token has as many segments as an encrypted session.

    Args:
        token: without escapes.
    """
    return token.count(b".") == SEGMENTS - 1


def unescaped(bearer: bytes) -> bytes:
    """A token as it was before it was percent-encoded, as cookies' values are.

    Args:
        bearer: as received.

    Raises:
        TokenMalformed: a percent sign begins no escape.
    """
    if b"%" not in bearer:
        return bearer
    if _ESCAPED.fullmatch(bearer) is None:
        raise TokenMalformed("The token has a percent sign that begins no escape.")
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), bearer)


def _check_id(sub: object) -> None:
    if sub is None:
        raise ClaimRefused(
            CheckName.SUBJECT,
            Reason.SUBJECT_MISSING,
            "The app's session names no user id; add it in the app's session callback: session.user.id = user.id.",
        )
