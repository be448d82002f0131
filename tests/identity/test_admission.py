import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from joserfc.jwk import JWKRegistry

from support.signing import ALGORITHMS, b64, jwk, pem, private_key, rsa_key, uint
from support.weakmoduli import roca_modulus
from tidegate.identity.admission import (
    KeyRefusedError,
    public_key_from_jwk,
    public_key_from_pem,
    thumbprint,
)
from tidegate.identity.algorithms import ED25519_ALGORITHMS, RSA_ALGORITHMS

FAMILIES = {
    "RS256": RSA_ALGORITHMS,
    "ES256": {"ES256"},
    "ES384": {"ES384"},
    "ES512": {"ES512"},
    "Ed25519": ED25519_ALGORITHMS,
}
EVEN = 2**2047 + 2**1024
SMALL_FACTOR = 3 * (2**2046 + 1)


def refusal_of(member):
    """Why a key is refused; of one that is admitted, that it is."""
    try:
        public_key_from_jwk(member)
    except KeyRefusedError as refusal:
        return str(refusal)
    return "admitted"


@pytest.mark.parametrize("algorithm", FAMILIES)
def test_without_alg_the_family_follows_type_and_curve(algorithm):
    _, algorithms = public_key_from_jwk(jwk(private_key(algorithm)))
    assert algorithms == FAMILIES[algorithm]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_with_alg_a_key_serves_that_one(algorithm):
    public, algorithms = public_key_from_jwk(jwk(private_key(algorithm), alg=algorithm, use="sig"))
    assert algorithms == {algorithm}
    assert public == private_key(algorithm).public_key()


@pytest.mark.parametrize(
    ("algorithm", "alg"),
    [("RS256", "ES256"), ("RS256", "EdDSA"), ("ES256", "ES384"), ("ES512", "ES256"), ("ES256", "RS256"),
     ("Ed25519", "ES256")],
)  # fmt: skip
def test_alg_must_fit_the_key(algorithm, alg):
    assert "does not fit" in refusal_of(jwk(private_key(algorithm), alg=alg))


@pytest.mark.parametrize("alg", ["HS256", "none", "", "RSA-OAEP", "ES256K", "Ed448", "rs256", 5, None, ["RS256"]])
def test_alg_must_be_a_supported_signature_algorithm(alg):
    assert "its alg is not a supported signature algorithm" in refusal_of(jwk(rsa_key()) | {"alg": alg})


@pytest.mark.parametrize("use", ["enc", "", None, ["sig"], "SIG"])
def test_use_is_obeyed(use):
    assert "its use is not sig" in refusal_of(jwk(rsa_key()) | {"use": use})


@pytest.mark.parametrize("operations", [["verify"], ["sign", "verify"]])
def test_key_ops_with_verify_are_accepted(operations):
    assert refusal_of(jwk(rsa_key(), key_ops=operations)) == "admitted"


@pytest.mark.parametrize(
    ("operations", "why"),
    [(["sign"], "does not name verify"), ([], "does not name verify"), (["verify", "verify"], "twice"),
     ("verify", "not a list"), ([1], "not a list"), (None, "not a list"), (["verify", None], "not a list")],
)  # fmt: skip
def test_key_ops_are_obeyed(operations, why):
    assert why in refusal_of(jwk(rsa_key()) | {"key_ops": operations})


@pytest.mark.parametrize("secret", [b"", b"a secret of thirty-two octets...."])
def test_a_symmetric_key_is_refused(secret):
    assert "symmetric" in refusal_of({"kty": "oct", "k": b64(secret), "alg": "HS256"})
    assert "symmetric" in refusal_of({"kty": "oct"})


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("algorithm", FAMILIES)
def test_private_members_are_refused_even_when_empty(member, algorithm):
    assert "private members" in refusal_of(jwk(private_key(algorithm)) | {member: None})


@pytest.mark.parametrize("kty", ["rsa", "DSA", "", None, 1, ["RSA"], {}])
def test_other_key_types_are_refused(kty):
    assert "key type" in refusal_of(jwk(rsa_key()) | {"kty": kty})


def test_embedded_certificates_and_addresses_are_not_looked_at():
    other = jwk(rsa_key(serial=1))
    extra = {"x5c": ["!!"], "x5u": "http://127.0.0.1:1/", "x5t": 5, "jwk": other, "jku": "file:///etc/passwd"}
    public, _ = public_key_from_jwk(jwk(rsa_key()) | extra)
    assert public == rsa_key().public_key()


@pytest.mark.parametrize("bits", [1024, 2047])
def test_short_rsa_keys_are_refused(bits):
    modulus = rsa_key(1024).public_key().public_numbers().n if bits == 1024 else 2**2047 - 1
    assert modulus.bit_length() == bits
    assert "2048 to 8192 bits" in refusal_of({"kty": "RSA", "n": uint(modulus), "e": "AQAB"})


