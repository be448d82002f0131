"""Who operates: keys, roles, and what a route asks of whoever calls it.

A key is 256 random bits in a fixed form, so that whoever knows its hash, or may guess as often as he likes, gets
nowhere. The service knows the hashes only, and compares all of them each time.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from fastapi import Request, params

from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Scope
from tidegate.settings.operator_keys import OperatorKey, Role

__all__ = ["Operator", "OperatorCall", "Operators", "Role", "acting_in", "by_method", "dependency", "digest", "new_key"]

SCOPE_KEY: Final = "tidegate.operator"
"""Where the operator lies in the ASGI scope, once the key was accepted."""

PREFIX: Final = "/operator/v1"
"""Of every route for operators."""

_FORM: Final = re.compile(rb"tgo_[A-Za-z0-9_-]{43}")
_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever holds an accepted key.

    Attributes:
        name: as configured.
        role: how far the key goes.
    """

    name: str
    role: Role

    def demand(self, needed: Role) -> None:
        """See that this operator may do something.

        Args:
            needed: the least role for it.

        Raises:
            Refusal: ``operator_role_refused``.
        """
        if not self.role.covers(needed):
            raise Refusal(
                Reason.OPERATOR_ROLE_REFUSED, f"This needs the role {needed}; the key is that of a {self.role}."
            )


@dataclass(frozen=True, slots=True)
class OperatorCall:
    """One call of an operator's route, answered; what is recorded of it.

    Attributes:
        operator: name; None where no key was accepted.
        role: of the key; None likewise.
        method: as received, one of the known methods.
        route: the route's template, never the path as received.
        status: of the answer.
        reason: of a refusal, else ``none``.
        request_id: also in the answer and in the request's log line.
        client: address.
        trace: the W3C trace id, if one came.
    """

    operator: str | None
    role: Role | None
    method: str
    route: str
    status: int
    reason: str
    request_id: str
    client: str
    trace: str | None


class Operators:
    """The keys that are accepted.

    Args:
        keys: as configured.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[OperatorKey]) -> None:
        self._keys = tuple((bytes.fromhex(key.sha256), Operator(key.name, key.role)) for key in keys)

    @classmethod
    def from_setting(cls, keys: Sequence[OperatorKey]) -> Self:
        """The operators of ``TIDEGATE_OPERATOR_KEYS``."""
        return cls(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def identify(self, authorization: bytes | None) -> Operator:
        """Whose key a request carries.

        What has not the form of a key is refused unread, whoever's session or password it is. The time that the rest
        takes depends on the number of keys alone.

        Args:
            authorization: the value of the header ``Authorization``; None where there is none.

        Raises:
            Refusal: ``operator_key_missing`` or ``operator_key_refused``.
        """
        scheme, _, key = (authorization or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            raise Refusal(Reason.OPERATOR_KEY_MISSING, self._missing())
        key = key.strip(b" ")
        if _FORM.fullmatch(key) is None:
            raise Refusal(
                Reason.OPERATOR_KEY_REFUSED, "This is no operator's key: they begin with tgo_. Sessions are no keys."
            )
        given = hashlib.sha256(key).digest()
        found: Operator | None = None
        for known, operator in self._keys:
            if hmac.compare_digest(known, given):
                found = operator
        if found is None:
            raise Refusal(Reason.OPERATOR_KEY_REFUSED, "The operator's key is none of TIDEGATE_OPERATOR_KEYS.")
        return found

    def _missing(self) -> str:
        if not self._keys:
            return "No operator is configured here. Make a key: tidegate operator add NAME --role operator"
        return "Send the operator's key as 'Authorization: Bearer tgo_...'."


def new_key() -> str:
    """A new key: 256 bits from the system's generator, in the form of a key."""
    return f"tgo_{secrets.token_urlsafe(32)}"


def digest(key: str) -> str:
    """The hash by which the service knows a key: SHA-256 in hexadecimal digits.

    A fast hash will do, since what is hashed has as many random bits as the hash.

    Args:
        key: from `new_key`.
    """
    return hashlib.sha256(key.encode("ascii")).hexdigest()


def least_role(method: str) -> Role:
    """The role without which no route is reached: whatever may change something is for operators.

    Args:
        method: of the request.
    """
    return Role.VIEWER if method in _SAFE else Role.OPERATOR


def acting_in(scope: Scope) -> Operator:
    """The operator of a request.

    Args:
        scope: the ASGI scope of a request that the gate of the operator's listener let through.

    Raises:
        Refusal: ``operator_key_missing``: it came by another way.
    """
    operator = scope.get(SCOPE_KEY)
    if not isinstance(operator, Operator):
        raise Refusal(Reason.OPERATOR_KEY_MISSING, "This route is on the operator's listener only.")
    return operator


def by_method() -> params.Depends:
    """What the operators' routes share, so that one that forgets to ask for a role is no hole: see `least_role`."""

    async def least(request: Request) -> None:
        acting_in(request.scope).demand(least_role(request.method))

    return params.Depends(least)


def dependency(needed: Role) -> params.Depends:
    """What a route declares to learn who acts, and to be reached by those only who may.

    ``acting: Annotated[Operator, dependency(Role.OPERATOR)]``

    Args:
        needed: the least role.

    Returns:
        for the framework. It refuses with ``operator_role_refused``.
    """

    async def acting(request: Request) -> Operator:
        operator = acting_in(request.scope)
        operator.demand(needed)
        return operator

    return params.Depends(acting)
