"""Generations: what they are called, what they show, what they sign for calls, and what is out there of them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.clock import ManualClock
from tidegate.credentials import Credentials, Generation, Pair
from tidegate.credentials.generation import SERVER_TOKEN_LIFE
from tidegate.credentials.outstanding import Outstanding

NOW = 1_700_000_000


def issued(access):
    return json.loads(base64.urlsafe_b64decode(access.token.split(".")[1] + "=="))["iat"]


def test_the_secret_is_in_no_representation():
    pair = Pair("abcdefghijkl", "the-secret-itself")
    credentials = Credentials(Generation(pair))
    for shown in (pair, credentials, credentials.primary, credentials.primary.signer):
        assert "the-secret" not in repr(shown) + str(shown)
        assert "abcdefghijkl" not in repr(shown)


def test_a_generation_is_named_after_both_halves_of_its_pair():
    names = {Generation(Pair(key, secret)).id for key in ("k1", "k2") for secret in ("s1", "s2")}
    assert len(names) == 4
    assert Generation(Pair("k1", "s1")).id == Generation(Pair("k1", "s1", made_at=5.0)).id


def test_a_server_token_is_kept_for_half_its_life_and_survives_a_clock_set_back():
    clock = ManualClock()
    access = Credentials.of("abcdefghijkl", "secret").access(clock)
    first = access()
    clock.advance(SERVER_TOKEN_LIFE / 2 - 1)
    assert access() == first
    clock.advance(2)
    assert access() != first
    clock.advance(-10 * SERVER_TOKEN_LIFE)
    assert access().token not in (first.token, "")


def test_calls_go_out_with_the_primary_of_the_moment():
    credentials = Credentials.of("first-key", "first-secret")
    access = credentials.access(ManualClock())
    first = access()
    credentials.sign_with(credentials.hold(Pair("second-key", "second-secret")).id)
    assert (first.api_key, access().api_key) == ("first-key", "second-key")
    assert access().token != first.token


def test_what_is_not_held_cannot_sign_and_the_primary_is_not_forgotten():
    credentials = Credentials.of("first-key", "first-secret")
    other = credentials.hold(Pair("second-key", "second-secret"))
    assert credentials.hold(Pair("second-key", "second-secret")) is other
    credentials.forget(other.id)
    credentials.forget(credentials.primary.id)
    assert credentials.held == (credentials.primary,)
    with pytest.raises(KeyError):
        credentials.sign_with(other.id)


def test_nothing_is_out_before_the_first_token():
    outstanding = Outstanding()
    assert (outstanding.count(NOW), outstanding.last, outstanding.longest) == (0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(300, 86_400)), max_size=60))
def test_what_is_out_is_counted_to_the_minute(tokens):
    outstanding, model, now = Outstanding(), [], NOW
    for later, life in sorted(tokens):
        now = NOW + later
        outstanding.add(now, now + life)
        model.append(now + life)
    assert outstanding.count(now) == sum(expires // 60 >= now // 60 for expires in model)
    assert outstanding.last == max(model, default=0)
    assert outstanding.longest == max((life for _, life in tokens), default=0)


def test_after_the_apps_revocation_server_tokens_are_dated_behind_it():
    clock = ManualClock(NOW)
    credentials = Credentials.of("abcdefghijkl", "secret")
    access = credentials.access(clock)
    first = access()
    credentials.app_revoked(NOW - 60)
    assert access() == first  # it is newer than that
    credentials.app_revoked(NOW)
    dated = []
    for _ in range(8):
        dated.append(issued(access()))
        clock.advance(1)
    assert dated == [NOW - 5, NOW - 4, NOW - 3, NOW - 2, NOW - 1, NOW, NOW + 1, NOW + 1]


def test_no_name_begins_like_an_option_of_a_command():
    ids = [Generation(Pair("key", f"a-secret-of-the-app-{number:032}")).id for number in range(300)]
    assert len(set(ids)) == 300
    assert not any("-" in name for name in ids)
