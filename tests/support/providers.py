"""Every provider of the table: genuine tokens by the sandbox, the policy by the settings, two implementations."""

import functools
import json
from dataclasses import dataclass, replace

from support.issuing import NOW, ScriptedKeys
from tidegate.clock import ManualClock
from tidegate.identity.keys import KeySet
from tidegate.identity.model import IssuerPolicy
from tidegate.identity.service import Issuer, Verifier
from tidegate.sandbox import SHAPES, IdentityProvider
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
    provider: IdentityProvider
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


def octets(token):
    return token if isinstance(token, bytes) else token.encode()


@functools.cache
def world(name):
    """The provider, its keys made once; a test that changes keys uses ``fresh``."""
    return fresh(name)


def fresh(name):
    config = IssuerConfig.model_validate(json.loads(json.dumps(MEMBERS[name])))
    provider = IdentityProvider(config.issuer, ManualClock(NOW), SHAPES[name])
    return World(name, provider, config, IssuerPolicy.from_config(config))


def among_others(*worlds):
    """A verifier that trusts all of these, the first as the primary issuer."""
    further = [one.issuer(namespace=one.name) for one in worlds[1:]]
    return Verifier([worlds[0].issuer(), *further], ManualClock(NOW))
