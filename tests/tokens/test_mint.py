"""Stream user tokens."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.credentials import Credentials, Generation, Pair
from tidegate.tokens.mint import BACKDATE, WINDOW, Minter, Rhythm

SECRET = "a-secret-of-the-tests-0123456789"
USER_IDS = st.from_regex(r"[A-Za-z0-9@_-]{1,40}", fullmatch=True)
TIMES = st.floats(min_value=1_600_000_000, max_value=2_500_000_000)


ANY = Generation(Pair("another-key", SECRET))


def of(secret):
    return Credentials.of("q7w2x9c4v8b5", secret)


def claims(token, secret=SECRET):
    head, body, signature = token.split(".")
    expected = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@given(USER_IDS, TIMES, st.integers(300, 86_400))
def test_a_token_has_three_claims_and_lies_behind_the_clock(user_id, now, life):
    minter = Minter(of(SECRET))
    minted = minter.mint(user_id, minter.rhythm(user_id), now, life)
    assert claims(minted.token) == {"user_id": user_id, "iat": minted.issued_at, "exp": minted.expires_at}
    assert BACKDATE <= now - minted.issued_at < BACKDATE + WINDOW + 1
    assert minted.expires_at - minted.issued_at == life
    assert 0.70 * life - 1 <= minted.refresh_after - minted.issued_at <= 0.85 * life


@given(USER_IDS, TIMES)
def test_the_formula_of_the_design(user_id, now):
    minter = Minter(of(SECRET))
    rhythm = minter.rhythm(user_id)
    expected = int((now - 5 - rhythm.phase) // 60) * 60 + rhythm.phase
    assert minter.mint(user_id, rhythm, now, 3600).issued_at == expected


@given(USER_IDS, TIMES, st.floats(min_value=0, max_value=59))
def test_replicas_agree_within_the_window(user_id, now, later):
    one, other = Minter(of(SECRET)), Minter(of(SECRET))
    first = one.mint(user_id, one.rhythm(user_id), now, 3600)
    second = other.mint(user_id, other.rhythm(user_id), now + later, 3600)
    assert (first.issued_at == second.issued_at) == (first.token == second.token)
    assert second.issued_at - first.issued_at in (0, WINDOW)


def test_expiries_spread_over_the_minute():
    minter = Minter(of(SECRET))
    seconds = {minter.rhythm(f"user_{number}").phase for number in range(2_000)}
    assert len(seconds) == WINDOW


def test_the_rhythm_belongs_to_the_secret():
    one, other = Minter(of(SECRET)), Minter(of(SECRET + "x"))
    assert [one.rhythm(f"u{n}")[:3] for n in range(9)] != [other.rhythm(f"u{n}")[:3] for n in range(9)]


@pytest.mark.parametrize("user_id", ["", "a b", 'a","role":"admin', "a.b", "é", "x" * 256, "a\n"])
def test_nothing_but_a_user_id_is_signed(user_id):
    minter = Minter(of(SECRET))
    with pytest.raises(ValueError, match="without a valid user id"):
        minter.mint(user_id, Rhythm(0, 70, "0" * 12, ANY), 1_700_000_000, 3600)


@pytest.mark.parametrize("life", [299, 86_401, 0, -1])
def test_the_life_is_bounded(life):
    with pytest.raises(ValueError, match="lives"):
        Minter(of(SECRET)).mint("ada", Rhythm(0, 70, "0" * 12, ANY), 1_700_000_000, life)


@given(USER_IDS, TIMES, st.integers(-100, 5), st.integers(300, 86_400))
def test_a_floor_lifts_the_window_and_nothing_else(user_id, now, before, life):
    minter = Minter(of(SECRET))
    rhythm = minter.rhythm(user_id)
    floor = int(now) - BACKDATE + min(before, 0)
    plain, lifted = minter.mint(user_id, rhythm, now, life), minter.mint(user_id, rhythm, now, life, floor)
    assert lifted.issued_at == max(plain.issued_at, floor)
    assert lifted.expires_at - lifted.issued_at == life
    assert lifted.issued_at <= now - BACKDATE


@pytest.mark.parametrize("ahead", [1, 5, 3600])
def test_no_floor_lifts_a_token_ahead_of_the_clock(ahead):
    with pytest.raises(ValueError, match="ahead of the clock"):
        Minter(of(SECRET)).mint("ada", Rhythm(0, 70, "0" * 12, ANY), 1_700_000_000, 3600, 1_700_000_000 - 5 + ahead)


CALLS = st.tuples(
    st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 90), st.sampled_from([300, 900, 3600]), st.integers(0, 70)
)


@given(st.lists(CALLS, max_size=30))
def test_a_remembered_token_is_the_one_that_would_be_minted(calls):
    credentials = of(SECRET)
    remembering, plain = Minter(credentials, remembered=3), Minter(credentials)
    now = 1_700_000_000.0
    for user_id, later, life, ago in calls:
        now += later - 20  # clocks are also set back
        rhythm, floor = plain.rhythm(user_id), int(now) - BACKDATE - ago
        assert remembering.mint(user_id, rhythm, now, life, floor) == plain.mint(user_id, rhythm, now, life, floor)


def test_a_token_of_this_minute_is_signed_once():
    minter = Minter(of(SECRET), remembered=10)
    rhythm = minter.rhythm("ada")
    first = minter.mint("ada", rhythm, 1_700_000_000, 3600)
    assert minter.mint("ada", rhythm, 1_700_000_000, 3600) is first
    assert first.generation.outstanding.count(1_700_000_000) == 1


@given(USER_IDS, TIMES)
def test_after_a_rotation_tokens_are_those_of_a_replica_that_began_with_the_new_pair(user_id, now):
    rotating, fresh = of(SECRET), Credentials(Generation(Pair("newer-key", "newer-secret")))
    minter, other = Minter(rotating, remembered=10), Minter(fresh)
    rhythm = minter.rhythm(user_id)
    before = minter.mint(user_id, rhythm, now, 3600)
    rotating.sign_with(rotating.hold(Pair("newer-key", "newer-secret")).id)
    after = minter.mint(user_id, rhythm, now, 3600)
    assert after[:4] == other.mint(user_id, other.rhythm(user_id), now, 3600)[:4]
    assert (before.generation.api_key, after.generation.api_key) == ("q7w2x9c4v8b5", "newer-key")
    assert claims(after.token, "newer-secret")["user_id"] == user_id


def test_a_remembered_token_of_another_generation_is_not_handed_out():
    credentials = of(SECRET)
    minter = Minter(credentials, remembered=10)
    rhythm = minter.rhythm("ada")
    first = minter.mint("ada", rhythm, 1_700_000_000, 3600)
    old, new = credentials.primary, credentials.hold(Pair("newer-key", "newer-secret"))
    for _ in range(3):
        credentials.sign_with(new.id)
        assert minter.mint("ada", rhythm, 1_700_000_000, 3600).generation is new
        credentials.sign_with(old.id)
        assert minter.mint("ada", rhythm, 1_700_000_000, 3600) == first
