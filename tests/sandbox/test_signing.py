import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tidegate.sandbox.signing import ALGORITHMS, SigningKey, base64url, compact, random_id


@pytest.fixture(scope="module", params=ALGORITHMS)
def key(request):
    return SigningKey.generate(request.param)


def test_another_library_accepts_what_it_signs(key):
    token = compact(key, {"alg": key.algorithm, "kid": key.kid}, {"sub": "ada"})
    public = jwt.PyJWK(key.jwk()).key

    assert jwt.decode(token, public, algorithms=[key.algorithm]) == {"sub": "ada"}


def test_another_library_refuses_a_changed_payload(key):
    header, _, signature = compact(key, {"alg": key.algorithm}, {"sub": "ada"}).split(".")
    payload = base64url(b'{"sub":"eve"}')
    forged = f"{header}.{payload}.{signature}"

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, jwt.PyJWK(key.jwk()).key, algorithms=[key.algorithm])


def test_the_pem_is_the_same_key(key):
    token = compact(key, {"alg": key.algorithm}, {"sub": "ada"})

    assert jwt.decode(token, load_pem_public_key(key.public_pem().encode()), algorithms=[key.algorithm])


def test_the_jwk_holds_nothing_private(key):
    assert not key.jwk().keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}
    assert {"kid", "alg", "use", "kty"} <= key.jwk().keys()


def test_coordinates_keep_their_leading_zeros():
    first_octets = set()
    for scalar in range(1, 1200):  # about one in 256 begins with a zero octet, always the same ones
        jwk = SigningKey("kid", "ES256", ec.derive_private_key(scalar, ec.SECP256R1())).jwk()
        decoded = [base64.urlsafe_b64decode(jwk[axis] + "=") for axis in "xy"]
        first_octets.update((axis, octets[0]) for axis, octets in zip("xy", decoded, strict=True))
        assert [len(octets) for octets in decoded] == [32, 32]
    assert {("x", 0), ("y", 0)} <= first_octets


def test_nothing_private_is_shown(key):
    assert "PrivateKey" not in repr(key)
    assert key.kid in repr(key)


def test_raw_octets_are_signed_as_they_are(key):
    token = compact(key, {"alg": key.algorithm}, b"\xef\xbb\xbf{}")

    assert base64.urlsafe_b64decode(token.split(".")[1] + "==") == b"\xef\xbb\xbf{}"


def test_the_header_may_lie_about_the_algorithm(key):
    header = compact(key, {"alg": "none"}, {}).split(".")[0]

    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "none"}


def test_other_algorithms_are_refused():
    with pytest.raises(ValueError, match="RS256 or ES256"):
        SigningKey.generate("HS256")


def test_ids_differ():
    assert random_id("ins") != random_id("ins")
    assert len(random_id("sess")) == len("sess_") + 27
