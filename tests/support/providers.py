"""Every provider of the table: genuine tokens by the sandbox, the policy by the settings, two implementations."""

import functools
import json
from dataclasses import dataclass, replace

from support import authjs
from support.issuing import NOW, ScriptedKeys
from tidegate.clock import ManualClock
from tidegate.identity.authjs.jwe import Form
from tidegate.identity.authjs.keys import SecretKeys
from tidegate.identity.authjs.sessions import AuthjsSessions
from tidegate.identity.keys import KeySet
from tidegate.identity.model import IssuerPolicy
from tidegate.identity.service import Issuer, Verifier
from tidegate.sandbox import SHAPES, AuthjsApp, IdentityProvider
from tidegate.sandbox.authjs import VERSIONS
from tidegate.sandbox.shapes import API, CLIENT, KEYCLOAK_CLIENT, POOL, PROJECT
from tidegate.settings import IssuerConfig
from tidegate.settings.presets import PRESETS

REF = "abcdefghijklmnopqrst"
SIGNED = tuple(name for name, row in PRESETS.items() if row.algorithms)
"""The providers whose sessions are signed with public keys."""

BESIDE = {
    "authjs beside nextauth": (5, 4),
    "nextauth beside authjs": (4, 5),
    "authjs beside authjs": (5, 5),
    "nextauth beside nextauth": (4, 4),
}
"""An app with Auth.js where there is a second one: the version of each."""

MEMBERS = {
    "clerk": {"preset": "clerk", "issuer": "https://clerk.example.com"},
    "supabase": {"preset": "supabase", "project": REF},
    "firebase": {"preset": "firebase", "project": PROJECT},
    "auth0": {"preset": "auth0", "domain": "example.eu.auth0.com", "audience": API},
    "cognito": {"preset": "cognito", "pool": POOL, "client": CLIENT},
    "keycloak": {
        "preset": "keycloak",
        "realm": "https://login.example.net/realms/sandbox",
        "client": KEYCLOAK_CLIENT,
    },
    "oidc": {"preset": "oidc", "issuer": "https://login.example.org", "audience": [CLIENT]},
}
"""What a team knows, of each."""


@dataclass(frozen=True)
class World:
    """One provider: who issues, and what a service that trusts it is configured with."""

    name: str
    provider: IdentityProvider | AuthjsApp
    config: IssuerConfig
    policy: IssuerPolicy
    beside: "World | None" = None

    def keys(self):
        return KeySet.from_jwks(self.provider.jwks())

    def issuer(self, **policy):
        return Issuer(replace(self.policy, **policy), ScriptedKeys(self.name, self.keys()))

    def verify(self, token, now=NOW, **policy):
        """Judge a token under this provider's policy, with changes."""
        return Verifier([self.issuer(**policy)], ManualClock(now)).verify(octets(token), now)

    def session(self, **claims):
        return self.provider.session(**claims)


class SealedWorld(World):
    """The same for sessions that only a shared secret opens."""

    def issuer(self, **policy):
        held_to = replace(self.policy, **policy)
        keys = SecretKeys(self.name, self.config.issuer, [self.provider.secret], authjs.COOKIES, frozenset(Form))
        return Issuer(held_to, keys, AuthjsSessions(held_to, keys, cookies=authjs.COOKIES))

    def verify(self, token, now=NOW, **policy):
        """Judge a token under this app's policy; where there is another app, beside that one."""
        beside = [] if self.beside is None else [self.beside.issuer()]
        return Verifier([self.issuer(**policy), *beside], ManualClock(now)).verify(octets(token), now)


def sealed(version, name="authjs", secret=authjs.SECRET, beside=None):
    # The tolerance and the age of the others, so that one list of cases serves all; tests/identity/authjs has its own.
    config = authjs.issuer_config(name=name, issuer=name, clock_skew_seconds=5, max_age_seconds=0)
    app = AuthjsApp("https://app.example.com", version, ManualClock(NOW), secret)
    return SealedWorld(name, app, config, IssuerPolicy.from_config(config), beside)


def second_app(version, name="second"):
    """An app with another secret, whose sessions are of the one version."""
    return sealed(version, name, "x4" * 20)


def octets(token):
    return token if isinstance(token, bytes) else token.encode()


@functools.cache
def world(name):
    """The provider, its keys made once; a test that changes keys uses ``fresh``."""
    if name in BESIDE:
        own, other = BESIDE[name]
        return sealed(own, beside=second_app(other))
    return sealed(VERSIONS[name]) if name in VERSIONS else fresh(name)


def fresh(name):
    config = IssuerConfig.model_validate(json.loads(json.dumps(MEMBERS[name])))
    provider = IdentityProvider(config.issuer, ManualClock(NOW), SHAPES[name])
    return World(name, provider, config, IssuerPolicy.from_config(config))


def among_others(*worlds):
    """A verifier that trusts all of these, the first as the primary issuer."""
    further = [one.issuer(namespace=one.name) for one in worlds[1:]]
    return Verifier([worlds[0].issuer(), *further], ManualClock(NOW))
