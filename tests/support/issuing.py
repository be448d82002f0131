"""An identity provider in a few lines: keys of its own, and tokens signed with them.

Written over cryptography's primitives alone, so that a fault of the verifier cannot hide
in the tests. Used by every test that needs a session or a verified subject.
"""

import base64
import functools
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tidegate.identity.claims import judge
from tidegate.identity.keys import KeySet
from tidegate.identity.keysource import AskOutcome, KeyState, KeyStatus
from tidegate.identity.model import IssuerPolicy, VerifiedSubject
from tidegate.settings.presets import CLERK as CLERK_PRESET

NOW = 1_800_000_000
CLERK = "https://clerk.example.com"
CLERK_USER = "user_2hZqXrV8pJ4kT1mN0cLsWbYdEfa"
CLERK_SESSION = "sess_2iAbCdEfGhIjKlMnOpQrStUvWxy"
ORIGIN = "https://app.example.com"


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def compact_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@functools.cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """One of a few keys, made once: making them is what costs time."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class SigningIssuer:
    """An issuer that signs with one RSA key."""

    def __init__(self, issuer: str = CLERK, *, kid: str = "ins_1", key: int = 0) -> None:
        self.issuer = issuer
        self.kid = kid
        self._key = rsa_key(key)

    @property
    def jwk(self) -> dict[str, object]:
        numbers = self._key.public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        exponent = numbers.e.to_bytes(3, "big")
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": b64(modulus), "e": b64(exponent)}

    @property
    def key_set(self) -> KeySet:
        return KeySet.from_jwks({"keys": [self.jwk]})

    def sign(self, claims: object, **header: object) -> bytes:
        """Sign a payload; a header member given as None is left out."""
        members = {"alg": "RS256", "kid": self.kid, "typ": "JWT", **header}
        kept = {name: value for name, value in members.items() if value is not None}
        return self.sign_octets(compact_json(kept), compact_json(claims))

    def sign_octets(self, header: bytes, payload: bytes) -> bytes:
        signed = f"{b64(header)}.{b64(payload)}".encode()
        return signed + b"." + b64(self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())).encode()

    def session(self, now: float = NOW, **changes: object) -> bytes:
        return self.sign(
            clerk_claims(now, **({"iss": self.issuer} | changes)), cat="cl_B7d4PD111AAA", oiat=int(now) - 600
        )


def clerk_claims(now: float = NOW, **changes: object) -> dict[str, object]:
    """The claims of a session token of Clerk's; a change to None takes the claim out."""
    claims: dict[str, object] = {
        "azp": ORIGIN,
        "exp": int(now) + 60,
        "fva": [5, -1],
        "iat": int(now),
        "iss": CLERK,
        "jti": "0b6f1c5d2e9a47c38f10",
        "nbf": int(now) - 10,
        "sid": CLERK_SESSION,
        "sts": "active",
        "sub": CLERK_USER,
        "v": 2,
    }
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def clerk_policy(**changes: object) -> IssuerPolicy:
    """The default policy for Clerk, with changes."""
    fields: dict[str, object] = {
        "name": "clerk",
        "issuer": CLERK,
        "algorithms": frozenset({"RS256"}),
        "preset": CLERK_PRESET,
    }
    return IssuerPolicy(**(fields | changes))


@functools.cache
def any_key_set() -> KeySet:
    return SigningIssuer().key_set


def subject(claims: Mapping[str, object] | None = None, **policy: object) -> VerifiedSubject:
    """A verified subject, made the only way there is."""
    key = any_key_set().keys[0]
    return judge(clerk_claims() if claims is None else claims, "JWT", clerk_policy(**policy), NOW, key)


class ScriptedKeys:
    """A source of keys that does as the test says, and counts how often it was asked."""

    def __init__(self, name: str, keys: KeySet | None, *outcomes: AskOutcome, found: KeySet | None = None) -> None:
        self.name = name
        self.asked: list[str | None] = []
        self._keys = keys
        self._outcomes = list(outcomes)
        self._found = found

    def current(self) -> KeySet | None:
        return self._keys

    def status(self) -> KeyStatus:
        return KeyStatus(KeyState.FRESH, 0.0, None, 0)

    async def ask(self, kid: str | None) -> AskOutcome:
        self.asked.append(kid)
        if self._found is not None:
            self._keys = self._found
        return self._outcomes.pop(0)

    async def run(self) -> None:
        return

    def doubt(self) -> None:
        self.asked.append("doubt")

    def distrust(self, kid: str) -> bool:
        del kid
        return False
