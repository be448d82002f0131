"""From verified claims to the profile at Stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import clerk_claims, subject
from tidegate.metrics import REGISTRY
from tidegate.settings.profile_rules import carried_claims
from tidegate.settings.profile_text import ProfileRules
from tidegate.tokens.profile import NO_PROFILE, Profile, Profiles, differs

CONTROLLED = ("public_metadata", "roles", "o.id")


def profile(rules, claims, admins=(), controlled=CONTROLLED):
    """The profile of a session with these claims, under rules written as a setting."""
    read = ProfileRules().read(json.dumps(rules))
    carried = carried_claims(read, controlled)
    who = subject(clerk_claims(**claims), controlled_claims=controlled, carried=carried)
    return Profiles(read, admins).of(who)


def fields(rules, claims, **more):
    return dict(profile(rules, claims, **more).fields)


def refused(field):
    return REGISTRY.get_sample_value("tidegate_profile_refused_total", {"field": field}) or 0


def test_without_rules_it_is_name_and_image():
    who = subject(clerk_claims(name="Ada", picture="https://img/a", email="ada@example.com"))
    assert Profiles().of(who).present() == {"name": "Ada", "image": "https://img/a"}
    assert Profiles().of(subject()) is NO_PROFILE


def test_every_kind_of_rule():
    rules = {
        "profile_type": "public_metadata.profile_type",
        "account_type": {"claim": "plan", "map": {"pro": "premium"}, "else": "basic"},
        "verified": "email_verified",
        "level": "public_metadata.level",
        "platform": {"value": "goodtalk"},
        "nothing": "public_metadata.nothing",
        "role": {"claim": "public_metadata.role", "map": {"mod": "moderator"}, "lower": True},
        "teams": "public_metadata.teams",
    }
    claims = {
        "name": "Ada",
        "plan": "pro",
        "email_verified": True,
        "public_metadata": {"profile_type": "angler", "level": 7, "role": "MOD", "teams": ["b", "a", "b"]},
    }
    assert profile(rules, claims) == Profile(
        "Ada",
        None,
        (
            ("account_type", "premium"),
            ("level", 7),
            ("platform", "goodtalk"),
            ("profile_type", "angler"),
            ("role", "moderator"),
            ("teams", ("a", "b")),
            ("verified", True),
        ),
    )


def test_what_loses_its_claim():
    rules = {
        "kept": "plan",
        "removed": {"claim": "plan", "else": None},
        "other": {"claim": "plan", "else": 0},
        "role": "public_metadata.role",
        "teams": "public_metadata.teams",
    }
    assert fields(rules, {}) == {"removed": None, "other": 0, "role": "user", "teams": ()}
    assert profile(rules, {}).removed() == ("removed",)
    assert profile(rules, {}).present() == {"other": 0, "role": "user", "teams": []}


def test_name_and_image_by_rule():
    rules = {"name": ["nickname", "name"], "image": None}
    with pytest.raises(ValueError, match="neither a claim"):
        profile(rules, {})
    rules["name"] = {"claim": ["nickname", "name"]}
    claims = {"name": "Ada Lovelace", "picture": "https://img/a"}
    assert profile(rules, {**claims, "nickname": "Ada"}) == Profile("Ada")
    assert profile(rules, claims) == Profile("Ada Lovelace")
    assert profile(rules, {"picture": "https://img/a"}) == NO_PROFILE
    assert profile({"name": {"claim": "nickname"}}, claims) == Profile(None, "https://img/a")


@pytest.mark.parametrize(
    "claim", ["user_metadata.role", "unsafe_metadata.role", "metadata.role", "o.rol", "role", "nickname"]
)
@pytest.mark.parametrize("field", ["role", "teams"])
def test_power_comes_from_no_claim_that_the_issuer_does_not_control(field, claim):
    claims = {
        "user_metadata": {"role": "moderator"},
        "unsafe_metadata": {"role": "moderator"},
        "metadata": {"role": "moderator"},
        "o": {"rol": "moderator", "id": "org_1"},
        "role": "moderator",
        "nickname": "moderator",
    }
    assert fields({field: claim}, claims) == {}
    # The same claim is carried for another field: it does not become power by that.
    assert fields({"badge": claim, field: claim}, claims) == {"badge": "moderator"}
    # A policy that calls it controlled does not help what people are known to edit.
    own = claim.startswith(("user", "unsafe", "nick"))
    given = fields({field: claim}, claims, controlled=(claim.partition(".")[0],))
    assert given == ({} if own else {field: "moderator" if field == "role" else ("moderator",)})


def test_a_controlled_claim_counts_and_an_uncontrolled_one_beside_it_is_not_asked():
    rules = {"role": {"claim": ["metadata.role", "public_metadata.role"]}}
    both = {"metadata": {"role": "moderator"}, "public_metadata": {"role": "guest"}}
    assert fields(rules, both) == {"role": "guest"}
    assert fields(rules, {"metadata": {"role": "moderator"}}) == {"role": "user"}


@pytest.mark.parametrize("role", ["admin", "Admin", "ADMIN", "global_admin", "channel-admin-2"])
def test_an_administrator_is_made_only_where_the_setting_names_the_role(role):
    claims, rules = {"public_metadata": {"role": role}}, {"role": "public_metadata.role"}
    before = refused("role")
    assert fields(rules, claims) == {"role": "user"}
    assert fields(rules, claims, admins=("other_admin",)) == {"role": "user"}
    assert refused("role") == before + 2
    assert fields(rules, claims, admins=(role,)) == {"role": role}


def test_a_list_of_roles_is_searched_in_the_order_of_the_table():
    rules = {"role": {"claim": "roles", "map": {"chat-mod": "moderator", "vip": "vip", "true": "odd", "7": "seven"}}}
    assert fields(rules, {"roles": ["vip", "chat-mod"]}) == {"role": "moderator"}
    assert fields(rules, {"roles": ["x", "vip"]}) == {"role": "vip"}
    assert fields(rules, {"roles": ["x"]}) == {"role": "user"}
    assert fields(rules, {"roles": True}) == {"role": "odd"}
    assert fields(rules, {"roles": 7}) == {"role": "seven"}
    assert fields({"role": "roles"}, {"roles": ["moderator"]}) == {"role": "user"}


def test_teams():
    assert fields({"teams": "o.id"}, {"o": {"id": "org_1"}}) == {"teams": ("org_1",)}
    table = {"teams": {"claim": "roles", "map": {"red": "team-red", "blue": "team-blue"}}}
    assert fields(table, {"roles": ["blue", "x", "red"]}) == {"teams": ("team-blue", "team-red")}
    assert fields(table, {"roles": ["x"]}) == {"teams": ()}


@pytest.mark.parametrize(
    "teams",
    [
        ["a", 1],
        ["a", ""],
        ["a", "x" * 101],
        ["a", "\u00e9" * 51],
        ["a", "b\x00"],
        [str(n) for n in range(251)],
        {"a": 1},
    ],
)
def test_a_list_of_teams_that_is_not_sound_counts_as_none_at_all(teams):
    assert fields({"teams": "public_metadata.teams"}, {"public_metadata": {"teams": teams}}) == {"teams": ()}


@pytest.mark.parametrize(
    "value",
    [
        "ada@example.com",
        "Ada <ada@example.com>",
        "",
        " ",
        "x" * 256,
        "a\nb",
        "\ud800",
        1.5,
        2**53 + 1,
        {},
        [],
        ["a"],
        None,
    ],
)
def test_what_no_field_of_ours_can_be(value):
    assert fields({"note": "note"}, {"note": value}) == {}


def test_sessions_that_carry_nothing_share_one_object():
    who = subject(clerk_claims(), carried=("plan",))
    assert who.carried == ()


ROLES = st.sampled_from(["admin", "moderator", "user", "global_admin", "x" * 65, "", "a b", 7, True, None])
PLACES = st.sampled_from(["metadata", "user_metadata", "unsafe_metadata", "public_metadata", "app_metadata"])


@given(st.lists(PLACES, min_size=1, max_size=4), st.dictionaries(PLACES, ROLES), st.sets(PLACES))
def test_no_claims_give_power_that_the_issuer_did_not(places, claimed, controlled):
    rules = {"role": {"claim": [f"{place}.role" for place in places]}}
    claims = {place: {"role": role} for place, role in claimed.items()}
    given_role = fields(rules, claims, controlled=tuple(controlled)).get("role")
    allowed = controlled - {"user_metadata", "unsafe_metadata"}
    assert given_role in {None, "user", *(claimed.get(place) for place in allowed & set(places))}
    assert given_role is None or "admin" not in given_role


@pytest.mark.parametrize(
    ("field", "known", "wanted", "different"),
    [
        ("teams", ("b", "a"), ["a", "b"], False),
        ("teams", (), [], False),
        ("teams", ("a",), [], True),
        ("level", 1, True, True),
        ("level", 1, 1, False),
        ("level", None, 1, True),
        ("name", "a", "b", True),
    ],
)
def test_what_differs(field, known, wanted, different):
    assert differs(field, known, wanted) == different
