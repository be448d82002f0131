"""The shapes of the identity providers that the sandbox can be: addresses, key ids, and what their tokens say.

Written from the providers' public documentation, apart from the table of presets that it tests.
"""

import hashlib
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from tidegate.sandbox.claims import SESSION_CATEGORY, SESSION_LIFE_SECONDS, SessionShape, session_claims, times
from tidegate.sandbox.people import APP_ORIGIN, Person
from tidegate.sandbox.removed import REMOVED
from tidegate.sandbox.signing import random_id

PROJECT: Final = "sandbox-project"
API: Final = "https://chat.sandbox.example"
CLIENT: Final = "1sandbox23456789abcdefghij"
POOL: Final = "eu-west-1_Sandbox01"
REALM: Final = "sandbox"
KEYCLOAK_CLIENT: Final = "chat-app"
HOUR: Final = 3600
COMMON_FIELDS: Final = frozenset({"life", "age", "expired", "jti", "impersonated_by", "kind"})

_WELL_KNOWN_KEYS: Final = "/.well-known/jwks.json"
Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Shape:
    """One provider's shape.

    Attributes:
        name: as ``--as`` takes it.
        title: its name for people.
        issuer_path: what follows the address of the stand-in in ``iss``.
        jwks_path: where the key set is, after that address.
        algorithms: of its keys, the usual one first.
        claims: what a session says: person, shape and moment to claims; ``iss`` comes from the provider.
        members: what an issuer's configuration says besides its name; issuer and key set URL come from the provider.
        others: the tokens that the same keys sign and that are no sessions: kind to claims laid over a session's,
            ``header`` among them for the header's.
        header: members of the header besides ``alg`` and ``kid``.
        fields: which ways to differ its sessions have, besides :data:`COMMON_FIELDS`.
        life: seconds from ``iat`` to ``exp``.
        new_kid: makes a key id.
    """

    name: str
    title: str
    issuer_path: str
    jwks_path: str
    algorithms: tuple[str, ...]
    claims: Callable[[Person, SessionShape, float], Claims]
    members: Callable[[str, str], Claims]
    others: Mapping[str, Claims] = field(default_factory=dict)
    header: Claims = field(default_factory=lambda: {"typ": "JWT"})
    fields: frozenset[str] = frozenset()
    life: int = HOUR
    new_kid: Callable[[], str] = lambda: str(uuid.uuid4())

    def overlay(self, kind: str) -> Claims:
        """What a token of another kind says differently.

        Args:
            kind: ``session``, or one of ``others``.

        Raises:
            ValueError: it has no such tokens.
        """
        if kind != "session" and kind not in self.others:
            raise ValueError(f"{self.title}'s tokens are session{''.join(f', {one}' for one in self.others)}")
        return self.others.get(kind, {})

    def refuse_foreign(self, names: set[str]) -> None:
        """Refuse ways to differ that its sessions do not have.

        Args:
            names: fields of :class:`~tidegate.sandbox.claims.SessionShape`.

        Raises:
            ValueError: it has not all of them.
        """
        foreign = names - COMMON_FIELDS - self.fields
        if foreign:
            raise ValueError(f"{self.title}'s sessions have no {', '.join(sorted(foreign))}")


def _uuid(person: Person) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://sandbox.example/{person.subject}"))


def _digest(person: Person) -> str:
    return hashlib.sha256(person.subject.encode()).hexdigest()


def _acted(shape: SessionShape) -> Claims:
    return {} if shape.impersonated_by is None else {"act": {"sub": shape.impersonated_by}}


def _clerk(person: Person, shape: SessionShape, now: float) -> Claims:
    return session_claims(person, shape, now)


def _supabase(person: Person, shape: SessionShape, now: float) -> Claims:
    moment = times(shape, now)
    provider = {} if shape.anonymous else {"provider": "email", "providers": ["email"]}
    known = {} if shape.anonymous else {"full_name": person.name, "avatar_url": person.picture, "email_verified": True}
    return {
        "aal": "aal1",
        "amr": [{"method": "anonymous" if shape.anonymous else "password", "timestamp": moment["iat"]}],
        "app_metadata": provider,
        "aud": "authenticated",
        "email": "" if shape.anonymous else person.email,
        "is_anonymous": shape.anonymous,
        "phone": "",
        "role": "authenticated",
        "session_id": str(uuid.uuid4()),
        "sub": _uuid(person),
        "user_metadata": known,
        **moment,
        **_acted(shape),
    }


