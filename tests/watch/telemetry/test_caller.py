"""Who sends a beacon: our own tokens alone, and only while they are good."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.credentials import Credentials, Generation, Pair
from tidegate.errors import Reason, Refusal
from tidegate.tokens.mint import Minter
from tidegate.watch.telemetry.caller import Callers

NOW = 1_700_000_000.0
SECRET = "the-secret-of-the-app-at-stream-x"
CLAIMS = {"user_id": "ada", "iat": int(NOW) - 10, "exp": int(NOW) + 600}


def callers(*secrets, floor=0):
    generations = [Generation(Pair("apikey", secret)) for secret in (secrets or (SECRET,))]
    return Callers(lambda: generations, lambda _user, _now: floor)


def signed(claims=CLAIMS, secret=SECRET):
    return Generation(Pair("apikey", secret)).signer.sign(json.dumps(claims).encode()).encode()


def reason(token, judge=None, now=NOW):
    with pytest.raises(Refusal) as refused:
        (judge or callers()).user(token, now)
    assert SECRET not in refused.value.detail
    return refused.value.reason


def test_a_token_that_was_minted_here_names_its_user():
    minter = Minter(Credentials.of("apikey", SECRET))
    minted = minter.mint("ada@work", minter.rhythm("ada@work"), NOW, 3_600)

    assert callers().user(minted.token.encode(), NOW) == "ada@work"


def test_every_generation_in_use_counts_and_no_other_app():
    both = callers("another-secret-of-the-same-app-xx", SECRET)

    assert both.user(signed(), NOW) == "ada"
    assert reason(signed(secret="the-secret-of-another-app-at-all"), both) is Reason.SIGNATURE_INVALID
    assert reason(signed(), callers("another-secret-of-the-same-app-xx")) is Reason.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"exp": int(NOW)}, Reason.TOKEN_EXPIRED),
        ({"iat": int(NOW) + 1}, Reason.TOKEN_NOT_YET_VALID),
        ({"server": True}, Reason.TOKEN_KIND_REFUSED),
        ({"user_id": None}, Reason.TOKEN_KIND_REFUSED),
        ({"user_id": "no such id!"}, Reason.TOKEN_KIND_REFUSED),
        ({"user_id": ["ada"]}, Reason.TOKEN_KIND_REFUSED),
        ({"exp": "never"}, Reason.TOKEN_KIND_REFUSED),
        ({"exp": 2.0e9}, Reason.TOKEN_KIND_REFUSED),
    ],
)
def test_claims_of_another_kind_or_time_are_refused(changed, expected):
    assert reason(signed({**CLAIMS, **changed})) is expected


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_a_token_without_one_of_its_claims_is_none_of_ours(missing):
    assert reason(signed({name: CLAIMS[name] for name in CLAIMS if name != missing})) is Reason.TOKEN_KIND_REFUSED


def test_a_server_token_does_not_count():
    token = Generation(Pair("apikey", SECRET)).access(NOW).token.encode()

    assert reason(token) is Reason.TOKEN_KIND_REFUSED


def test_what_was_revoked_or_banned_does_not_count():
    assert callers(floor=CLAIMS["iat"]).user(signed(), NOW) == "ada"
    assert reason(signed(), callers(floor=CLAIMS["iat"] + 1)) is Reason.SESSION_REVOKED


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512", "typ": "JWT"}, {"typ": "JWT", "alg": "HS256"}])
def test_no_other_header_counts_even_under_our_signature(header):
    signer = Generation(Pair("apikey", SECRET)).signer
    begun = segment(header) + b"." + segment(CLAIMS)
    signature = base64.urlsafe_b64encode(signer._authenticate(begun)).rstrip(b"=")

    assert reason(begun + b"." + signature) is Reason.SIGNATURE_INVALID
    assert reason(begun + b".") is Reason.SIGNATURE_INVALID


@given(st.integers(0, 200), st.integers(0, 255))
def test_any_changed_octet_ends_it(place, octet):
    token = bytearray(signed())
    place %= len(token)
    if token[place] == octet:
        octet ^= 1
    token[place] = octet

    assert reason(bytes(token)) in {Reason.SIGNATURE_INVALID, Reason.TOKEN_MALFORMED}


@given(st.binary(max_size=80) | st.lists(st.binary(max_size=20), min_size=3, max_size=3).map(b".".join))
def test_whatever_comes_is_refused(token):
    assert reason(token) in {Reason.SIGNATURE_INVALID, Reason.TOKEN_MALFORMED}


@pytest.mark.parametrize("claims", [b'{"user_id":"ada","user_id":"bo","iat":1,"exp":2}', b'{"a":{"b":{"c":1}}}', b"[]"])
def test_a_token_that_an_app_signed_with_claims_of_its_own_is_refused(claims):
    token = Generation(Pair("apikey", SECRET)).signer.sign(claims).encode()
    assert reason(token) is Reason.TOKEN_KIND_REFUSED
