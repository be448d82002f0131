"""Published advisories against JWT libraries, as far as the verifier and key admission can fall for them.

Each test fails when the check that answers its advisory is taken away.
"""

import base64
import hashlib
import hmac
import json
import re
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jws as joserfc_jws
from joserfc.jwk import JWKRegistry

from support.signing import b64, jwk, octets, pem, private_key, resign, rsa_key, token
from support.verifying import ALL, key_set, verify
from support.weakmoduli import roca_modulus
from tidegate.identity import jws
from tidegate.identity.keys import KeySet

HMACS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def published_forms():
    """Every spelling of an issuer's public key that could be taken for a secret."""
    text = pem(rsa_key())
    der = (
        rsa_key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    pkcs1 = rsa_key().public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    member = json.dumps(jwk(rsa_key(), kid="k1"))
    return {
        "pem": text.encode(),
        "pem with CRLF": text.replace("\n", "\r\n").encode(),
        "pem without line breaks": text.replace("\n", "").encode(),
        "pem in other armour": text.replace("PUBLIC KEY", "RSA PUBLIC KEY").encode(),
        "pem with blanks before": b"\n \n" + text.encode(),
        "pkcs1 pem": pkcs1,
        "base64 of the der": base64.b64encode(der),
        "der": der,
        "jwk": member.encode(),
        "jwk with a byte-order mark": b"\xef\xbb\xbf" + member.encode(),
        "jwks": json.dumps({"keys": [jwk(rsa_key(), kid="k1")]}).encode(),
        "modulus": b64(rsa_key().public_key().public_numbers().n.to_bytes(256, "big")).encode(),
        "empty": b"",
    }


@pytest.mark.parametrize("form", published_forms())
@pytest.mark.parametrize("algorithm", HMACS)
@pytest.mark.parametrize("alg", [None, "RS256"])
def test_a_public_key_is_never_an_hmac_secret(form, algorithm, alg):
    """PyJWT CVE-2022-29217 and CVE-2026-48526, python-jose CVE-2024-33663, LibJWT CVE-2026-44699."""
    header, payload = {"alg": algorithm, "kid": "k1"}, {"sub": "admin"}
    signed = f"{b64(octets(header))}.{b64(octets(payload))}".encode()
    mac = hmac.new(published_forms()[form], signed, HMACS[algorithm]).digest()
    compact = signed + b"." + b64(mac).encode()
    for keys in (key_set(jwk(rsa_key(), kid="k1", alg=alg)), KeySet.from_pem(pem(rsa_key()))):
        with pytest.raises(jws.AlgorithmNotAllowed):
            verify(compact, keys, ALL)
        with pytest.raises(jws.AlgorithmNotAllowed):
            verify(compact, keys, ALL | set(HMACS))


def test_a_published_secret_is_no_key():
    """LibJWT CVE-2026-44699: an oct key in a key set, and the token made with it."""
    keys = key_set({"kty": "oct", "k": b64(b"s" * 32), "kid": "k1", "alg": "HS256"}, jwk(rsa_key(), kid="k2"))
    assert [rejected.kid for rejected in keys.rejected] == ["k1"]
    signed = token(header={"alg": "HS256", "kid": "k1"}).rpartition(b".")[0]
    mac = hmac.new(b"s" * 32, signed, hashlib.sha256).digest()
    with pytest.raises(jws.KeyUnknown):
        verify(signed + b"." + b64(mac).encode(), keys, ALL | {"HS256"})


@pytest.mark.parametrize("crit", [["x-unknown"], ["exp"], "x-unknown", [], {"b64": 1}])
def test_critical_extensions_are_refused(crit):
    """PyJWT CVE-2026-32597, Authlib CVE-2025-59420."""
    compact = token(kid="k1", crit=crit, **{"x-unknown": 1})
    with pytest.raises(jws.TokenMalformed, match="crit"):
        verify(compact, key_set(jwk(rsa_key(), kid="k1")), ALL)


NAMES = ("RS256", "RS384", "PS256")


@pytest.mark.parametrize("of_header", NAMES)
@pytest.mark.parametrize("of_key", NAMES)
@pytest.mark.parametrize("of_list", NAMES)
def test_header_key_and_list_must_agree(of_header, of_key, of_list):
    """PyJWT GHSA-jq35-7prp-9v3f."""
    compact, keys = token(of_header, kid="k1"), key_set(jwk(rsa_key(), kid="k1", alg=of_key))
    if of_header == of_key == of_list:
        assert verify(compact, keys, frozenset({of_list}))
    else:
        with pytest.raises(jws.AlgorithmNotAllowed):
            verify(compact, keys, frozenset({of_list}))


@pytest.mark.parametrize("crit", [{"crit": ["b64"]}, {}])
@pytest.mark.parametrize("payload", [b"", b'{"sub":"admin"}', b"eyJzdWIiOiJhIn0"])
def test_an_unencoded_payload_is_refused(crit, payload):
    """PyJWT PYSEC-2026-178."""
    header = b64(octets({"alg": "RS256", "kid": "k1", "b64": False} | crit)).encode()
    with pytest.raises(jws.TokenMalformed):
        verify(resign(header + b"." + payload), key_set(jwk(rsa_key(), kid="k1")), ALL)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_deeply_nested_header_stops_no_process(opening):
    """PyJWT GHSA-8wjv-2p76-3863."""
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    header = b'{"alg":"RS256","x":' + opening * 10_000 + b"1" + closing * 10_000 + b"}"
    compact = token(header=header)
    keys = key_set(jwk(rsa_key()))
    with pytest.raises(jws.TokenTooLarge):
        verify(compact, keys, ALL)
    roomy = jws.JwsLimits(token_octets=10**6, header_octets=10**6)
    with pytest.raises(jws.TokenMalformed, match="nested too deeply"):
        verify(compact, keys, ALL, limits=roomy)
    assert sys.getrecursionlimit() < 10_000


@pytest.mark.parametrize(
    "bad",
    [None, 5, [], {}, {"kty": "RSA"}, {"kty": "RSA", "n": "!", "e": "AQAB"}, {"kty": "EC", "crv": "P-256"},
     {"kty": "OKP", "crv": "Ed25519", "x": ""}, {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
     {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": {}}],
)  # fmt: skip
def test_one_bad_key_drops_no_other(bad):
    """PyJWT GHSA-w6j9-cwv2-h6wq."""
    keys = key_set(bad, jwk(rsa_key(), kid="k1"), bad)
    assert len(keys.rejected) == 2
    assert verify(token(kid="k1"), keys, ALL)


@pytest.mark.parametrize("named", [True, False])
def test_a_key_inside_the_token_is_not_trusted(named):
    """Authlib CVE-2026-27962."""
    mallory = rsa_key(serial=1)
    kid = {"kid": "k1"} if named else {}
    compact = token(private=mallory, jwk=jwk(mallory, **kid), **kid)
    with pytest.raises(jws.SignatureInvalid):
        verify(compact, key_set(jwk(rsa_key(), kid="k1")), ALL)
    with pytest.raises(jws.KeyUnknown):
        verify(compact, key_set(), ALL)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", " "])
@pytest.mark.parametrize("sig", [b"", b"AAAA"])
def test_no_algorithm_is_no_algorithm(alg, sig):
    """Authlib CVE-2026-28802."""
    compact = token(header={"alg": alg}).rpartition(b".")[0] + b"." + sig
    for keys in (key_set(jwk(rsa_key())), key_set()):
        with pytest.raises(jws.AlgorithmNotAllowed):
            verify(compact, keys, ALL)
    with pytest.raises(jws.KeyUnknown):
        verify(compact, key_set(jwk(rsa_key())), ALL | {alg})


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("general", [True, False])
def test_the_json_serialization_is_refused(signed, general):
    """Authlib CVE-2026-96760."""
    header, payload, sig = token(kid="k1").decode().split(".")
    part = {"protected": header} | ({"signature": sig} if signed else {})
    document = {"payload": payload} | ({"signatures": [part] if signed else []} if general else part)
    with pytest.raises(jws.TokenMalformed, match="three segments"):
        verify(json.dumps(document), key_set(jwk(rsa_key(), kid="k1")), ALL)


def test_the_same_kid_of_another_issuer_is_another_key():
    """Clerk: every instance could publish a key of the same kid."""
    first, second = key_set(jwk(rsa_key(), kid="k1")), key_set(jwk(rsa_key(serial=1), kid="k1"))
    compact = token(kid="k1")
    assert verify(compact, first, ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(compact, second, ALL)


def test_a_signature_of_zeros_is_no_signature():
    """Java CVE-2022-21449: r and s of zero verified everything."""
    signed = token("ES256", kid="k1").rpartition(b".")[0]
    with pytest.raises(jws.SignatureInvalid):
        verify(signed + b"." + b64(bytes(64)).encode(), key_set(jwk(private_key("ES256"), kid="k1")), ALL)


def small_order_forgery():
    """Under a key of order 1, R = B·S with S = 0 fits every message (RFC 8032, section 5.1.7)."""
    identity = b"\1" + bytes(31)
    return jwk(private_key("Ed25519"), x=b64(identity)), identity + bytes(32)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_key_of_small_order_would_let_anybody_in():
    member, sig = small_order_forgery()
    compact = token("EdDSA").rpartition(b".")[0] + b"." + b64(sig).encode()
    registry = joserfc_jws.JWSRegistry(algorithms=["EdDSA"])
    assert joserfc_jws.deserialize_compact(compact, JWKRegistry.import_key(member), registry=registry).payload
    keys = key_set(member)
    assert [re.search("small order", rejected.why) is not None for rejected in keys.rejected] == [True]
    with pytest.raises(jws.KeyUnknown):
        verify(compact, keys, ALL)


@pytest.mark.parametrize(
    ("why", "member"),
    [
        ("2048 to 8192 bits", lambda: jwk(rsa_key(1024))),
        ("exponent", lambda: jwk(rsa_key(2048, 3))),
        ("ROCA", lambda: {"kty": "RSA", "n": b64(roca_modulus().to_bytes(256, "big")), "e": "AQAB"}),
        ("small order", lambda: small_order_forgery()[0]),
        ("private members", lambda: JWKRegistry.import_key(rsa_key_as_private_jwk()).as_dict(private=True)),
        ("symmetric", lambda: {"kty": "oct", "k": b64(b"s" * 32)}),
    ],
)
@pytest.mark.filterwarnings("ignore:Key size should be")
def test_keys_that_the_others_take_and_we_refuse(why, member):
    JWKRegistry.import_key(member())
    (rejected,) = key_set(member()).rejected
    assert why in rejected.why


def rsa_key_as_private_jwk():
    numbers = rsa_key().private_numbers()
    names = {"d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    return jwk(rsa_key(), **{name: b64(n.to_bytes((n.bit_length() + 7) // 8, "big")) for name, n in names.items()})
