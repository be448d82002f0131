import base64
import itertools
import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.signing import ALGORITHMS, jwk, pem, private_key, resign, rsa_key, token
from support.verifying import ALL, key_set, verify, verify_with_key
from tidegate.errors import Reason, Refusal
from tidegate.identity import jws
from tidegate.identity.keys import KeySet

pytestmark = pytest.mark.usefixtures("no_header_is_remembered")


@pytest.fixture(scope="module")
def keys():
    return key_set(jwk(rsa_key(), kid="k1"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("named", [True, False])
def test_every_algorithm_round_trips(algorithm, named):
    kid = {"kid": "k1"} if named else {}
    keys = key_set(jwk(private_key(algorithm), alg=algorithm, **kid))
    payload = json.dumps({"sub": "user_1", "n": [1, {"a": None}]}).encode()
    compact = token(algorithm, payload=payload, **kid)
    assert verify(compact, keys, frozenset({algorithm})) == payload
    assert verify(compact.decode(), keys, ALL) == payload
    assert verify_with_key(compact, keys, ALL) == (payload, keys.keys[0])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pem_verifies_whatever_kid_the_token_names(algorithm):
    keys = KeySet.from_pem(pem(private_key(algorithm)))
    assert verify(token(algorithm, kid="ins_2abc"), keys, ALL) == b'{"sub": "user_1"}'


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers() | st.none(), max_size=5))
def test_any_object_comes_back_as_its_octets(claims):
    payload = json.dumps(claims).encode()
    keys = key_set(jwk(private_key("ES256"), kid="k1"))
    compact = jws.parse(token("ES256", payload=payload, kid="k1"))
    assert compact.verify(keys, ALL) is keys.keys[0]
    assert compact.payload == payload
    assert compact.unverified_claims == claims


