"""HS256 as Stream writes it."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock
from tidegate.credentials import Credentials, Signer
from tidegate.credentials.model import SERVER_TOKEN_LIFE

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


def test_the_secret_is_in_no_representation():
    credentials = Credentials("abcdefghijkl", "the-secret-itself")
    for shown in (repr(credentials), str(credentials), repr(credentials.signer), str(vars(Signer))):
        assert "the-secret" not in shown
    assert "abcd" in repr(credentials)
    assert "abcdefghijkl" not in repr(credentials)


def test_derived_keys_differ_by_purpose_and_secret():
    keys = {Signer(secret).derive(purpose) for secret in ("one", "two") for purpose in ("a", "b")}
    assert len(keys) == 4
    assert Signer("one").derive("a") == Signer("one").derive("a")


def test_a_server_token_is_kept_for_half_its_life_and_survives_a_clock_set_back():
    clock = ManualClock()
    token = Credentials("abcdefghijkl", "secret").server_tokens(clock)
    first = token()
    clock.advance(SERVER_TOKEN_LIFE / 2 - 1)
    assert token() == first
    clock.advance(2)
    assert token() != first
    clock.advance(-10 * SERVER_TOKEN_LIFE)
    assert token() not in (first, "")


@given(st.text(min_size=1, max_size=200), st.binary(max_size=300))
def test_the_signature_is_the_standard_librarys_hmac(secret, claims):
    signed, _, signature = Signer(secret).sign(claims).rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == expected
