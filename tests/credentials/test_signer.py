"""HS256 as Stream writes it."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.credentials import Signer

HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"


def test_the_first_published_vector():
    assert Signer("secret").sign(b'{"user_id":"tommaso"}') == (
        f"{HEADER}.eyJ1c2VyX2lkIjoidG9tbWFzbyJ9.v-x-jt3ZnBXXbQ0GoWloIZtVnat2IE74U1a4Yuxd63M"
    )


def test_the_second_published_vector():
    token = Signer("secret").sign(b'{"exp":1566941272,"iat":1566941272,"user_id":"tommaso"}')
    assert token.startswith(HEADER + ".")
    assert token.endswith(".3HY2O_7o5ZjZ-6KCXLzyPpHZOlNEDy6_m3iNb5DKAMY")


def test_an_empty_secret_signs_nothing():
    with pytest.raises(ValueError, match="needs a secret"):
        Signer("")


def test_derived_keys_differ_by_purpose_and_secret():
    keys = {Signer(secret).derive(purpose) for secret in ("one", "two") for purpose in ("a", "b")}
    assert len(keys) == 4
    assert Signer("one").derive("a") == Signer("one").derive("a")


@given(st.text(min_size=1, max_size=200), st.binary(max_size=300))
def test_the_signature_is_the_standard_librarys_hmac(secret, claims):
    signed, _, signature = Signer(secret).sign(claims).rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_it_opens_what_it_signed_and_nothing_else():
    claims = b'{"user_id":"tommaso"}'
    token = Signer("secret").sign(claims).encode()
    header, middle, _ = token.split(b".")

    assert Signer("secret").opened(token) == base64.urlsafe_b64encode(claims).rstrip(b"=")
    assert Signer("another").opened(token) is None
    longer = (token + b"=", token + b".", b"." + token)
    for other in (b"", b".", b"..", b"\xff", header + b"." + middle, token[:-1], *longer):
        assert Signer("secret").opened(other) is None


def test_it_opens_nothing_under_another_header():
    signer = Signer("secret")
    for begun in (b"eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoidG9tbWFzbyJ9", b"", b"eyJ1c2VyX2lkIjoidG9tbWFzbyJ9"):
        signature = base64.urlsafe_b64encode(signer._authenticate(begun)).rstrip(b"=")
        assert signer.opened(begun + b"." + signature) is None
