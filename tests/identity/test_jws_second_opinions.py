"""The verifier beside joserfc and PyJWT, on tokens made and spoiled in every way that can be thought of.

Wherever ours accepts, both others must. Wherever ours refuses and one of them accepts, the
cause must be one of `Difference`, recognised by code that shares nothing with the verifier,
and each of those is shown by an example that names who accepts it.
"""

import base64
import contextlib
import json
import re
from enum import Enum

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry
from jwt.algorithms import OKPAlgorithm

from support.signing import ALGORITHMS, b64, jwk, private_key, resign, rsa_key, signature, token
from support.verifying import ALL, key_set, verify
from tidegate.identity import jws

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc tells issuers, not verifiers

JOSERFC, PYJWT = "joserfc", "PyJWT"
_pyjwt = jwt.PyJWS()
_pyjwt.register_algorithm("Ed25519", OKPAlgorithm())


def ours(compact, private):
    try:
        return json.loads(verify(compact, key_set(jwk(private)), ALL))
    except jws.InvalidToken:
        return None


def joserfc(compact, private):
    # Lenient where that is a matter of taste: sizes, and members of the header that it does not know.
    registry = joserfc_jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = 1_000_000
    with contextlib.suppress(JoseError, ValueError, TypeError, KeyError, RecursionError):
        key = JWKRegistry.import_key(jwk(private))
        claims = json.loads(joserfc_jws.deserialize_compact(compact, key, registry=registry).payload)
        return claims if isinstance(claims, dict) else None
    return None


def pyjwt(compact, private):
    with contextlib.suppress(jwt.PyJWTError, ValueError, TypeError, RecursionError):
        claims = json.loads(_pyjwt.decode(compact, private.public_key(), algorithms=list(ALGORITHMS)))
        return claims if isinstance(claims, dict) else None
    return None


OTHERS = {JOSERFC: joserfc, PYJWT: pyjwt}


def lax(segment):
    return base64.b64decode(re.sub(b"[^A-Za-z0-9_-]", b"", segment) + b"===", b"-_")


def documents(compact):
    return [lax(segment) for segment in compact.split(b".")[:2]]


def read(document, **hooks):
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(document, **hooks)
    return None


def has_duplicates(document):
    found = []
    read(document, object_pairs_hook=lambda pairs: found.append(len(pairs) != len(dict(pairs))) or dict(pairs))
    return any(found)


def has_no_numbers(document):
    found = []
    read(
        document,
        parse_constant=found.append,
        parse_float=lambda text: found.append(text) if "inf" in repr(float(text)) else 0,
    )
    return bool(found)


def has_lone_surrogates(document):
    return re.search("[\ud800-\udfff]", json.dumps(read(document), ensure_ascii=False)) is not None


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def header(compact):
    found = read(documents(compact)[0])
    return found if isinstance(found, dict) else {}


class Difference(Enum):
    """Why ours may refuse what others accept."""

    PADDING = "a segment carries padding (RFC 7515, section 2)"
    DUPLICATE_MEMBER = "a member is named twice; readers differ in which one counts"
    BYTE_ORDER_MARK = "a byte-order mark, which RFC 8259, section 8.1, forbids"
    OTHER_ENCODING = "JSON that is not UTF-8 (RFC 7519, section 7.2)"
    NOT_A_NUMBER = "NaN, an infinity, or a number beyond all floats"
    LONE_SURROGATE = "a string that cannot be written as UTF-8 again"
    DEPTH = "more than 32 levels"
    TOKEN_SIZE = "more than 8192 octets"
    HEADER_SIZE = "a header of more than 2048 octets"
    CRITICAL = "crit; we support no extension, even those the others know (RFC 7515, section 4.1.11)"
    UNENCODED = "b64, even where it says the default (RFC 7797)"
    TYPE = "typ is not a string (RFC 7515, section 4.1.9)"
    SHORT_SIGNATURE = "an RSA signature shorter than its key (RFC 8017, section 8.1.2)"

    def applies(self, compact, private):
        return _RECOGNISED[self](compact, private)