def _firebase(person: Person, shape: SessionShape, now: float) -> Claims:
    user = _digest(person)[:28]
    identities = {} if shape.anonymous else {"email": [person.email]}
    known = {"name": person.name, "picture": person.picture, "email": person.email, "email_verified": True}
    moment = times(shape, now)
    return {
        "aud": PROJECT,
        "auth_time": moment["iat"],
        "firebase": {"identities": identities, "sign_in_provider": "anonymous" if shape.anonymous else "password"},
        "sub": user,
        "user_id": user,
        **({"provider_id": "anonymous"} if shape.anonymous else known),
        **moment,
        **_acted(shape),
    }


def _auth0(person: Person, shape: SessionShape, now: float) -> Claims:
    organization = {} if shape.organization is None else {"org_id": f"org_sandbox{shape.organization.replace('-', '')}"}
    return {
        "aud": [API, "https://sandbox.example/userinfo"],
        "azp": CLIENT,
        "permissions": [],
        "scope": "openid profile email",
        "sub": f"auth0|{_digest(person)[:24]}",
        **organization,
        **times(shape, now),
        **_acted(shape),
    }


def _cognito(person: Person, shape: SessionShape, now: float) -> Claims:
    subject, moment = _uuid(person), times(shape, now)
    return {
        "auth_time": moment["iat"],
        "client_id": CLIENT,
        "cognito:groups": ["chatters"],
        "event_id": str(uuid.uuid4()),
        "jti": str(uuid.uuid4()),
        "origin_jti": str(uuid.uuid4()),
        "scope": "aws.cognito.signin.user.admin",
        "sub": subject,
        "token_use": "access",
        "username": subject,
        **moment,
        **_acted(shape),
    }


def _keycloak(person: Person, shape: SessionShape, now: float) -> Claims:
    first, _, last = person.name.partition(" ")
    moment = times(shape, now)
    return {
        "acr": "1",
        "allowed-origins": ["*"],
        "aud": "account",
        "auth_time": moment["iat"],
        "azp": KEYCLOAK_CLIENT,
        "email": person.email,
        "email_verified": True,
        "family_name": last,
        "given_name": first,
        "jti": str(uuid.uuid4()),
        "name": person.name,
        "preferred_username": first.lower(),
        "realm_access": {"roles": ["offline_access", "uma_authorization", "default-roles-sandbox"]},
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": "openid profile email",
        "sid": str(uuid.uuid4()),
        "sub": _uuid(person),
        "typ": "Bearer",
        **moment,
        **_acted(shape),
    }


def _oidc(person: Person, shape: SessionShape, now: float) -> Claims:
    return {
        "aud": CLIENT,
        "azp": CLIENT,
        "email": person.email,
        "name": person.name,
        "nonce": secrets.token_hex(8),
        "picture": person.picture,
        "sub": _digest(person)[:20],
        **times(shape, now),
        **_acted(shape),
    }


