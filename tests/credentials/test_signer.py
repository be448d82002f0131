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
