import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from support.signing import ALGORITHMS, b64, jwk, private_key, rsa_key, signature, token
from support.verifying import ALL, key_set, verify
from tidegate.identity import jws

pytestmark = pytest.mark.usefixtures("no_header_is_remembered")


@pytest.fixture(scope="module")
def keys():
    return key_set(jwk(rsa_key(), kid="k1"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_covers_every_bit_before_it(algorithm):
    keys = key_set(jwk(private_key(algorithm), kid="k1"))
    header, payload, sig = token(algorithm, kid="k1", payload={"sub": "user_1"}).split(b".")
    other_header, other_payload, _ = token(algorithm, kid="k1", x=1, payload={"sub": "user_2"}).split(b".")
    with pytest.raises(jws.SignatureInvalid):
        verify(b".".join((header, other_payload, sig)), keys, ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(b".".join((other_header, payload, sig)), keys, ALL)
    octets = base64.urlsafe_b64decode(sig + b"==")
    for at in (0, len(octets) // 2, len(octets) - 1):
        wrong = octets[:at] + bytes([octets[at] ^ 0x40]) + octets[at + 1 :]
        with pytest.raises(jws.SignatureInvalid):
            verify(b".".join((header, payload, b64(wrong).encode())), keys, ALL)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "spoil",
    [lambda s: s[:0], lambda s: s[:-1], lambda s: s[1:], lambda s: s + b"\0", lambda s: b"\0" + s,
     lambda s: s[: len(s) // 2] + b"\0" + s[len(s) // 2 :], lambda s: bytes(len(s)), lambda s: s + s,
     lambda s: b"\xff" * len(s)],
)  # fmt: skip
def test_a_signature_has_its_exact_length_and_range(algorithm, spoil):
    keys = key_set(jwk(private_key(algorithm), kid="k1"))
    signed, _, sig = token(algorithm, kid="k1").rpartition(b".")
    spoiled = spoil(base64.urlsafe_b64decode(sig + b"=="))
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(spoiled).encode(), keys, ALL)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_der_signature_is_refused(algorithm):
    keys = key_set(jwk(private_key(algorithm), kid="k1"))
    signed, _, sig = token(algorithm, kid="k1").rpartition(b".")
    octets = base64.urlsafe_b64decode(sig + b"==")
    half = len(octets) // 2
    der = utils.encode_dss_signature(int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big"))
    assert isinstance(private_key(algorithm), ec.EllipticCurvePrivateKey)
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(der).encode(), keys, ALL)


@pytest.mark.parametrize("salt", [0, 20, 31, 33, 64])
def test_a_pss_salt_has_the_length_of_the_hash(salt, keys):
    signed = token("PS256", kid="k1").rpartition(b".")[0]
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    sig = rsa_key().sign(signed, scheme, hashes.SHA256())
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(sig).encode(), keys, ALL)


def test_a_pss_mask_uses_the_same_hash(keys):
    signed = token("PS256", kid="k1").rpartition(b".")[0]
    sig = rsa_key().sign(signed, padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())  # noqa: S303 - wrong on purpose
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(sig).encode(), keys, ALL)


def test_a_pss_signature_without_its_leading_zero_is_refused(keys):
    signed = token("PS256", kid="k1").rpartition(b".")[0]
    sig = next(s for s in (signature("PS256", rsa_key(), signed) for _ in range(20_000)) if s[0] == 0)
    assert verify(signed + b"." + b64(sig).encode(), keys, ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(sig[1:]).encode(), keys, ALL)


@pytest.mark.parametrize(("made", "claimed"), [("RS256", "PS256"), ("PS256", "RS256"), ("RS384", "RS256")])
def test_a_signature_of_another_algorithm_of_the_family_is_refused(made, claimed, keys):
    signed = token(claimed, kid="k1").rpartition(b".")[0]
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(signature(made, rsa_key(), signed)).encode(), keys, ALL)