def test_a_modulus_that_would_make_every_verification_slow_is_refused():
    assert "2048 to 8192 bits" in refusal_of({"kty": "RSA", "n": uint(2**8192 + 1), "e": "AQAB"})
    assert "too long" in refusal_of({"kty": "RSA", "n": uint(2**60_000 + 1), "e": "AQAB"})


def test_the_longest_modulus_is_admitted():
    modulus = 2**8192 - 2**4096 - 1
    while any(modulus % prime == 0 for prime in range(3, 168, 2)):
        modulus -= 2
    public, _ = public_key_from_jwk({"kty": "RSA", "n": uint(modulus), "e": "AQAB"})
    assert public.key_size == 8192


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 257, 65535, 65536, 65538, 2**32 + 1, 2**2047 - 1])
def test_other_exponents_are_refused(exponent):
    assert "exponent" in refusal_of(jwk(rsa_key(), e=uint(exponent)))


def test_a_larger_odd_exponent_is_admitted():
    public, _ = public_key_from_jwk(jwk(rsa_key(), e=uint(2**32 - 5)))
    assert public.public_numbers().e == 2**32 - 5


@pytest.mark.parametrize("modulus", [EVEN, SMALL_FACTOR])
def test_a_modulus_with_a_small_factor_is_refused(modulus):
    assert "small factor" in refusal_of({"kty": "RSA", "n": uint(modulus), "e": "AQAB"})


def test_a_key_of_the_faulty_library_is_refused():
    assert "ROCA" in refusal_of({"kty": "RSA", "n": uint(roca_modulus()), "e": "AQAB"})


def test_a_key_of_the_faulty_library_is_refused_as_pem():
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    text = RSAPublicNumbers(65537, roca_modulus()).public_key().public_bytes(serialization.Encoding.PEM, form)
    with pytest.raises(KeyRefusedError, match="ROCA"):
        public_key_from_pem(text.decode())


@pytest.mark.parametrize("name", ["n", "e"])
@pytest.mark.parametrize(
    ("value", "why"),
    [(None, "missing"), ("", "missing"), (65537, "missing"), ("AQ AB", "not canonical"), ("AQAB=", "not canonical"),
     ("AR", "not canonical"), ("\u00e9", "not canonical"), ("A" * 1369, "too long"), ("AAAA", "begins with a zero")],
)  # fmt: skip
def test_rsa_members_must_be_canonical(name, value, why):
    refusal = refusal_of(jwk(rsa_key()) | {name: value})
    assert refusal.startswith(f"its member {name} ")
    assert why in refusal


def test_a_modulus_with_a_leading_zero_octet_is_refused():
    modulus = rsa_key().public_key().public_numbers().n
    assert "begins with a zero octet" in refusal_of(jwk(rsa_key(), n=b64(b"\0" + modulus.to_bytes(256, "big"))))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_point_off_the_curve_is_refused(algorithm):
    good = jwk(private_key(algorithm))
    x = base64.urlsafe_b64decode(good["x"] + "==")
    assert "not on its curve" in refusal_of(good | {"x": b64(x[:-1] + bytes([x[-1] ^ 1]))})
    assert "not on its curve" in refusal_of(good | {"x": b64(bytes(len(x))), "y": b64(bytes(len(x)))})
    assert "not on its curve" in refusal_of(good | {"x": good["y"], "y": good["x"]})


def test_a_point_of_another_curve_is_refused():
    good = jwk(private_key("ES256"))
    other = jwk(private_key("ES384"))
    assert "not as long" in refusal_of(good | {"x": other["x"]})
    assert "not as long" in refusal_of(other | {"crv": "P-256"})
    assert "not as long" in refusal_of(good | {"crv": "P-384"})


def test_a_coordinate_beyond_the_field_is_refused():
    good = jwk(private_key("ES256"))
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    assert "not on its curve" in refusal_of(good | {"x": uint(prime + 5, 32)})


@pytest.mark.parametrize("cut", [1, -1])
def test_coordinates_have_the_full_length(cut):
    good = jwk(private_key("ES256"))
    y = base64.urlsafe_b64decode(good["y"] + "==")
    assert "not as long" in refusal_of(good | {"y": b64(y[1:] if cut > 0 else b"\0" + y)})


@pytest.mark.parametrize("crv", ["secp256k1", "p-256", "Ed25519", "", None, 256, ["P-256"]])
def test_other_curves_are_refused(crv):
    assert "its curve" in refusal_of(jwk(private_key("ES256")) | {"crv": crv})


