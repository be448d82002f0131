"""The limits of the exchange, in the order in which they are asked."""

from dataclasses import dataclass

from tidegate.errors import Reason
from tidegate.limits.gcra import Gcra


@dataclass(frozen=True, slots=True)
class LimitRates:
    """Requests a minute; 0 turns a limit off.

    Attributes:
        address: for one client address (an IPv4 address, or the /64 of an IPv6 one).
        subject: for one chat user.
        issuer: for all users of one issuer together.
        total: for everybody together.
        entries: the most addresses, and the most subjects, remembered at once.
        lookup: questions to an app's session route that one client address may cause.
    """

    address: int
    subject: int
    issuer: int
    total: int
    entries: int
    lookup: int = 0


FAILURE_COST = 10
"""What a failed verification costs an address, in requests: guessing is ten times as dear as asking."""


class ExchangeLimits:
    """Address before any cryptography; subject, issuer and total after it.

    Args:
        rates: requests a minute for each scope.
    """

    __slots__ = ("_address", "_issuer", "_lookup", "_subject", "_total")

    def __init__(self, rates: LimitRates) -> None:
        self._address = _limit("address", Reason.LIMIT_ADDRESS, rates.address, rates.entries)
        self._subject = _limit("subject", Reason.LIMIT_SUBJECT, rates.subject, rates.entries)
        self._issuer = _limit("issuer", Reason.LIMIT_ISSUER, rates.issuer, 64)
        self._lookup = _limit("lookup", Reason.LIMIT_ADDRESS, rates.lookup, rates.entries)
        self._total = _limit("total", Reason.LIMIT_TOTAL, rates.total, 2)

    def spend_address(self, address: str, now: float) -> None:
        """Take one request from an address.

        Raises:
            LimitExceeded: `limit_address`.
        """
        if self._address is not None:
            self._address.spend(address, now)

    def spend_lookup(self, address: str, issuer: str, now: float) -> None:
        """Take one question to one app's session route from an address, besides the request itself.

        Raises:
            LimitExceeded: `limit_address`.
        """
        if self._lookup is not None:
            self._lookup.spend(f"{issuer} {address}", now)

    def charge_failure(self, address: str, now: float) -> None:
        """Take the rest of what a failed verification costs."""
        if self._address is not None:
            self._address.charge(address, FAILURE_COST - 1, now)

    def spend_subject(self, user_id: str, issuer: str, now: float) -> None:
        """Take one request from a subject, then its issuer, then everybody.

        The first that refuses ends it: the later ones are not debited.

        Raises:
            LimitExceeded: `limit_subject`, `limit_issuer` or `limit_total`.
        """
        if self._subject is not None:
            self._subject.spend(user_id, now)
        if self._issuer is not None:
            self._issuer.spend(issuer, now)
        if self._total is not None:
            self._total.spend("", now)


def _limit(scope: str, reason: Reason, per_minute: int, entries: int) -> Gcra | None:
    return Gcra(scope, reason, limit=per_minute, entries=entries) if per_minute else None
