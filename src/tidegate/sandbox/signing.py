"""The identity provider's keys: made, published as JWK, and used to sign.

Written without a look at the verifier of Tidegate, so that the two prove each
other: RFC 7515 (JWS), RFC 7517 (JWK) and RFC 7518 (algorithms).
"""

import base64
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS: Final = ("RS256", "ES256")
_BASE62: Final = string.digits + string.ascii_letters
_RSA_BITS: Final = 2048
_P256_OCTETS: Final = 32


def base64url(octets: bytes) -> str:
    """Unpadded base64url (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def random_id(prefix: str, length: int = 27) -> str:
    """An id in Clerk's style, for instance ``sess_2ab…``.

    Args:
        prefix: what stands before the underscore.
        length: how many characters of ``0-9a-zA-Z`` follow it.
    """
    return f"{prefix}_" + "".join(secrets.choice(_BASE62) for _ in range(length))


def _integer(number: int, octets: int | None = None) -> str:
    """A big-endian integer in base64url (RFC 7518, section 2)."""
    return base64url(number.to_bytes(octets or (number.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key with its name.

    Attributes:
        kid: the key id of header and key set.
        algorithm: ``RS256`` or ``ES256``.
    """

    kid: str
    algorithm: str
    _private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, algorithm: str, kid: str | None = None) -> "SigningKey":
        """Make a key; about 60 ms for RSA.

        Args:
            algorithm: ``RS256`` or ``ES256``.
            kid: the key id; a random one in Clerk's style by default.

        Raises:
            ValueError: another algorithm.
        """
        if algorithm == "RS256":
            return cls(kid or random_id("ins"), algorithm, rsa.generate_private_key(65537, _RSA_BITS))
        if algorithm == "ES256":
            return cls(kid or random_id("ins"), algorithm, ec.generate_private_key(ec.SECP256R1()))
        raise ValueError(f"the sandbox signs with {' or '.join(ALGORITHMS)}, not {algorithm!r}")

    def sign(self, octets: bytes) -> bytes:
        """The JWS signature over ``octets`` (RFC 7518, sections 3.3 and 3.4)."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._private.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_P256_OCTETS, "big") + s.to_bytes(_P256_OCTETS, "big")

    def public_pem(self) -> str:
        """The public key as a PEM (SubjectPublicKeyInfo), as ``CLERK_JWT_KEY`` holds it."""
        return (
            self._private.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode("ascii")
        )

    def jwk(self) -> dict[str, object]:
        """The public key as a JWK (RFC 7518, section 6)."""
        named: dict[str, object] = {"use": "sig", "kid": self.kid, "alg": self.algorithm}
        if isinstance(self._private, rsa.RSAPrivateKey):
            public = self._private.public_key().public_numbers()
            return {**named, "kty": "RSA", "n": _integer(public.n), "e": _integer(public.e)}
        point = self._private.public_key().public_numbers()
        coordinates = {"x": _integer(point.x, _P256_OCTETS), "y": _integer(point.y, _P256_OCTETS)}
        return {**named, "kty": "EC", "crv": "P-256", **coordinates}


def compact(key: SigningKey, header: Mapping[str, object], payload: Mapping[str, object] | bytes) -> str:
    """A compact JWS (RFC 7515, section 7.1), whatever its header and payload say.

    Args:
        key: signs it, by its own algorithm, even where the header names another.
        header: the protected header, complete.
        payload: claims, or raw octets for tokens that are wrong on purpose.
    """
    octets = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    signed = f"{base64url(orjson.dumps(header))}.{base64url(octets)}"
    return f"{signed}.{base64url(key.sign(signed.encode('ascii')))}"