@pytest.mark.parametrize("crv", ["Ed448", "X25519", "P-256", None, 1])
def test_other_okp_curves_are_refused(crv):
    assert "not Ed25519" in refusal_of(jwk(private_key("Ed25519")) | {"crv": crv})


@pytest.mark.parametrize("size", [1, 31, 33, 57])
def test_an_ed25519_key_has_32_octets(size):
    assert "32 octets" in refusal_of(jwk(private_key("Ed25519"), x=b64(b"\5" * size)))


@pytest.mark.parametrize("octets", [bytes(32), b"\1" + bytes(31), b"\2" + bytes(31), b"\xff" * 32])
def test_an_ed25519_key_is_a_sound_point(octets):
    assert "not on the curve or is of small order" in refusal_of(jwk(private_key("Ed25519"), x=b64(octets)))


@pytest.mark.parametrize("algorithm", FAMILIES)
def test_a_pem_is_the_same_key_as_its_jwk(algorithm):
    private = private_key(algorithm)
    from_pem, algorithms = public_key_from_pem(pem(private))
    from_jwk, _ = public_key_from_jwk(jwk(private))
    assert from_pem == from_jwk
    assert algorithms == FAMILIES[algorithm]
    assert thumbprint(from_pem) == thumbprint(from_jwk) == JWKRegistry.import_key(jwk(private)).thumbprint()


def test_the_thumbprint_is_that_of_rfc_7638():
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    public, _ = public_key_from_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert thumbprint(public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("algorithm", ["ES256", "ES512", "Ed25519"])
def test_the_thumbprint_hashes_the_required_members_only(algorithm):
    member = jwk(private_key(algorithm), alg=algorithm, use="sig", kid="k")
    required = {name: member[name] for name in ("crv", "kty", "x", "y") if name in member}
    text = json.dumps(required, separators=(",", ":"), sort_keys=True)
    assert thumbprint(public_key_from_jwk(member)[0]) == b64(hashlib.sha256(text.encode()).digest())


@pytest.mark.parametrize(
    "spoil",
    [str, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\\n"),
     lambda text: text.replace("\n", "\\r\\n"), lambda text: text.replace("\n", ""),
     lambda text: text.replace("\n", " "), lambda text: f"  {text}\n\n"],
)  # fmt: skip
def test_a_pem_survives_an_environment_variable(spoil):
    public, _ = public_key_from_pem(spoil(pem(rsa_key())))
    assert public == rsa_key().public_key()


def test_a_private_pem_is_refused():
    text = rsa_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for spoiled in (text.decode(), pem(rsa_key()) + text.decode()):
        with pytest.raises(KeyRefusedError, match="private key"):
            public_key_from_pem(spoiled)


@pytest.mark.parametrize(
    "text",
    ["", "MIIB", "-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
     "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----"],
)  # fmt: skip
def test_anything_but_a_public_key_block_is_refused(text):
    with pytest.raises(KeyRefusedError, match="exactly one block"):
        public_key_from_pem(text)


def test_two_pem_blocks_are_refused():
    with pytest.raises(KeyRefusedError, match="exactly one block"):
        public_key_from_pem(pem(rsa_key()) * 2)
    with pytest.raises(KeyRefusedError, match="exactly one block"):
        public_key_from_pem(pem(rsa_key()) + "-----BEGIN CERTIFICATE-----\n")


@pytest.mark.parametrize("body", ["", "AAAA", "AAAAA", "QUJD"])
def test_a_pem_block_without_a_key_is_refused(body):
    with pytest.raises(KeyRefusedError, match="readable"):
        public_key_from_pem(f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")


def test_a_pem_beyond_any_key_is_refused_unread():
    with pytest.raises(KeyRefusedError, match="longer than"):
        public_key_from_pem(pem(rsa_key()) + " " * 16_384)


@pytest.mark.parametrize(
    ("make", "why"),
    [(ed448.Ed448PrivateKey.generate, "kind of key"), (x25519.X25519PrivateKey.generate, "kind of key"),
     (lambda: dsa.generate_private_key(1024), "kind of key"),  # noqa: S505 - quick to make
     (lambda: ec.generate_private_key(ec.SECP256K1()), "its curve is not supported"),
     (lambda: ec.generate_private_key(ec.SECP224R1()), "its curve is not supported"),
     (lambda: rsa_key(1024), "2048 to 8192"), (lambda: rsa_key(2048, 3), "exponent")],
)  # fmt: skip
def test_other_pem_keys_are_refused(make, why):
    with pytest.raises(KeyRefusedError, match=why):
        public_key_from_pem(pem(make()))


def test_the_cause_quotes_no_key_material():
    member = jwk(rsa_key(), d="c2VjcmV0")
    with pytest.raises(KeyRefusedError) as caught:
        public_key_from_jwk(member)
    assert "c2VjcmV0" not in str(caught.value)