_RECOGNISED = {
    Difference.PADDING: lambda c, _: b"=" in c,
    Difference.DUPLICATE_MEMBER: lambda c, _: any(map(has_duplicates, documents(c))),
    Difference.BYTE_ORDER_MARK: lambda c, _: any(d.startswith(b"\xef\xbb\xbf") for d in documents(c)),
    Difference.OTHER_ENCODING: lambda c, _: any(b"\0" in d for d in documents(c)),
    Difference.NOT_A_NUMBER: lambda c, _: any(map(has_no_numbers, documents(c))),
    Difference.LONE_SURROGATE: lambda c, _: any(map(has_lone_surrogates, documents(c))),
    Difference.DEPTH: lambda c, _: any(depth(read(d)) > 32 for d in documents(c)),
    Difference.TOKEN_SIZE: lambda c, _: len(c) > 8192,
    Difference.HEADER_SIZE: lambda c, _: c.index(b".") > 2048,
    Difference.CRITICAL: lambda c, _: "crit" in header(c),
    Difference.UNENCODED: lambda c, _: "b64" in header(c),
    Difference.TYPE: lambda c, _: not isinstance(header(c).get("typ", ""), str),
    Difference.SHORT_SIGNATURE: lambda c, p: len(lax(c.split(b".")[2])) < getattr(p, "key_size", 0) // 8,
}


def padded(compact):
    first, second, _ = compact.split(b".")
    return resign(first + b"=" * (-len(first) % 4) + b"." + second + b"=" * (-len(second) % 4))


def short_pss():
    signed = token("PS256").rpartition(b".")[0]
    found = next(s for s in (signature("PS256", rsa_key(), signed) for _ in range(20_000)) if s[0] == 0)
    return signed + b"." + b64(found[1:]).encode()


BOTH = {JOSERFC, PYJWT}
EXAMPLES = [
    (Difference.PADDING, {PYJWT}, lambda: padded(token(payload={"a": 1}))),
    (Difference.DUPLICATE_MEMBER, BOTH, lambda: token(payload=b'{"sub":"victim","sub":"mallory"}')),
    (Difference.DUPLICATE_MEMBER, BOTH, lambda: token(header=b'{"alg":"none","alg":"RS256"}')),
    (Difference.DUPLICATE_MEMBER, BOTH, lambda: token(payload=b'{"o":{"id":"a","\\u0069d":"b"}}')),
    (Difference.BYTE_ORDER_MARK, BOTH, lambda: token(payload=b'\xef\xbb\xbf{"sub":"a"}')),
    (Difference.BYTE_ORDER_MARK, BOTH, lambda: token(header=b'\xef\xbb\xbf{"alg":"RS256"}')),
    (Difference.OTHER_ENCODING, BOTH, lambda: token(payload='{"sub":"a"}'.encode("utf-16"))),
    (Difference.OTHER_ENCODING, BOTH, lambda: token(payload='{"sub":"a"}'.encode("utf-32-be"))),
    (Difference.NOT_A_NUMBER, BOTH, lambda: token(payload=b'{"exp":NaN}')),
    (Difference.NOT_A_NUMBER, BOTH, lambda: token(payload=b'{"exp":Infinity}')),
    (Difference.NOT_A_NUMBER, BOTH, lambda: token(payload=b'{"exp":1e999}')),
    (Difference.LONE_SURROGATE, BOTH, lambda: token(payload=b'{"sub":"\\ud800"}')),
    (Difference.DEPTH, BOTH, lambda: token(payload=b'{"a":' + b"[" * 32 + b"]" * 32 + b"}")),
    (Difference.TOKEN_SIZE, BOTH, lambda: token(payload={"a": "x" * 6000})),
    (Difference.HEADER_SIZE, BOTH, lambda: token(a="x" * 2000)),
    (Difference.CRITICAL, {JOSERFC}, lambda: token(crit=[])),
    (Difference.CRITICAL, {JOSERFC}, lambda: token(crit=["typ"])),
    (Difference.CRITICAL, BOTH, lambda: token(crit=["b64"], b64=True)),
    (Difference.UNENCODED, BOTH, lambda: token(b64=True)),
    (Difference.TYPE, {PYJWT}, lambda: token(typ=5)),
    (Difference.SHORT_SIGNATURE, BOTH, short_pss),
]


@pytest.mark.parametrize(("difference", "accepting", "make"), EXAMPLES)
def test_each_difference_is_real_and_the_only_cause(difference, accepting, make):
    compact = make()
    assert ours(compact, rsa_key()) is None
    assert {name for name, other in OTHERS.items() if other(compact, rsa_key()) is not None} == accepting
    causes = {cause for cause in Difference if cause.applies(compact, rsa_key())}
    assert difference in causes
    assert causes <= {difference, Difference.UNENCODED if difference is Difference.CRITICAL else difference}


def test_every_difference_has_an_example():
    assert {difference for difference, _, _ in EXAMPLES} == set(Difference)


def unexplained(compact, private):
    """What others accept and we do not, or otherwise; nothing where a difference that has a name explains it."""
    verdict = ours(compact, private)
    others = {name: other(compact, private) for name, other in OTHERS.items()}
    different = {name: claims for name, claims in others.items() if claims != verdict}
    if different and verdict is None and any(cause.applies(compact, private) for cause in Difference):
        return {}
    return different


