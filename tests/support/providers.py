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
        return Issuer(held_to, keys, AuthjsSessions(held_to, keys, None))


def sealed(version):
    # The tolerance and the age of the others, so that one list of cases serves all; tests/identity/authjs has its own.
    config = authjs.issuer_config(clock_skew_seconds=5, max_age_seconds=0)
    app = AuthjsApp("https://app.example.com", version, ManualClock(NOW), authjs.SECRET)
    return SealedWorld("authjs", app, config, IssuerPolicy.from_config(config))


def octets(token):
    return token if isinstance(token, bytes) else token.encode()


@functools.cache
def world(name):
    """The provider, its keys made once; a test that changes keys uses ``fresh``."""
    return sealed(VERSIONS[name]) if name in VERSIONS else fresh(name)


def fresh(name):
    config = IssuerConfig.model_validate(json.loads(json.dumps(MEMBERS[name])))
    provider = IdentityProvider(config.issuer, ManualClock(NOW), SHAPES[name])
    return World(name, provider, config, IssuerPolicy.from_config(config))


def among_others(*worlds):
    """A verifier that trusts all of these, the first as the primary issuer."""
    further = [one.issuer(namespace=one.name) for one in worlds[1:]]
    return Verifier([worlds[0].issuer(), *further], ManualClock(NOW))
