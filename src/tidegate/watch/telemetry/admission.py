"""What a beacon must get past before its body is read: cheap questions first."""

import hashlib
import secrets
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.call import Call
from tidegate.http.proxy import limit_key
from tidegate.limits import Gcra
from tidegate.limits.service import FAILURE_COST
from tidegate.tokens.routes import DoorRules
from tidegate.watch.telemetry.caller import Callers

TOKEN_BYTES: Final = 1_024
"""Octets of a token: those that are made here have at most 485, with a user id of 255 characters."""

_FORGED: Final = frozenset({Reason.TOKEN_MALFORMED, Reason.SIGNATURE_INVALID, Reason.TOKEN_KIND_REFUSED})
"""What nobody is refused for who was given a token here."""

_WORDS: Final = MappingProxyType(
    {
        Reason.TOKEN_MISSING: "Send the Stream token as 'Authorization: Bearer <token>'.",
        Reason.TOKEN_TOO_LARGE: "The token is larger than a Stream token. Send that, not the session.",
    }
)
"""The door's rules speak of sessions."""


@dataclass(frozen=True, slots=True)
class BeaconLimits:
    """How often beacons may come; None for a limit that is off.

    Attributes:
        address: from one client address.
        user: from one user.
    """

    address: Gcra | None
    user: Gcra | None


class BeaconAdmission:
    """Tells whose beacon it is, or refuses it.

    Args:
        rules: what a request must satisfy at all.
        limits: the address pays before any cryptography, ten times as much for a forged token.
        callers: tells users by their tokens.
        clock: for limits and tokens.
    """

    __slots__ = ("_callers", "_clock", "_key", "_limits", "_rules")

    def __init__(self, rules: DoorRules, limits: BeaconLimits, callers: Callers, clock: Clock) -> None:
        self._rules = rules
        self._limits = limits
        self._callers = callers
        self._clock = clock
        self._key = secrets.token_bytes(16)

    def user(self, call: Call) -> str:
        """The user whose beacon it is.

        Args:
            call: as it was read.

        Raises:
            Refusal: it gets no further.
        """
        token, address, now = self._token(call), limit_key(call.client), self._clock.monotonic()
        if self._limits.address is not None:
            self._limits.address.spend(address, now)
        try:
            user_id = self._callers.user(token, self._clock.now())
        except Refusal as refusal:
            if self._limits.address is not None and refusal.reason in _FORGED:
                self._limits.address.charge(address, FAILURE_COST - 1, now)
            raise
        if self._limits.user is not None:
            self._limits.user.spend(self._mark(user_id), now)
        return user_id

    def _token(self, call: Call) -> bytes:
        try:
            return self._rules.check(call)
        except Refusal as refusal:
            if refusal.reason in _WORDS:
                raise Refusal(refusal.reason, _WORDS[refusal.reason]) from None
            raise

    def _mark(self, user_id: str) -> str:
        """What the limit remembers instead of the user."""
        return hashlib.blake2b(user_id.encode(), digest_size=16, key=self._key).hexdigest()