def test_the_example_of_rfc_7515_appendix_a_3():
    member = {
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }  # fmt: skip
    compact = (
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert json.loads(verify(compact, key_set(member), ALL))["iss"] == "joe"


def test_the_example_of_rfc_8037_appendix_a_4_has_no_object_inside():
    member = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    compact = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    with pytest.raises(jws.TokenMalformed, match="payload is refused: not JSON"):
        verify(compact, key_set(member), ALL)


# Form


@pytest.mark.parametrize(
    "spoil",
    [lambda t: t[:0], lambda t: t[:0] + b".", lambda t: t[:0] + b"..", lambda t: t[: t.rindex(b".")],
     lambda t: t + b".", lambda t: t + b".AA", lambda t: b"." + t, lambda t: t.replace(b".", b"..", 1),
     lambda t: b"." * 8192 + t[:0],
     lambda t: t + t, lambda t: b"Bearer " + t, lambda t: t.replace(b".", b" "),
     lambda t: t[: t.index(b".")] + t[t.rindex(b".") :], lambda t: t[t.index(b".") :], lambda t: t[1:]],
)  # fmt: skip
def test_other_forms_are_malformed(spoil, keys):
    with pytest.raises(jws.TokenMalformed):
        verify(spoil(token(kid="k1")), keys, ALL)


def test_a_detached_payload_is_malformed(keys):
    header, _, _ = token(kid="k1").split(b".")
    with pytest.raises(jws.TokenMalformed, match="payload is refused: not JSON"):
        verify(resign(header + b"."), keys, ALL)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize(
    "spoil",
    [lambda s: s + b"=", lambda s: s + b"==", lambda s: s + b"\n", lambda s: b" " + s,
     lambda s: s + b"A" * (5 - len(s) % 4),
     lambda s: s[:4] + b"+" + s[5:], lambda s: s[:4] + b"/" + s[5:], lambda s: s[:4] + b"\xff" + s[5:],
     lambda s: s[:4] + b"\x00" + s[5:], lambda s: s[:4] + b"%2E" + s[5:]],
)  # fmt: skip
def test_no_segment_may_be_spelled_otherwise(part, spoil, keys):
    segments = token(kid="k1").split(b".")
    segments[part] = spoil(segments[part])
    # The first two are signed anew, so that only the spelling can be what is refused.
    compact = b".".join(segments) if part == 2 else resign(b".".join(segments[:2]))
    with pytest.raises(jws.TokenMalformed, match="not canonical base64url"):
        verify(compact, keys, ALL)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_stray_bits_at_the_end_of_a_segment_are_refused(part, keys):
    for tail in ("", "x", "xx"):
        segments = token(header={"alg": "RS256", "kid": "k1", "t": tail}, payload={"t": tail}).split(b".")
        segment = segments[part]
        if len(segment) % 4 == 0:
            continue
        letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
        last = letters[letters.index(chr(segment[-1])) + 1]
        segments[part] = segment[:-1] + last.encode()
        padded = [s + b"=" * (-len(s) % 4) for s in (segment, segments[part])]
        assert base64.urlsafe_b64decode(padded[0]) == base64.urlsafe_b64decode(padded[1])
        with pytest.raises(jws.TokenMalformed, match="not canonical"):
            verify(b".".join(segments) if part == 2 else resign(b".".join(segments[:2])), keys, ALL)


def test_text_outside_ascii_is_malformed(keys):
    with pytest.raises(jws.TokenMalformed, match="outside ASCII"):
        verify(token(kid="k1").decode() + "\u00e9", keys, ALL)
    with pytest.raises(jws.TokenMalformed, match="outside ASCII"):
        verify(token(kid="k1").decode().replace(".", "\u2024"), keys, ALL)


# Size


def test_the_whole_token_is_bounded_before_anything_else(keys, monkeypatch):
    header = {"alg": "RS256", "kid": "k1"}
    fits = token(header=header, payload={"a": "x" * 5792})
    assert len(fits) <= 8192
    assert verify(fits, keys, ALL)
    monkeypatch.setattr(jws.base64url, "decode", lambda _: pytest.fail("decoded"))
    for compact in (fits + b"A" * (8193 - len(fits)), b"." * 8193, "\u00e9" * 8193):
        with pytest.raises(jws.TokenTooLarge, match="8192"):
            verify(compact, keys, ALL)


def test_the_exact_size_is_accepted(keys):
    compact = token(kid="k1")
    limits = jws.JwsLimits(token_octets=len(compact), header_octets=compact.index(b"."))
    assert verify(compact, keys, ALL, limits=limits)
    small = jws.JwsLimits(token_octets=len(compact) - 1)
    with pytest.raises(jws.TokenTooLarge, match="The token is larger"):
        verify(compact, keys, ALL, limits=small)
    small = jws.JwsLimits(header_octets=compact.index(b".") - 1)
    with pytest.raises(jws.TokenTooLarge, match="header is larger"):
        verify(compact, keys, ALL, limits=small)
    verify(compact, keys, ALL)  # a header that is remembered is measured all the same
    with pytest.raises(jws.TokenTooLarge, match="header is larger"):
        verify(compact, keys, ALL, limits=small)


def test_the_header_is_bounded_before_it_is_decoded(keys, monkeypatch):
    monkeypatch.setattr(jws.base64url, "decode", lambda _: pytest.fail("decoded"))
    with pytest.raises(jws.TokenTooLarge, match="2048"):
        verify(b"A" * 2049 + b".AAAA.AAAA", keys, ALL)


# JSON


@pytest.mark.parametrize("where", ["header", "payload"])
@pytest.mark.parametrize(
    ("octets", "why"),
    [(b"", "not JSON"), (b"[]", "not a JSON object"), (b'"alg"', "not a JSON object"), (b"null", "not a JSON object"),
     (b'\xef\xbb\xbf{"alg":"RS256"}', "not JSON"), ('{"alg":"RS256"}'.encode("utf-16"), "not UTF-8"),
     (b'{"alg":"RS256","a":1,"a":1}', "named twice"), (b'{"alg":"RS256","a":{"b":1,"b":2}}', "named twice"),
     (b'{"alg":"RS256","a":NaN}', "NaN"), (b'{"alg":"RS256","a":1e400}', "too large"),
     (b'{"alg":"RS256","a":"\\ud800"}', "lone surrogate"), (b'{"alg":"RS256"}{}', "something follows"),
     (b'{"alg":"RS256","a":' + b"[" * 32 + b"]" * 32 + b"}", "nested too deeply")],
)  # fmt: skip
def test_header_and_payload_are_strict_json_objects(where, octets, why, keys):
    compact = token(**{"header": {"alg": "RS256", "kid": "k1"}} | {where: octets})
    with pytest.raises(jws.TokenMalformed, match=f"{where} is refused: .*{why}"):
        verify(compact, keys, ALL)


# Header


@pytest.mark.parametrize("alg", [None, 256, ["RS256"], {"RS256": 1}, True])
def test_alg_must_be_a_string(alg, keys):
    with pytest.raises(jws.TokenMalformed, match="alg"):
        verify(token(header={"alg": alg}), keys, ALL)
    with pytest.raises(jws.TokenMalformed, match="alg"):
        verify(token(header={"typ": "JWT"}), keys, ALL)


@pytest.mark.parametrize(
    "alg", ["", "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "rs256", "RS256 ", "RS1", "ES256K", "Ed448",
            "RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW"],
)  # fmt: skip
@pytest.mark.parametrize("signed", [True, False])
def test_other_algorithms_are_not_allowed(alg, signed, keys):
    compact = token(header={"alg": alg, "kid": "k1"})
    if not signed:
        compact = compact[: compact.rindex(b".") + 1]
    with pytest.raises(jws.AlgorithmNotAllowed):
        verify(compact, keys, ALL)
    # Even a careless list does not help: no key serves them.
    with pytest.raises(jws.AlgorithmNotAllowed):
        verify(compact, keys, ALL | {alg})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_list_is_obeyed(algorithm):
    keys = key_set(jwk(private_key(algorithm), kid="k1"))
    compact = token(algorithm, kid="k1")
    with pytest.raises(jws.AlgorithmNotAllowed, match="issuer's list"):
        verify(compact, keys, ALL - {algorithm})
    with pytest.raises(jws.AlgorithmNotAllowed, match="issuer's list"):
        verify(compact, keys, frozenset())


@pytest.mark.parametrize(("algorithm", "other"), list(itertools.permutations(ALGORITHMS, 2)))
def test_a_key_with_alg_verifies_no_other(algorithm, other):
    keys = key_set(jwk(private_key(algorithm), alg=algorithm, kid="k1"))
    compact = token(other, kid="k1")
    with pytest.raises(jws.AlgorithmNotAllowed, match="its key"):
        verify(compact, keys, ALL)


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["foo"], [], "exp", None, {}, 1, ["exp", "exp"]])
def test_crit_is_refused_whatever_it_says(crit, keys):
    with pytest.raises(jws.TokenMalformed, match="crit"):
        verify(token(kid="k1", crit=crit, foo=1), keys, ALL)


