"""The signature algorithms that are known here, each tied to the one kind of key that may use it.

``none`` and the HS* family do not occur in this table, so no allow-list can let them in.
"""

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

PublicKey = RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey
Check = Callable[[bytes, bytes], bool]
"""Takes a signature and the octets it should cover; True if it does."""

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
# RFC 7518, section 3.4: each ES algorithm is one curve with one hash.
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
ED25519_ALGORITHMS: Final = frozenset({"Ed25519", "EdDSA"})  # RFC 9864 and the older RFC 8037 name
ALGORITHMS: Final = RSA_ALGORITHMS | ED25519_ALGORITHMS | frozenset(_CURVES.values())
"""Every algorithm that a key set can verify."""


def fitting(public: PublicKey) -> frozenset[str]:
    """The algorithms that a key's type and curve allow: its one family.

    Args:
        public: the key.

    Returns:
        ``alg`` values; empty for a curve that no supported algorithm uses.
    """
    if isinstance(public, RSAPublicKey):
        return RSA_ALGORITHMS
    if isinstance(public, Ed25519PublicKey):
        return ED25519_ALGORITHMS
    name = _CURVES.get(public.curve.name)
    return frozenset() if name is None else frozenset({name})


def check_for(algorithm: str, public: PublicKey) -> Check:
    """Make the signature check for one key and algorithm, with all that can be prepared prepared.

    Args:
        algorithm: one of ``fitting(public)``.
        public: the key.

    Returns:
        a function of signature and signed octets; it answers False for a signature of any
        other length than the algorithm's own.
    """
    if isinstance(public, Ed25519PublicKey):
        return _ed25519(public)
    hashing = _HASHES[algorithm[2:]]
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _ecdsa(public, hashing)
    if algorithm.startswith("PS"):
        # RFC 7518, section 3.5: the salt is as long as the hash, and MGF1 uses the same hash.
        return _rsa(public, padding.PSS(padding.MGF1(hashing), hashing.digest_size), hashing)
    return _rsa(public, padding.PKCS1v15(), hashing)


def _rsa(public: RSAPublicKey, scheme: padding.PSS | padding.PKCS1v15, hashing: hashes.HashAlgorithm) -> Check:
    # OpenSSL takes a PSS signature whose leading zero octets were cut off; RFC 8017, section 8.1.2, does not.
    length = (public.key_size + 7) // 8
    verify = public.verify

    def check(signature: bytes, signed: bytes) -> bool:
        if len(signature) != length:
            return False
        try:
            verify(signature, signed, scheme, hashing)
        except InvalidSignature:
            return False
        return True

    return check


def _ecdsa(public: ec.EllipticCurvePublicKey, hashing: hashes.HashAlgorithm) -> Check:
    # RFC 7518, section 3.4: r and s side by side, each as long as the curve's order; OpenSSL wants DER.
    half = (public.key_size + 7) // 8
    scheme = ec.ECDSA(hashing)
    verify = public.verify

    def check(signature: bytes, signed: bytes) -> bool:
        if len(signature) != 2 * half:
            return False
        r = int.from_bytes(signature[:half], "big")
        s = int.from_bytes(signature[half:], "big")
        try:
            verify(encode_dss_signature(r, s), signed, scheme)
        except InvalidSignature:
            return False
        return True

    return check


def _ed25519(public: Ed25519PublicKey) -> Check:
    verify = public.verify

    def check(signature: bytes, signed: bytes) -> bool:
        try:
            verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return check
