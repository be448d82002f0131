"""Each mark of each provider's row, with a token that only this mark tells from a session."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import NOW
from support.providers import SIGNED, world
from tidegate.identity.marks import classify
from tidegate.sandbox import PEOPLE, REMOVED
from tidegate.sandbox.claims import SessionShape, overridden
from tidegate.sandbox.shapes import SHAPES
from tidegate.settings.presets import HEADER_TYPE, PRESETS, Mark

FIREBASE = {"sign_in_provider": "password", "identities": {}}
ONLY = {
    ("clerk", 0): ({"sub": "mch_1"}, "machine"),
    ("clerk", 1): ({}, "access"),
    ("clerk", 2): ({"sid": ""}, "template"),
    ("supabase", 0): ({"role": "anon"}, "machine"),
    ("supabase", 1): ({"client_id": "another-app"}, "access"),
    ("supabase", 2): ({"session_id": REMOVED}, "template"),
    ("supabase", 3): ({"is_anonymous": True}, "anonymous"),
    ("supabase", 4): ({}, "session"),
    ("firebase", 0): ({"firebase": {**FIREBASE, "tenant": "acme"}}, "other"),
    ("firebase", 1): ({"firebase": {"identities": {}}}, "other"),
    ("firebase", 2): ({"firebase": {**FIREBASE, "sign_in_provider": "anonymous"}}, "anonymous"),
    ("firebase", 3): ({"provider_id": "anonymous"}, "anonymous"),
    ("auth0", 0): ({"gty": "client-credentials"}, "machine"),
    ("auth0", 1): ({"sub": "abc@clients"}, "machine"),
    ("auth0", 2): ({"sub": "abc", "client_id": "abc"}, "machine"),
    ("auth0", 3): ({"sub": "abc", "azp": "abc"}, "machine"),
    ("auth0", 4): ({"nonce": "n"}, "session"),
    ("auth0", 5): ({"at_hash": "h"}, "session"),
    ("cognito", 0): ({"sub": "abc", "client_id": "abc"}, "machine"),
    ("cognito", 1): ({}, "access"),
    ("cognito", 2): ({"token_use": "id"}, "session"),
    ("keycloak", 0): ({"preferred_username": "service-account-app"}, "machine"),
    ("keycloak", 1): ({"client_id": "app"}, "machine"),
    ("keycloak", 2): ({"clientId": "app"}, "machine"),
    ("keycloak", 3): ({"sid": REMOVED}, "template"),
    ("keycloak", 4): ({}, "access"),
    ("keycloak", 5): ({"typ": "ID"}, "session"),
    ("oidc", 0): ({}, "access"),
}
BY_TYPE = {("clerk", 1), ("oidc", 0)}


def session_of(name, **changes):
    shape = SHAPES[name]
    return overridden(shape.claims(PEOPLE["ada"], SessionShape(), NOW), changes)


def test_every_mark_has_its_token():
    assert set(ONLY) == {(name, number) for name, row in PRESETS.items() for number, _ in enumerate(row.marks)}


@pytest.mark.parametrize(("name", "number"), ONLY)
def test_a_token_that_only_one_mark_tells(name, number):
    changes, kind = ONLY[name, number]
    row, claims = PRESETS[name], session_of(name, **changes)
    typ = "at+jwt" if (name, number) in BY_TYPE else None
    assert classify(claims, typ, row) == kind
    without = replace(row, marks=row.marks[:number] + row.marks[number + 1 :])
    assert classify(claims, typ, without) != kind


@pytest.mark.parametrize(
    ("mark", "claims", "fits"),
    [
        (Mark("other", "a.b", "is", ("x",)), {"a": {"b": "x"}}, True),
        (Mark("other", "a.b", "is", ("x",)), {"a": "x", "b": "x", "a.b": "x"}, False),
        (Mark("other", "a.b", "there"), {"a": {"b": None}}, False),
        (Mark("other", "a.b", "there"), {"a": {"b": 0}}, True),
        (Mark("other", "a.b", "there"), {"a": ["b"]}, False),
        (Mark("other", "a", "no-text"), {"a": ["x"]}, True),
        (Mark("other", "a", "no-text"), {"a": "x"}, False),
        (Mark("other", "a", "true"), {"a": False}, False),
        (Mark("other", "a", "true"), {"a": 0}, True),
        (Mark("other", "a", "same", ("b",)), {"a": "x", "b": "x"}, True),
        (Mark("other", "a", "same", ("b",)), {"a": 1, "b": 1}, False),
        (Mark("other", "a", "same", ("b",)), {}, False),
        (Mark("other", "a", "begins", ("x", "y")), {"a": "yes"}, True),
        (Mark("other", "a", "ends", ("x",)), {"a": "xy"}, False),
        (Mark("other", HEADER_TYPE, "is", ("at+jwt",)), {HEADER_TYPE: "at+jwt"}, False),
    ],
)
def test_signs(mark, claims, fits):
    row = replace(PRESETS["oidc"], marks=(mark,))
    assert (classify(claims, None, row) == "other") is fits


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
NAMES = sorted({part for row in PRESETS.values() for mark in row.marks for part in mark.claim.split(".")})


@given(name=st.sampled_from(list(PRESETS)), claims=st.dictionaries(st.sampled_from(NAMES), JSON), typ=JSON)
def test_whatever_a_payload_holds_it_is_some_kind(name, claims, typ):
    assert classify(claims, typ, PRESETS[name]) in {
        *("session", "template", "machine", "access", "anonymous", "other"),
    }


@pytest.mark.parametrize("name", SIGNED)
def test_a_genuine_session_is_of_the_kind_that_counts(name):
    assert classify(session_of(name), "JWT", PRESETS[name]) in world(name).config.kinds
