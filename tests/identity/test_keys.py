import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.signing import ALGORITHMS, jwk, pem, private_key, rsa_key, signature
from tidegate.identity.keys import Key, KeySet, KeySetError, RejectedKey


def key_set(*members, **options):
    return KeySet.from_jwks({"keys": list(members)}, **options)


RSA = jwk(rsa_key(), kid="a", alg="RS256", use="sig")
EC = jwk(private_key("ES256"), kid="b")
ED = jwk(private_key("Ed25519"), kid="c")


def test_good_keys_are_found_by_kid():
    keys = key_set(RSA, EC, ED)
    assert [key.kid for key in keys] == ["a", "b", "c"]
    assert keys.by_kid("b") is keys.keys[1]
    assert keys.by_kid("B") is None
    assert keys.rejected == ()
    assert len(keys) == 3
    assert all(key.live for key in keys)


def test_one_bad_key_is_reported_and_drops_no_other():
    bad = jwk(rsa_key(1024), kid="weak")
    keys = key_set(bad, RSA, "text", None, {"kid": 5} | EC | {"kid": 5}, {"kty": "oct", "k": "AAAA", "kid": "secret"})
    assert [key.kid for key in keys] == ["a"]
    assert [rejected.kid for rejected in keys.rejected] == ["weak", None, None, None, "secret"]
    assert keys.rejected[0] == RejectedKey("weak", "its RSA modulus is not of 2048 to 8192 bits")
    assert "object" in keys.rejected[1].why
    assert "its kid is not a string" in keys.rejected[3].why


def test_both_keys_of_a_duplicate_kid_are_refused():
    keys = key_set(RSA, EC | {"kid": "a"}, ED)
    assert [key.kid for key in keys] == ["c"]
    assert [rejected.kid for rejected in keys.rejected] == ["a", "a"]
    assert all("same kid" in rejected.why for rejected in keys.rejected)


def test_a_duplicate_kid_counts_even_if_the_other_key_is_bad():
    keys = key_set(RSA, {"kty": "unknown", "kid": "a"})
    assert len(keys) == 0
    assert len(keys.rejected) == 2


def test_keys_without_kid_are_no_duplicates():
    keys = key_set(jwk(rsa_key()), jwk(private_key("ES256")))
    assert len(keys) == 2


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "a"}, {"key": []}])
def test_what_is_no_key_set_is_an_error(document):
    with pytest.raises(KeySetError, match="no list called keys"):
        KeySet.from_jwks(document)


def test_too_many_keys_are_an_error_whatever_they_are():
    assert len(key_set(*[RSA | {"kid": str(n)} for n in range(20)])) == 20
    with pytest.raises(KeySetError, match="more than 20 keys"):
        key_set(*[{}] * 21)
    with pytest.raises(KeySetError, match="more than 2 keys"):
        key_set(RSA, EC, ED, max_keys=2)


def test_an_empty_set_is_a_set():
    assert key_set().keys == ()


def test_a_document_is_read_strictly():
    text = json.dumps({"keys": [RSA]})
    assert KeySet.from_json(text.encode()).by_kid("a") is not None
    for wrong in (
        text[:-1],
        "[]",
        '{"keys":[],"keys":[]}',
        "\ufeff" + text,
        '{"keys":[' + "[" * 100 + "]" * 100 + "]}",
    ):
        with pytest.raises(KeySetError, match="cannot be read"):
            KeySet.from_json(wrong.encode())


def test_a_document_is_measured_before_it_is_read():
    text = json.dumps({"keys": [RSA]}).encode()
    exact = text + b" " * (65_536 - len(text))
    assert len(KeySet.from_json(exact)) == 1
    with pytest.raises(KeySetError, match="larger than 65536 octets"):
        KeySet.from_json(exact + b" ")
    with pytest.raises(KeySetError, match="larger than 10 octets"):
        KeySet.from_json(text, max_octets=10)
    with pytest.raises(KeySetError, match="more than 0 keys"):
        KeySet.from_json(text, max_keys=0)


@pytest.mark.parametrize("as_octets", [True, False])
def test_a_pem_is_a_set_of_one_key_without_kid(as_octets):
    text = pem(rsa_key())
    (key,) = KeySet.from_pem(text.encode() if as_octets else text)
    assert key.kid is None
    assert key.fingerprint == key_set(RSA).keys[0].fingerprint


@pytest.mark.parametrize("text", ["", b"\xff", pem(rsa_key(1024))])
def test_a_pem_that_is_not_admitted_is_an_error(text):
    with pytest.raises(KeySetError):
        KeySet.from_pem(text)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_its_own_signatures(algorithm):
    private = private_key(algorithm)
    (key,) = key_set(jwk(private, alg=algorithm))
    good = signature(algorithm, private, b"signed")
    assert key.verify(algorithm, good, b"signed")
    assert not key.verify(algorithm, good, b"signee")
    assert not key.verify(algorithm, good[:-1], b"signed")
    assert not key.verify(algorithm, b"", b"signed")