CLERK_SHAPE: Final = Shape(
    name="clerk",
    title="Clerk",
    issuer_path="",
    jwks_path=_WELL_KNOWN_KEYS,
    algorithms=("RS256", "ES256"),
    claims=_clerk,
    members=lambda issuer, keys: {
        "kind": "clerk",
        "issuer": issuer,
        "jwks_url": keys,
        "authorized_parties": (APP_ORIGIN,),
    },
    others={
        "template": {"sid": REMOVED, "sts": REMOVED, "fva": REMOVED, "v": REMOVED},
        "machine": {"sub": "mch_2sandboxXk4Tz9QmWv2LrB7Nc", "sid": REMOVED, "sts": REMOVED, "fva": REMOVED},
        "access": {"header": {"typ": "at+jwt"}, "sid": REMOVED, "sts": REMOVED, "client_id": CLIENT},
    },
    header={"cat": SESSION_CATEGORY, "typ": "JWT"},
    fields=frozenset({"pending", "organization", "no_azp", "version"}),
    life=SESSION_LIFE_SECONDS,
    new_kid=lambda: random_id("ins"),
)

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        shape.name: shape
        for shape in (
            CLERK_SHAPE,
            Shape(
                name="supabase",
                title="Supabase",
                issuer_path="/auth/v1",
                jwks_path=f"/auth/v1{_WELL_KNOWN_KEYS}",
                algorithms=("ES256", "RS256"),
                claims=_supabase,
                members=lambda issuer, _: {"preset": "supabase", "issuer": issuer},
                others={
                    "machine": {"role": "service_role", "sub": REMOVED, "session_id": REMOVED, "email": REMOVED},
                    "access": {"client_id": CLIENT},
                },
                fields=frozenset({"anonymous"}),
            ),
            Shape(
                name="firebase",
                title="Firebase",
                issuer_path=f"/{PROJECT}",
                jwks_path="/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
                algorithms=("RS256",),
                claims=_firebase,
                members=lambda issuer, keys: {
                    "preset": "firebase",
                    "issuer": issuer,
                    "jwks_url": keys,
                    "audience": (PROJECT,),
                },
                others={"tenant": {"firebase": {"sign_in_provider": "password", "identities": {}, "tenant": "acme-1"}}},
                fields=frozenset({"anonymous"}),
                new_kid=lambda: secrets.token_hex(20),
            ),
            Shape(
                name="auth0",
                title="Auth0",
                issuer_path="/",
                jwks_path=_WELL_KNOWN_KEYS,
                algorithms=("RS256",),
                claims=_auth0,
                members=lambda issuer, _: {"preset": "auth0", "issuer": issuer, "audience": (API,)},
                others={
                    "id": {
                        "aud": CLIENT,
                        "azp": REMOVED,
                        "scope": REMOVED,
                        "permissions": REMOVED,
                        "nonce": "n-0S6_WzA2Mj",
                        "sid": "s-1",
                    },
                    "machine": {"sub": f"{CLIENT}@clients", "gty": "client-credentials", "aud": API},
                    "machine9068": {"header": {"typ": "at+jwt"}, "sub": CLIENT, "client_id": CLIENT, "azp": REMOVED},
                },
                fields=frozenset({"organization"}),
                life=24 * HOUR,
                new_kid=lambda: secrets.token_urlsafe(16),
            ),
            Shape(
                name="cognito",
                title="Amazon Cognito",
                issuer_path=f"/{POOL}",
                jwks_path=f"/{POOL}{_WELL_KNOWN_KEYS}",
                algorithms=("RS256",),
                claims=_cognito,
                members=lambda issuer, _: {"preset": "cognito", "issuer": issuer, "client": (CLIENT,)},
                others={
                    "id": {
                        "token_use": "id",
                        "aud": CLIENT,
                        "client_id": REMOVED,
                        "username": REMOVED,
                        "scope": REMOVED,
                        "cognito:username": "ada",
                    },
                    "machine": {"sub": CLIENT, "username": REMOVED, "origin_jti": REMOVED, "cognito:groups": REMOVED},
                },
                header={},
                new_kid=lambda: f"{secrets.token_urlsafe(32)}=",
            ),
            Shape(
                name="keycloak",
                title="Keycloak",
                issuer_path=f"/realms/{REALM}",
                jwks_path=f"/realms/{REALM}/protocol/openid-connect/certs",
                algorithms=("RS256", "ES256"),
                claims=_keycloak,
                members=lambda issuer, _: {"preset": "keycloak", "realm": issuer, "client": (KEYCLOAK_CLIENT,)},
                others={
                    "id": {"typ": "ID", "aud": KEYCLOAK_CLIENT, "realm_access": REMOVED, "resource_access": REMOVED},
                    "machine": {
                        "preferred_username": "service-account-chat-app",
                        "client_id": KEYCLOAK_CLIENT,
                        "clientHost": "192.0.2.7",
                        "sid": REMOVED,
                    },
                    "refresh": {"typ": "Refresh"},
                },
                life=300,
                new_kid=lambda: secrets.token_urlsafe(32),
            ),
            Shape(
                name="oidc",
                title="OpenID Connect",
                issuer_path="",
                jwks_path="/keys.json",
                algorithms=("RS256", "ES256"),
                claims=_oidc,
                members=lambda issuer, _: {"preset": "oidc", "issuer": issuer, "audience": (CLIENT,)},
                others={"access": {"header": {"typ": "at+jwt"}, "client_id": CLIENT, "nonce": REMOVED}},
            ),
        )
    }
)
"""Name to shape. Clerk's is the one that the sandbox has where nothing else is said."""
