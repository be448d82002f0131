"""Whatever a signed payload holds, the judge accepts it or refuses it, and nothing else happens."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import CLERK, NOW, ORIGIN, any_key_set, clerk_claims, clerk_policy
from tidegate.errors import Refusal
from tidegate.identity.claims import judge
from tidegate.identity.model import ClaimRefused
from tidegate.settings.presets import PRESETS

KEY = any_key_set().keys[0]
NAMES = (
    *("iss", "sub", "aud", "exp", "nbf", "iat", "azp", "sid", "sts", "act", "o", "org_id", "events", "chat_id"),
    *("name", "given_name", "family_name", "first_name", "last_name", "email", "picture", "image", "image_url"),
)
TEXT = st.text(st.characters(), max_size=300)  # surrogates and control characters among them
TIMES = st.integers(NOW - 200, NOW + 200)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | TIMES | st.sampled_from([CLERK, ORIGIN])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
ACTS = st.fixed_dictionaries({"sub": VALUES}) | st.fixed_dictionaries({"id": VALUES})
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES | ACTS, max_size=5)
TYPES = st.none() | st.sampled_from(["JWT", "at+jwt", "application/at+jwt", "logout+jwt"]) | TEXT
POLICIES = st.builds(
    clerk_policy,
    preset=st.sampled_from(list(PRESETS.values())),
    audience=st.sampled_from([frozenset(), frozenset({ORIGIN})]),
    authorized_parties=st.sampled_from([frozenset(), frozenset({ORIGIN})]),
    party_required=st.booleans(),
    refuse_pending=st.booleans(),
    refuse_impersonation=st.booleans(),
    kinds=st.sets(st.sampled_from(["session", "template", "machine", "access", "anonymous"]), min_size=1).map(
        frozenset
    ),
    skew=st.integers(0, 60),
    max_age=st.sampled_from([0, 10, 3600]),
    user_id_claim=st.sampled_from(["", "chat_id"]),
)
TEXTS = ("subject", "session_id", "name", "email", "image", "organization", "actor", "claimed_user_id")


@given(changes=CHANGES, typ=TYPES, policy=POLICIES, now=st.floats(NOW - 300, NOW + 300))
def test_accepted_or_refused_and_what_is_accepted_keeps_the_rules(changes, typ, policy, now):
    claims = clerk_claims() | changes
    before = repr(claims)
    with contextlib.suppress(ClaimRefused):
        who = judge(claims, typ, policy, now, KEY)
        assert claims["iss"] == policy.issuer or not policy.preset.has_iss
        assert who.expires_at <= claims["exp"]
        assert now - policy.skew < who.expires_at
        assert claims.get("nbf", 0) <= now + policy.skew
        assert who.issued_at == claims.get("iat")
        assert who.kind in policy.kinds
        assert who.actor is None or not policy.refuse_impersonation
        for text in filter(None, (getattr(who, name) for name in TEXTS)):
            assert "\n" not in text.encode("utf-8").decode("utf-8")
    assert repr(claims) == before


@given(claims=st.dictionaries(TEXT, VALUES, max_size=5), typ=TYPES, policy=POLICIES)
def test_a_payload_without_the_needed_claims_is_always_refused(claims, typ, policy):
    with pytest.raises(Refusal):
        judge(claims, typ, policy, NOW, KEY)


@given(iss=VALUES | st.text(st.sampled_from(CLERK), max_size=30) | st.sampled_from([CLERK[1:], CLERK + "/", CLERK]))
def test_only_the_one_issuer(iss):
    claims = clerk_claims() | {"iss": iss}
    try:
        judge(claims, None, clerk_policy(), NOW, KEY)
    except Refusal:
        assert iss != CLERK
    else:
        assert iss == CLERK