def test_a_key_serves_no_other_algorithm():
    (key,) = key_set(RSA)
    with pytest.raises(KeyError):
        key.verify("PS256", signature("PS256", rsa_key(), b"signed"), b"signed")


def test_selection_by_kid():
    keys = key_set(RSA, EC)
    assert keys.select("a", "RS256") is keys.keys[0]
    assert keys.select("a", "ES256") is keys.keys[0]  # that the algorithm does not fit is for the verifier to say
    assert keys.select("z", "RS256") is None
    assert keys.select("", "RS256") is None


def test_without_kid_only_the_one_key_that_fits():
    keys = key_set(RSA, EC, jwk(rsa_key(serial=1), kid="d", alg="RS384"))
    assert keys.select(None, "RS256") is keys.keys[0]
    assert keys.select(None, "RS384") is keys.keys[2]
    assert keys.select(None, "RS512") is None
    two = key_set(RSA, jwk(rsa_key(serial=1), kid="d"))
    assert two.select(None, "RS256") is None
    assert two.select(None, "RS384") is two.keys[1]


def test_a_lone_key_without_kid_answers_to_any_kid():
    keys = KeySet.from_pem(pem(rsa_key()))
    assert keys.select("ins_anything", "RS256") is keys.keys[0]
    two = key_set(jwk(rsa_key()), jwk(private_key("ES256")))
    assert two.select("ins_anything", "RS256") is None
    lone_with_kid = key_set(RSA)
    assert lone_with_kid.select("ins_anything", "RS256") is None


def test_a_key_that_is_no_longer_live_is_not_selected():
    keys = key_set(RSA)
    keys.keys[0].live = False
    assert keys.select("a", "RS256") is None
    assert keys.select(None, "RS256") is None


def test_replacing_keeps_the_object_of_a_key_that_stays():
    old, new = key_set(RSA, EC), key_set(EC, ED)
    stayed, left = old.by_kid("b"), old.by_kid("a")
    merged = new.replacing(old)
    assert merged.by_kid("b") is stayed
    assert merged.by_kid("c") is new.by_kid("c")
    assert [key.kid for key in merged] == ["b", "c"]
    assert stayed.live
    assert not left.live
    assert all(key.live for key in merged)


@pytest.mark.parametrize(
    "changed", [jwk(rsa_key(serial=1), kid="a", alg="RS256"), RSA | {"alg": "RS384"}, jwk(rsa_key(), kid="a")]
)
def test_other_material_or_use_under_the_same_kid_is_another_key(changed):
    old = key_set(RSA)
    merged = key_set(changed).replacing(old)
    assert merged.by_kid("a") is not old.by_kid("a")
    assert not old.by_kid("a").live
    assert merged.by_kid("a").live


def test_replacing_does_not_bring_back_a_dead_key_object():
    old = key_set(RSA)
    old.keys[0].live = False
    merged = key_set(RSA).replacing(old)
    assert merged.keys[0] is not old.keys[0]
    assert merged.keys[0].live
    assert not old.keys[0].live


def test_replacing_reports_what_the_new_document_rejected():
    new = key_set(RSA, "bad")
    assert new.replacing(key_set("worse", "worst")).rejected == new.rejected


@pytest.mark.parametrize("by", ["kid", "fingerprint"])
def test_a_key_can_be_taken_out(by):
    keys = key_set(RSA, EC, "bad")
    gone = keys.by_kid("a")
    left = keys.without(getattr(gone, by))
    assert [key.kid for key in left] == ["b"]
    assert left.by_kid("a") is None
    assert not gone.live
    assert left.keys[0].live
    assert left.rejected == keys.rejected
    assert keys.by_kid("a") is gone


def test_taking_out_a_stranger_changes_nothing():
    keys = key_set(RSA)
    assert keys.without("z") is keys
    assert keys.keys[0].live


@given(st.lists(st.sampled_from("abcd"), max_size=4), st.lists(st.sampled_from("abcd"), max_size=4))
def test_after_replacing_exactly_the_keys_in_use_are_live(before, after):
    old, new = (key_set(*(ED | {"kid": kid} for kid in kids)) for kids in (before, after))
    held = list(old)
    merged = new.replacing(old)
    assert [key.kid for key in merged] == [kid for kid in after if after.count(kid) == 1]
    assert all(key.live == any(key is other for other in merged) for key in held)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4) | st.just("RSA"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["keys", "kty", "n", "e", "crv", "x", "y", "kid", "alg", "use"]), inner, max_size=6
            )
        ),
        max_leaves=20,
    )
)
def test_any_document_gives_a_set_or_an_error(document):
    members = document.get("keys") if isinstance(document, dict) else document
    whole = document if isinstance(document, dict) else {"keys": document}
    try:
        keys = KeySet.from_jwks(whole)
    except KeySetError:
        return
    assert len(keys) + len(keys.rejected) == len(members)


def test_reprs_tell_what_is_public():
    keys = key_set(RSA, "bad")
    assert repr(keys) == "<KeySet of 1 keys, 1 rejected>"
    assert repr(keys.keys[0]) == f"<Key {keys.keys[0].fingerprint} for RS256>"
    assert isinstance(keys.keys[0], Key)
