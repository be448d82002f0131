"""What a session token of the sandbox says: each claim settable, and Clerk's, which are the usual ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.sandbox.people import APP_ORIGIN, Person
from tidegate.sandbox.removed import REMOVED
from tidegate.sandbox.signing import random_id

SESSION_CATEGORY: Final = "cl_B7d4PD111AAA"
"""Clerk's ``cat`` header for session tokens, as their public tokens show it."""

TEMPLATE_CATEGORY: Final = "cl_B7d4PD222AAA"
"""The same for tokens made from a JWT template."""

MACHINE_CATEGORY: Final = "cl_B7d4PD333AAA"
"""The same for machine-to-machine tokens."""

DASHBOARD: Final = "https://dashboard.sandbox.example"
SESSION_LIFE_SECONDS: Final = 60
NOT_BEFORE_SECONDS: Final = 10
EXPIRED_AGO_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class SessionShape:
    """The common ways in which a session differs from the plain one.

    Attributes:
        life: seconds from ``iat`` to ``exp``.
        age: seconds since it was minted; more than ``life`` makes it an expired one.
        expired: it ran out an hour ago.
        pending: ``sts`` says that sign-in is not complete.
        impersonated_by: the subject of the ``act`` claim.
        organization: the slug of the active organisation, claim ``o``.
        no_azp: as native apps send it, without ``azp``.
        version: 2, or 1 for the older form (no ``v``, organisation in ``org_…`` claims).
        jti: with a token id.
        anonymous: nobody signed in, where the provider has such sessions.
        kind: ``session``, or another token that the same keys sign.
    """

    life: int = SESSION_LIFE_SECONDS
    age: int = 0
    expired: bool = False
    pending: bool = False
    impersonated_by: str | None = None
    organization: str | None = None
    no_azp: bool = False
    version: int = 2
    jti: bool = False
    anonymous: bool = False
    kind: str = "session"


def _organization(slug: str, version: int) -> dict[str, object]:
    identifier = f"org_2sandbox{slug.replace('-', '')}"
    if version == 1:
        return {"org_id": identifier, "org_slug": slug, "org_role": "org:member", "org_permissions": []}
    return {"o": {"id": identifier, "slg": slug, "rol": "member", "per": "", "fpm": ""}}


def times(shape: SessionShape, now: float) -> dict[str, int]:
    """``iat`` and ``exp`` of a session.

    Args:
        shape: what is special about it.
        now: seconds since the epoch.
    """
    issued = int(now) - (shape.life + EXPIRED_AGO_SECONDS if shape.expired else shape.age)
    return {"iat": issued, "exp": issued + shape.life}


def session_claims(person: Person, shape: SessionShape, now: float) -> dict[str, object]:
    """The claims of a session of Clerk's, before any override, without ``iss``.

    Args:
        person: who is signed in. Name, e-mail and picture are in it as a customised Clerk
            session token has them; the plain one has none of the three.
        shape: what is special about it.
        now: seconds since the epoch.
    """
    moment = times(shape, now)
    claims: dict[str, object] = {
        "sub": person.subject,
        "sid": random_id("sess"),
        "azp": APP_ORIGIN,
        **moment,
        "nbf": moment["iat"] - NOT_BEFORE_SECONDS,
        "sts": "pending" if shape.pending else "active",
        "fva": [0, -1],
        "name": person.name,
        "email": person.email,
        "picture": person.picture,
    }
    if shape.version != 1:
        claims["v"] = shape.version
    if shape.no_azp:
        del claims["azp"]
    if shape.impersonated_by is not None:
        claims["act"] = {"iss": DASHBOARD, "sid": random_id("sess"), "sub": shape.impersonated_by}
    if shape.organization is not None:
        claims.update(_organization(shape.organization, shape.version))
    return claims


def overridden(members: Mapping[str, object], overrides: Mapping[str, object]) -> dict[str, object]:
    """``members`` with ``overrides`` laid over it; ``REMOVED`` takes a member out."""
    return {name: value for name, value in {**members, **overrides}.items() if value is not REMOVED}
