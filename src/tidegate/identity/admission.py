"""Which published keys may verify sessions: RFC 7517 and RFC 7518 with every doubt refused.

Runs when a key set arrives, never per token. A key that is refused is reported with the
cause; the others of its set are not affected.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from tidegate.errors import TidegateError
from tidegate.identity import base64url
from tidegate.identity.algorithms import ALGORITHMS, PublicKey, fitting
from tidegate.identity.weakkeys import has_small_factor, is_roca, is_sound_ed25519

RSA_BITS_MIN: Final = 2048  # RFC 7518, section 3.3
RSA_BITS_MAX: Final = 8192  # verification grows with the square; nobody's sessions need more
RSA_EXPONENT_MIN: Final = 65537
RSA_EXPONENT_BITS_MAX: Final = 32  # a long exponent only makes every verification slow
_MEMBER_CHARACTERS_MAX: Final = 1368  # base64url of RSA_BITS_MAX, rounded up to a full group

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----((?:[A-Za-z0-9+/=\s]|\\r|\\n)+?)-----END PUBLIC KEY-----")
_PEM_CHARACTERS_MAX: Final = 16_384


class KeyRefusedError(TidegateError):
    """A key is not admitted. The message says why and quotes no key material."""


def public_key_from_jwk(jwk: Mapping[str, object]) -> tuple[PublicKey, frozenset[str]]:
    """Admit one member of a JWK set.

    Args:
        jwk: the JWK (RFC 7517, section 4). Members that are not known are ignored, and so
            are ``x5c``, ``x5u`` and ``x5t``: the key is what ``n``/``e`` or ``x``/``y`` say.

    Returns:
        the key and the algorithms it may be used with.

    Raises:
        KeyRefusedError: the key is secret, broken, weak, of an unsupported kind, or not
            meant for verifying signatures.
    """
    _refuse_secret(jwk)
    _refuse_other_uses(jwk)
    kty = jwk.get("kty")
    read = _READERS.get(kty) if isinstance(kty, str) else None
    if read is None:
        raise KeyRefusedError("its key type (kty) is none of RSA, EC and OKP")
    public = read(jwk)
    return public, _narrowed(jwk, _checked(public))


def public_key_from_pem(pem: str) -> tuple[PublicKey, frozenset[str]]:
    r"""Admit a public key in PEM form (RFC 7468, section 13).

    Line breaks may be missing or written as ``\n``, as they come out of environment variables.

    Args:
        pem: exactly one ``PUBLIC KEY`` block.

    Returns:
        the key and the algorithms it may be used with.

    Raises:
        KeyRefusedError: a private key, anything else than one public key, or a key that
            would not be admitted from a JWK set either.
    """
    if len(pem) > _PEM_CHARACTERS_MAX:
        raise KeyRefusedError(f"the PEM is longer than {_PEM_CHARACTERS_MAX} characters")
    if "PRIVATE KEY" in pem:
        raise KeyRefusedError("this is a private key; the issuer's public key belongs here")
    blocks = _PEM.findall(pem)
    if len(blocks) != 1 or pem.count("-----BEGIN") != 1:
        raise KeyRefusedError("the PEM must hold exactly one block, BEGIN PUBLIC KEY to END PUBLIC KEY")
    body = re.sub(r"\\r|\\n|\s|=", "", blocks[0])
    try:
        octets = base64url.decode(body.replace("+", "-").replace("/", "_").encode("ascii"))
        public = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefusedError("the PEM block does not hold a readable public key") from None
    if not isinstance(public, RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey):
        raise KeyRefusedError("the PEM holds a kind of key that no supported algorithm uses")
    return public, _checked(public)


def thumbprint(public: PublicKey) -> str:
    """The key's RFC 7638 thumbprint with SHA-256: the same for a JWK and a PEM of the same key.

    Args:
        public: an admitted key.

    Returns:
        43 characters of base64url.
    """
    if isinstance(public, RSAPublicKey):
        numbers = public.public_numbers()
        members = {"e": _uint(numbers.e), "kty": "RSA", "n": _uint(numbers.n)}
    elif isinstance(public, Ed25519PublicKey):
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(octets).decode("ascii")}
    else:
        size = _coordinate_octets(public.curve)
        point = public.public_numbers()
        crv = next(name for name, curve in _CURVES.items() if curve.name == public.curve.name)
        members = {"crv": crv, "kty": "EC", "x": _uint(point.x, size), "y": _uint(point.y, size)}
    # RFC 7638, section 3: members in lexicographic order, no white space.
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url.encode(hashlib.sha256(text.encode("ascii")).digest()).decode("ascii")


def _refuse_secret(jwk: Mapping[str, object]) -> None:
    if jwk.get("kty") == "oct":
        raise KeyRefusedError("it is a symmetric key (oct), which must never be published")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyRefusedError("it holds private members; a published private key is compromised")


def _refuse_other_uses(jwk: Mapping[str, object]) -> None:
    """RFC 7517, sections 4.2 and 4.3."""
    if "use" in jwk and jwk["use"] != "sig":
        raise KeyRefusedError("its use is not sig")
    if "key_ops" not in jwk:
        return
    operations = jwk["key_ops"]
    if not isinstance(operations, list) or not all(isinstance(operation, str) for operation in operations):
        raise KeyRefusedError("its key_ops is not a list of strings")
    if len(set(operations)) != len(operations):
        raise KeyRefusedError("its key_ops names an operation twice")
    if "verify" not in operations:
        raise KeyRefusedError("its key_ops does not name verify")


def _narrowed(jwk: Mapping[str, object], algorithms: frozenset[str]) -> frozenset[str]:
    """A JWK with ``alg`` serves that one algorithm (RFC 7517, section 4.4)."""
    if "alg" not in jwk:
        return algorithms
    algorithm = jwk["alg"]
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise KeyRefusedError("its alg is not a supported signature algorithm")
    if algorithm not in algorithms:
        raise KeyRefusedError("its alg does not fit its key type and curve")
    return frozenset({algorithm})


def _checked(public: PublicKey) -> frozenset[str]:
    if isinstance(public, RSAPublicKey):
        numbers = public.public_numbers()
        _check_rsa(numbers.n, numbers.e)
    elif isinstance(public, Ed25519PublicKey) and not is_sound_ed25519(
        public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    ):
        raise KeyRefusedError("its point is not on the curve or is of small order")
    algorithms = fitting(public)
    if not algorithms:
        raise KeyRefusedError("its curve is not supported")
    return algorithms


def _check_rsa(modulus: int, exponent: int) -> None:
    if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
        raise KeyRefusedError(f"its RSA modulus is not of {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
    if exponent < RSA_EXPONENT_MIN or exponent % 2 == 0 or exponent.bit_length() > RSA_EXPONENT_BITS_MAX:
        raise KeyRefusedError(f"its RSA exponent is even, below {RSA_EXPONENT_MIN} or above 32 bits")
    if has_small_factor(modulus):
        raise KeyRefusedError("its RSA modulus has a small factor")
    if is_roca(modulus):
        raise KeyRefusedError("its RSA modulus is of the weak kind of CVE-2017-15361 (ROCA)")


def _octets(jwk: Mapping[str, object], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not text or len(text) > _MEMBER_CHARACTERS_MAX:
        raise KeyRefusedError(f"its member {name} is missing, empty, too long or not a string")
    try:
        return base64url.decode(text.encode("ascii"))
    except ValueError:
        raise KeyRefusedError(f"its member {name} is not canonical base64url") from None


def _integer(jwk: Mapping[str, object], name: str) -> int:
    """A Base64urlUInt: as few octets as the number needs (RFC 7518, section 2)."""
    octets = _octets(jwk, name)
    if octets[0] == 0:
        raise KeyRefusedError(f"its member {name} begins with a zero octet")
    return int.from_bytes(octets, "big")


def _read_rsa(jwk: Mapping[str, object]) -> RSAPublicKey:
    exponent, modulus = _integer(jwk, "e"), _integer(jwk, "n")
    _check_rsa(modulus, exponent)  # before OpenSSL sees it
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise KeyRefusedError("it is not a valid RSA key") from None


def _read_ec(jwk: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    crv = jwk.get("crv")
    curve = _CURVES.get(crv) if isinstance(crv, str) else None
    if curve is None:
        raise KeyRefusedError("its curve (crv) is none of P-256, P-384 and P-521")
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    if len(x) != _coordinate_octets(curve) or len(y) != _coordinate_octets(curve):
        raise KeyRefusedError("its coordinates are not as long as its curve's field")  # RFC 7518, section 6.2.1.2
    try:
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve)
        return numbers.public_key()
    except ValueError:
        raise KeyRefusedError("its point is not on its curve") from None


def _read_okp(jwk: Mapping[str, object]) -> Ed25519PublicKey:
    if jwk.get("crv") != "Ed25519":
        raise KeyRefusedError("its curve (crv) is not Ed25519")
    try:
        return Ed25519PublicKey.from_public_bytes(_octets(jwk, "x"))
    except ValueError:
        raise KeyRefusedError("its point is not of 32 octets") from None


_READERS: Final[dict[str, Callable[[Mapping[str, object]], PublicKey]]] = {
    "RSA": _read_rsa,
    "EC": _read_ec,
    "OKP": _read_okp,
}


def _coordinate_octets(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _uint(number: int, size: int = 0) -> str:
    octets = number.to_bytes(size or (number.bit_length() + 7) // 8, "big")
    return base64url.encode(octets).decode("ascii")
