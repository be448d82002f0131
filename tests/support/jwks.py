"""Public keys for tests of the key ring: cheap to make, the same for the same name."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def private_key(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def jwk(kid: str, *, seed: str | None = None) -> dict[str, object]:
    """A JWK named `kid`; the same seed gives the same key."""
    public = private_key(seed or kid).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x}


def jwks(*kids: str) -> dict[str, object]:
    return {"keys": [jwk(kid) for kid in kids]}


def pem(seed: str) -> bytes:
    return private_key(seed).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
