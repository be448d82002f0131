"""The rules for profiles as a setting."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, problems, without
from tidegate.settings import load
from tidegate.settings.problems import Unfit
from tidegate.settings.profile_rules import Absent, ProfileRule, fit
from tidegate.settings.profile_text import ProfileRules
from tidegate.upstream.model import StreamUser

KIND = ProfileRules()
PARTNER = {"name": "partner", "kind": "oidc", "issuer": "https://p.example", "namespace": "p"}


def rules(declared, **more):
    return {**DEVELOPMENT, "TIDEGATE_PROFILE_RULES": json.dumps(declared), **more}


def test_each_form():
    declared = {
        "name": {"claim": ["nickname", "name"]},
        "image": None,
        "profile_type": "public_metadata.kind",
        "account_type": {"claim": "plan", "map": {"pro": "premium"}, "lower": True, "else": "basic"},
        "platform": {"value": "goodtalk"},
        "gone": {"claim": "plan", "else": None},
        "role": "public_metadata.role",
        "teams": {"claim": "org_id", "map": {"org_1": "one"}, "else": ["none"]},
    }
    read = KIND.read(json.dumps(declared))
    assert read == (
        ProfileRule("name", ("nickname", "name")),
        ProfileRule("image"),
        ProfileRule("profile_type", ("public_metadata.kind",)),
        ProfileRule("account_type", ("plan",), (("pro", "premium"),), True, Absent.VALUE, "basic"),
        ProfileRule("platform", absent=Absent.VALUE, value="goodtalk"),
        ProfileRule("gone", ("plan",), absent=Absent.REMOVE),
        ProfileRule("role", ("public_metadata.role",), absent=Absent.VALUE, value="user"),
        ProfileRule("teams", ("org_id",), (("org_1", ("one",)),), absent=Absent.VALUE, value=("none",)),
    )
    assert KIND.read(KIND.write(read)) == read
    assert load(rules(declared)).settings.profile_rules == read


@pytest.mark.parametrize(
    "declared",
    [
        [],
        "name",
        7,
        {"a": 7},
        {"a": None},
        {"a": {}},
        {"a": {"map": {"x": "y"}}},
        {"a": {"claim": "b", "value": "c"}},
        {"a": {"value": "c", "else": "d"}},
        {"a": {"claim": "b", "default": "c"}},
        {"a": {"claim": "b", "lower": "yes"}},
        {"a": {"claim": "b", "map": {}}},
        {"a": {"claim": "b", "map": ["x"]}},
        {"a": {"claim": "b", "map": {"x": "mail ada@example.com"}}},
        {"a": {"claim": []}},
        {"a": {"claim": [7]}},
        {"a": {"claim": ["b"] * 9}},
        {"a": "b..c"},
        {"a": "b c"},
        {"a": ""},
        {"a": {"claim": "b", "else": 1.5}},
        {"a": {"claim": "b", "else": ["x"]}},
        {"a.b": "c"},
        {"": "c"},
        {"a b": "c"},
        {"9a": "c"},
        {"x" * 65: "c"},
        {"role": None},
        {"teams": None},
        {"role": {"claim": "public_metadata.role", "else": None}},
        {"role": {"value": "a b"}},
        {"role": {"value": ["user"]}},
        {"teams": {"value": "one"}},
        {"teams": {"value": ["x" * 101]}},
        {"image": {"value": "javascript:alert(1)"}},
        {"name": {"value": "Anonymous User"}},
        {f"f{number}": "c" for number in range(33)},
    ],
)
def test_what_is_no_rule(declared):
    assert set(problems(rules(declared))) == {"TIDEGATE_PROFILE_RULES"}


@pytest.mark.parametrize("text", ["{", '{"a": "b", "a": "c"}', "[" * 5000, "x" * 17_000])
def test_what_is_no_object(text):
    assert set(problems({**DEVELOPMENT, "TIDEGATE_PROFILE_RULES": text})) == {"TIDEGATE_PROFILE_RULES"}


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "banned",
        "revoke_tokens_issued_before",
        "teams_role",
        "online",
        "created_at",
        "privacy_settings",
        "invisible",
    ],
)
def test_fields_of_streams_own_are_refused(field):
    assert "Stream's own" in problems(rules({field: {"value": True}}))["TIDEGATE_PROFILE_RULES"]


def test_every_field_that_streams_users_have_is_known_to_be_its_own():
    """A field that the client of Stream takes out of the custom ones cannot be given by a rule."""
    for field in ("mutes", "language", "deactivated_at", "last_active", "extra_data", "avg_response_time"):
        assert field not in StreamUser.from_answer({"id": "a", field: {}}).custom
        with pytest.raises(Unfit):
            KIND.read(json.dumps({field: "claim"}))


@pytest.mark.parametrize(
    "claim",
    [
        *("email", "user.email", "emailAddress", "primary_email_address", "phone_number", "e-mail", "E_Mail"),
        *("https://acme.example/email", "https://acme.example/email/"),
    ],
)
def test_addresses_and_numbers_are_not_for_others_to_see(claim):
    assert set(problems(rules({"contact": claim}))) == {"TIDEGATE_PROFILE_RULES"}


@pytest.mark.parametrize("field", ["email", "work_email", "phone"])
def test_nor_fields_of_such_names(field):
    assert set(problems(rules({field: "public_metadata.x"}))) == {"TIDEGATE_PROFILE_RULES"}


@pytest.mark.parametrize("claim", ["email_verified", "https://email.example/roles", "phone_number_verified"])
def test_but_what_only_sounds_so_is(claim):
    assert load(rules({"flag": claim})).settings.profile_rules


@pytest.mark.parametrize(
    "rule",
    [
        {"value": "admin"},
        {"claim": "public_metadata.role", "map": {"boss": "global_admin"}},
        {"claim": "public_metadata.role", "else": "Admin"},
    ],
)
def test_a_declared_administrator_needs_to_be_allowed_by_name(rule):
    assert "everything" in problems(rules({"role": rule}))["TIDEGATE_PROFILE_RULES"]
    assert problems(rules({"role": rule}, TIDEGATE_PROFILE_ALLOW_ADMIN="other_admin"))
    assert load(rules({"role": rule}, TIDEGATE_PROFILE_ALLOW_ADMIN="admin,global_admin,Admin")).settings.profile_rules


def test_what_may_be_allowed_is_a_role():
    assert set(problems({**DEVELOPMENT, "TIDEGATE_PROFILE_ALLOW_ADMIN": "a b"})) == {"TIDEGATE_PROFILE_ALLOW_ADMIN"}


@pytest.mark.parametrize("field", ["role", "teams"])
def test_power_from_claims_that_no_issuer_controls_does_not_start(field):
    line = problems(rules({field: "metadata.x"}))["TIDEGATE_PROFILE_RULES"]
    assert f"takes {field} from claims that no issuer is known to control" in line
    assert "TIDEGATE_CONTROLLED_CLAIMS" in line
    assert load(rules({field: "metadata.x"}, TIDEGATE_CONTROLLED_CLAIMS="metadata")).settings.profile_rules
    assert load(rules({"level": "metadata.x"})).settings.profile_rules


def test_an_issuer_that_does_not_control_them_is_warned_of():
    loaded = load(rules({"role": "public_metadata.x"}, TIDEGATE_ISSUERS=json.dumps([PARTNER])))
    (warning,) = [one for one in loaded.warnings if "partner" in one and "role" in one]
    assert "no role" in warning


def test_with_the_sandbox_rules_wait_for_their_issuer():
    environ = rules({"role": "metadata.role"})
    environ = without(environ, "STREAM_API_KEY", "STREAM_API_SECRET", "CLERK_PUBLISHABLE_KEY")
    assert load(environ).settings.sandbox_wanted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(st.sampled_from(["claim", "value", "map", "lower", "else"]), JSON, max_size=4)
FIELDS = st.sampled_from(["name", "image", "role", "teams", "level", "id", "email"]) | st.text(max_size=5)


@given(st.dictionaries(FIELDS, MEMBERS | JSON, max_size=3))
def test_whatever_is_written_is_rules_or_unfit(declared):
    try:
        read = KIND.read(json.dumps(declared))
    except Unfit:
        return
    assert KIND.read(KIND.write(read) or "{}") == read
    for rule in read:
        assert all(fit(rule.field, value) == value for value in rule.outputs())
