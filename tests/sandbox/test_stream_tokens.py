import hashlib
import hmac
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.sandbox.signing import base64url
from tidegate.sandbox.stream_errors import StreamFault
from tidegate.sandbox.stream_tokens import CallerKind, bare, verify

NOW = 1_700_000_000
SECRET = "secret"
HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
FIRST_VECTOR = f"{HEADER}.eyJ1c2VyX2lkIjoidG9tbWFzbyJ9.v-x-jt3ZnBXXbQ0GoWloIZtVnat2IE74U1a4Yuxd63M"
SECOND_PAYLOAD = base64url(b'{"exp":1566941272,"iat":1566941272,"user_id":"tommaso"}')
SECOND_VECTOR = f"{HEADER}.{SECOND_PAYLOAD}.3HY2O_7o5ZjZ-6KCXLzyPpHZOlNEDy6_m3iNb5DKAMY"


def signed(claims, *, secret=SECRET, header=None):
    parts = [json.dumps(part).encode() for part in (header or {"alg": "HS256", "typ": "JWT"}, claims)]
    text = ".".join(base64url(part) for part in parts)
    return f"{text}.{base64url(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def refused(token, **settings):
    with pytest.raises(StreamFault) as caught:
        verify(token, SECRET, NOW, **settings)
    assert caught.value.http_status == 401
    assert not token or token not in caught.value.message
    return int(caught.value.code)


def test_the_first_published_vector():
    caller = verify(FIRST_VECTOR, SECRET, NOW)

    assert (caller.kind, caller.user_id, caller.issued_at) == (CallerKind.USER, "tommaso", None)


def test_the_second_published_vector():
    """Issued and expired in the same second, so its signature shows by the codes that follow it."""
    with pytest.raises(StreamFault, match="code 40"):
        verify(SECOND_VECTOR, SECRET, 1566941272)
    with pytest.raises(StreamFault, match="code 42"):
        verify(SECOND_VECTOR, SECRET, 1566941271)
    with pytest.raises(StreamFault, match="code 43"):
        verify(SECOND_VECTOR, "another", 1566941271)


@given(st.text(min_size=1, max_size=40), st.text(min_size=32, max_size=70))
def test_it_agrees_with_another_library(user_id, secret):
    token = jwt.encode({"user_id": user_id, "iat": NOW - 5, "exp": NOW + 3600}, secret, algorithm="HS256")

    assert verify(token, secret, NOW).user_id == user_id
    with pytest.raises(StreamFault):
        verify(token, secret + "x", NOW)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"user_id": "ada", "exp": NOW}, 40),
        ({"user_id": "ada", "exp": NOW - 1}, 40),
        ({"user_id": "ada", "nbf": NOW + 1}, 41),
        ({"user_id": "ada", "iat": NOW + 1}, 42),
        ({"user_id": "ada", "exp": "soon"}, 5),
        ({"user_id": "ada", "iat": True}, 5),
        ({"user_id": 7, "exp": NOW + 60}, 5),
        ({}, 5),
        ({"user_id": ""}, 5),
        ({"server": "yes"}, 5),
        ({"server": False}, 5),
    ],
)
def test_codes_of_claims(claims, code):
    assert refused(signed(claims)) == code


@pytest.mark.parametrize(
    "token",
    [
        "",
        "development",
        "a.b",
        "a.b.c.d",
        f"{HEADER}.!!!.AAAA",
        f"{HEADER}.AAAAA.AAAA",
        f"{HEADER}.{base64url(b'[]')}.AAAA",
        f"{HEADER}.{base64url(b'{')}.AAAA",
        "é.é.é",
        signed({"user_id": "ada"}, header={"alg": "none"}),
        signed({"user_id": "ada"}, header={"alg": "HS512"}),
        signed({"user_id": "a" * 9000}),
    ],
)
def test_what_is_no_token_is_code_5(token):
    assert refused(token) == 5


def test_a_wrong_signature_is_code_43_whatever_else_is_wrong():
    assert refused(signed({"user_id": "ada", "exp": 1}, secret="other")) == 43


def test_the_signature_does_not_count_where_checks_are_off():
    forged = signed({"user_id": "ada"}, secret="other")

    assert verify(forged, SECRET, NOW, check_signature=False).user_id == "ada"


@pytest.mark.parametrize("claims", [{"server": True}, {"server": "true"}, {"exp": NOW + 60}])
def test_no_user_means_all_rights(claims):
    assert verify(signed(claims), SECRET, NOW).kind is CallerKind.SERVER


def test_an_empty_user_id_means_all_rights_too():
    """The trap that Tidegate's signer must never step into."""
    assert verify(signed({"user_id": "", "exp": NOW + 60}), SECRET, NOW).kind is CallerKind.SERVER


def test_a_user_stays_a_user_whatever_the_server_claim_says():
    assert verify(signed({"user_id": "ada", "server": True}), SECRET, NOW).kind is CallerKind.USER


@pytest.mark.parametrize(
    ("header", "token"), [("x.y.z", "x.y.z"), ("Bearer x.y.z", "x.y.z"), ("bearer  x", "x"), ("", "")]
)
def test_the_scheme_is_optional(header, token):
    assert bare(header) == token