@pytest.mark.parametrize("b64", [True, False, None, "false"])
def test_b64_is_refused_whatever_it_says(b64, keys):
    with pytest.raises(jws.TokenMalformed, match="b64"):
        verify(token(kid="k1", b64=b64), keys, ALL)


@pytest.mark.parametrize("name", ["kid", "typ"])
@pytest.mark.parametrize("value", [None, 1, ["k1"], {"k1": 1}, True])
def test_kid_and_typ_are_strings(name, value, keys):
    with pytest.raises(jws.TokenMalformed, match=f"{name} is not a string"):
        verify(token(**{"kid": "k1"} | {name: value}), keys, ALL)


def test_unknown_members_are_ignored(keys):
    compact = token(kid="k1", cat="cl_B7d4PD111AAA", oiat=1_700_000_000, zip="DEF", enc=5, x={"y": []})
    assert verify(compact, keys, ALL)


def test_embedded_keys_and_addresses_are_neither_used_nor_in_the_way(keys):
    mallory = rsa_key(serial=1)
    embedded = {
        "jwk": jwk(mallory), "jku": "http://127.0.0.1:1/keys", "x5u": "file:///etc/passwd", "x5c": ["AAAA"],
        "x5t": "AA", "x5t#S256": "AA",
    }  # fmt: skip
    assert verify(token(kid="k1", **embedded), keys, ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(token(private=mallory, kid="k1", **embedded), keys, ALL)
    with pytest.raises(jws.KeyUnknown):
        verify(token(private=mallory, **embedded), key_set(), ALL)


def test_what_can_be_known_before_verifying(keys):
    compact = jws.parse(token(kid="k1"))
    assert compact.unverified_header == jws.Header("RS256", "k1", "JWT")
    assert compact.typ == "JWT"
    assert compact.unverified_claims == {"sub": "user_1"}
    assert compact.payload == b'{"sub": "user_1"}'
    assert "user_1" not in repr(compact)
    bare = jws.parse(token(header={"alg": "RS256"}))
    assert bare.unverified_header == jws.Header("RS256", None, None)
    assert bare.verify(keys, ALL) is keys.keys[0]


# Key


def test_an_unknown_kid_is_told_by_attribute_only(keys):
    with pytest.raises(jws.KeyUnknown) as caught:
        verify(token(kid="zebra"), keys, ALL)
    error = caught.value
    assert error.kid == "zebra"
    assert "zebra" not in str(error)


def test_without_kid_one_key_must_fit():
    two = key_set(jwk(rsa_key(), kid="a"), jwk(rsa_key(serial=1), kid="b"), jwk(private_key("ES256"), kid="c"))
    with pytest.raises(jws.KeyUnknown, match="names no key") as caught:
        verify(token("RS256"), two, ALL)
    error = caught.value
    assert error.kid is None
    assert verify(token("ES256"), two, ALL)


def test_the_key_named_is_the_only_one_tried():
    two = key_set(jwk(rsa_key(), kid="a"), jwk(rsa_key(serial=1), kid="b"))
    with pytest.raises(jws.SignatureInvalid):
        verify(token(kid="b"), two, ALL)
    assert verify(token(kid="a"), two, ALL)
    assert verify_with_key(token(kid="b", private=rsa_key(serial=1)), two, ALL)[1] is two.by_kid("b")


def test_a_key_that_left_verifies_nothing():
    keys = key_set(jwk(rsa_key(), kid="a"))
    keys.without("a")
    with pytest.raises(jws.KeyUnknown):
        verify(token(kid="a"), keys, ALL)


# The headers that are remembered


def test_a_header_is_remembered_after_a_good_signature_only(keys):
    compact = token(kid="k1")
    segment = compact[: compact.index(b".")]
    with pytest.raises(jws.SignatureInvalid):
        verify(compact[:-4] + b"AAAA", keys, ALL)
    with pytest.raises(jws.AlgorithmNotAllowed):
        verify(compact, keys, frozenset())
    with pytest.raises(jws.KeyUnknown):
        verify(compact, key_set(), ALL)
    jws.parse(compact)
    assert jws._headers == {}
    verify(compact, keys, ALL)
    assert jws._headers == {segment: jws.Header("RS256", "k1", "JWT")}


def test_a_remembered_header_decides_nothing_else(keys):
    compact = token(kid="k1")
    verify(compact, keys, ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(compact[:-4] + b"AAAA", keys, ALL)
    with pytest.raises(jws.AlgorithmNotAllowed):
        verify(compact, keys, frozenset({"ES256"}))
    with pytest.raises(jws.KeyUnknown):
        verify(compact, key_set(), ALL)
    with pytest.raises(jws.SignatureInvalid):
        verify(token(payload={"sub": "user_2"}, private=rsa_key(serial=1), kid="k1"), keys, ALL)
    assert verify(token(payload={"sub": "user_2"}, kid="k1"), keys, ALL) == b'{"sub": "user_2"}'


def test_a_header_of_one_octet_more_is_read_anew(keys):
    verify(token(header=b'{"alg":"RS256","kid":"k1"}'), keys, ALL)
    with pytest.raises(jws.TokenMalformed, match="crit"):
        verify(token(header=b'{"alg":"RS256","kid":"k1","crit":["x"]}'), keys, ALL)


def test_the_memory_is_bounded_in_number_and_size():
    private = private_key("Ed25519")
    one = key_set(jwk(private, kid="k1"))
    for n in range(jws._HEADERS_KEPT + 40):
        verify(token("Ed25519", kid="k1", n=n), one, ALL)
        assert len(jws._headers) <= jws._HEADERS_KEPT
    assert len(jws._headers) == 40
    jws._headers.clear()
    verify(token("Ed25519", kid="k1", n="x" * 512), one, ALL)
    assert jws._headers == {}


# Refusals


def test_reasons_are_those_of_the_table():
    found = {
        error.reason
        for error in (
            jws.TokenMalformed("m"), jws.TokenTooLarge("l"), jws.AlgorithmNotAllowed("a"), jws.KeyUnknown("k"),
            jws.KeyUnknown(None), jws.SignatureInvalid(),
        )
    }  # fmt: skip
    assert found == {
        Reason.TOKEN_MALFORMED, Reason.TOKEN_TOO_LARGE, Reason.ALGORITHM_NOT_ALLOWED, Reason.KEY_UNKNOWN,
        Reason.SIGNATURE_INVALID,
    }  # fmt: skip
    assert all(issubclass(error, Refusal) for error in (jws.InvalidToken, jws.KeyUnknown))


@given(st.binary(max_size=60) | st.text("eyJ0.-_=A", max_size=60))
@example("eyJhbGciOiJub25lIn0.e30.")
def test_strangers_are_refused_and_nothing_of_them_is_told(compact):
    keys = key_set(jwk(private_key("ES256"), kid="k1"))
    with pytest.raises(jws.InvalidToken) as caught:
        verify(compact, keys, ALL)
    chained = caught.value.__cause__
    assert chained is None


@given(st.data())
def test_no_change_of_a_single_octet_survives(data):
    keys = key_set(jwk(private_key("ES256"), kid="k1"))
    compact = token("ES256", kid="k1")
    at = data.draw(st.integers(0, len(compact) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda value: value != compact[at]))
    with pytest.raises(jws.InvalidToken):
        verify(compact[:at] + bytes([octet]) + compact[at + 1 :], keys, ALL)
