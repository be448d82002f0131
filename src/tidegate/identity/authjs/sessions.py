"""Who sent a session of Auth.js: told by opening it, or by asking the app that keeps it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.jwe import SEGMENTS, parse
from tidegate.identity.authjs.keys import SecretKeys
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
        silent: the app is not asked, whatever it knows.

    Attributes:
        policy: what its sessions are held to.
    """

    __slots__ = ("_app", "_asked_policy", "_keys", "_limits", "_lookups", "_silent", "policy")

    def __init__(
        self,
        policy: IssuerPolicy,
        keys: SecretKeys,
        lookups: Lookups | None = None,
        limits: JwsLimits = DEFAULT,
        *,
        silent: bool = False,
    ) -> None:
        self.policy = policy
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
        token = _unescaped(bearer) if b"%" in bearer else bearer
        if token.count(b".") == SEGMENTS - 1 and self._keys.any:
            payload, key = self._keys.open(parse(token, self._limits))
            return Opened(_claims(payload), self.policy, key)
        if self._lookups is not None and can_be_asked(token):
            if self._silent:
                raise Refusal(Reason.IDENTITY_UNAVAILABLE, _NOT_ASKED)
            claims = self._lookups.claims(token)
            _check_id(claims.get("sub"))
            return Opened(claims, self._asked_policy, self._app)
        raise TokenMalformed("The token is neither a signed session nor one of Auth.js as it is configured here.")

    @property
    def vigil(self) -> Vigil | None:
        """Who knows whether the app's session route answers; None where it is not asked."""
        return None if self._lookups is None else self._lookups.vigil

    def silenced(self) -> "AuthjsSessions":
        """The same, for explanations: nothing that it is given leaves this machine."""
        return AuthjsSessions(self.policy, self._keys, self._lookups, self._limits, silent=True)

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


def _unescaped(bearer: bytes) -> bytes:
    if _ESCAPED.fullmatch(bearer) is None:
        raise TokenMalformed("The token has a percent sign that begins no escape.")
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), bearer)


def _claims(payload: bytes) -> Mapping[str, object]:
    try:
        return parse_object(payload)
    except StrictJsonError as error:
        raise TokenMalformed(f"The session's content is refused: {error}.") from None


def _check_id(sub: object) -> None:
    if sub is None:
        raise ClaimRefused(
            CheckName.SUBJECT,
            Reason.SUBJECT_MISSING,
            "The app's session names no user id; add it in the app's session callback: session.user.id = user.id.",
        )