SCALARS = st.sampled_from(
    [b"1", b"-0", b"0.5", b"1e3", b"1e999", b"NaN", b"true", b"null", b'"x"', b'"\\u00e9"', b'"\\ud800"',
     b'"\\ud83d\\ude00"', b'"\xc3\xa9"', b'"\xff"', b"-Infinity", b"18446744073709551616", b'"["', b"01", b"tru"]
)  # fmt: skip
NAMES = st.sampled_from([b"sub", b"iss", b"exp", b"s\\u0075b", b"x"])
HEADER_NAMES = st.sampled_from([b"x", b"cat", b"alg", b"crit", b"b64", b"typ", b"kid"])


def objects(names, values):
    members = st.lists(st.tuples(names, values), max_size=4)
    return members.map(lambda pairs: b"{" + b",".join(b'"' + name + b'":' + value for name, value in pairs) + b"}")


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2).map(lambda items: b"[" + b",".join(items) + b"]") | objects(NAMES, inner),
    max_leaves=4,
)
WRAPPED = [
    lambda d: d, lambda d: b" " + d + b"\r\n", lambda d: b"\xef\xbb\xbf" + d, lambda d: d + b"x", lambda d: d[:-1],
    lambda d: b"[" + d + b"]", lambda d: d.decode("latin-1").encode("utf-16-le"),
]  # fmt: skip
WEIGHTED = st.one_of(st.just(WRAPPED[0]), st.sampled_from(WRAPPED))


@st.composite
def header_documents(draw, algorithm):
    extra = draw(st.lists(st.tuples(HEADER_NAMES, SCALARS), max_size=2))
    pairs = [(b"alg", b'"' + algorithm.encode() + b'"'), *extra]
    text = b"{" + b",".join(b'"' + name + b'":' + value for name, value in draw(st.permutations(pairs))) + b"}"
    return draw(WEIGHTED)(text)


@given(st.data())
def test_signed_tokens_of_any_content(data):
    algorithm = data.draw(st.sampled_from(ALGORITHMS))
    header_octets = data.draw(header_documents(algorithm))
    payload = data.draw(WEIGHTED)(data.draw(objects(NAMES, VALUES)))
    assert unexplained(token(algorithm, header=header_octets, payload=payload), private_key(algorithm)) == {}


SPOILED = st.sampled_from(
    [lambda s: s, lambda s: s + b"=", lambda s: s + b"=" * (-len(s) % 4), lambda s: s + b"\n", lambda s: b" " + s,
     lambda s: s[:-1], lambda s: s + b"A", lambda s: s[:-1] + b"B", lambda s: s.replace(b"-", b"+").replace(b"_", b"/"),
     lambda s: s + b".", lambda s: s[:0], lambda s: s[:2] + b"!" + s[2:], lambda s: s[:2] + b"\xff" + s[2:]]
)  # fmt: skip


@given(st.data())
def test_tokens_of_any_spelling(data):
    algorithm = data.draw(st.sampled_from(ALGORITHMS))
    private = private_key(algorithm)
    first, second, _ = token(algorithm, payload={"a": data.draw(st.text("x?>~", max_size=4))}).split(b".")
    signed = data.draw(SPOILED)(first) + b"." + data.draw(SPOILED)(second)
    sig = data.draw(SPOILED)(b64(signature(algorithm, private, signed)).encode())
    assert unexplained(signed + b"." + sig, private) == {}


@given(st.data())
def test_tokens_changed_after_signing(data):
    algorithm = data.draw(st.sampled_from(ALGORITHMS))
    compact = bytearray(token(algorithm))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(compact) - 1))
        compact[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=1) | st.sampled_from([b"A", b".", b"="])
        )
    assert unexplained(bytes(compact), private_key(algorithm)) == {}


@given(st.sampled_from(ALGORITHMS), st.sampled_from(ALGORITHMS))
def test_tokens_that_claim_another_algorithm(made, claimed):
    compact = token(made, header={"alg": claimed})
    same = made == claimed or {made, claimed} == {"EdDSA", "Ed25519"}
    assert (ours(compact, private_key(made)) is not None) == same
    assert unexplained(compact, private_key(made)) == {}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_plain_token_is_accepted_by_all(algorithm):
    compact = token(algorithm, cat="cl_B7d4PD111AAA", oiat=1)
    assert ours(compact, private_key(algorithm)) == {"sub": "user_1"}
    assert unexplained(compact, private_key(algorithm)) == {}
