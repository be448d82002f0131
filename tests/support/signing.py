"""Signing keys of every supported kind, and compact tokens made octet by octet.

Written over cryptography's primitives and the standard library alone, so that no fault of
the verifier can hide in the tests that use it.
"""

import base64
import functools
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CRV = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def uint(number, size=0):
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def rsa_key(bits=2048, exponent=65537, serial=0):
    """The same key for the same arguments; `serial` asks for another one."""
    return _made("RSA", bits, exponent, serial)


def private_key(algorithm, serial=0):
    """The key that signs with an algorithm; algorithms of one family share it."""
    if algorithm in CURVES:
        return _made("EC", algorithm, serial)
    if algorithm in {"EdDSA", "Ed25519"}:
        return _made("OKP", serial)
    return rsa_key(serial=serial)


@functools.cache
def _made(kind, *arguments):
    if kind == "RSA":
        return rsa.generate_private_key(arguments[1], arguments[0])
    return ec.generate_private_key(CURVES[arguments[0]]) if kind == "EC" else ed25519.Ed25519PrivateKey.generate()


def jwk(private, **members):
    """The public JWK of a private key; `members` are added, or with None taken away."""
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        found = {"kty": "RSA", "n": uint(numbers.n), "e": uint(numbers.e)}
    elif isinstance(public, ed25519.Ed25519PublicKey):
        found = {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
    else:
        point = public.public_numbers()
        size = (public.key_size + 7) // 8
        found = {"kty": "EC", "crv": CRV[public.curve.name], "x": uint(point.x, size), "y": uint(point.y, size)}
    return {name: value for name, value in (found | members).items() if value is not None}


def pem(private):
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(encoding, form).decode()


def signature(algorithm, private, signed):
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(signed)
    hashing = HASHES[algorithm[2:]]
    if isinstance(private, ec.EllipticCurvePrivateKey):
        half = (private.curve.key_size + 7) // 8
        return b"".join(
            number.to_bytes(half, "big") for number in decode_dss_signature(private.sign(signed, ec.ECDSA(hashing)))
        )
    if algorithm.startswith("PS"):
        return private.sign(signed, padding.PSS(padding.MGF1(hashing), hashing.digest_size), hashing)
    return private.sign(signed, padding.PKCS1v15(), hashing)


def octets(part):
    """A segment's octets: JSON of a dictionary, or what is given."""
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def token(algorithm="RS256", header=None, payload=None, *, private=None, **members):
    """A compact token with a good signature over whatever header and payload are given.

    `members` are added to the default header. `header` and `payload` as bytes go in as they are.
    """
    if header is None:
        header = {"alg": algorithm, "typ": "JWT"} | members
    signed = f"{b64(octets(header))}.{b64(octets({'sub': 'user_1'} if payload is None else payload))}".encode()
    return signed + b"." + b64(signature(algorithm, private or private_key(algorithm), signed)).encode()


def resign(signed, algorithm="RS256", private=None):
    """A good signature after two segments that are given as they are."""
    return signed + b"." + b64(signature(algorithm, private or private_key(algorithm), signed)).encode()
