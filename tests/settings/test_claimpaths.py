"""Paths into claims, and who writes what they lead to."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, problems
from tidegate.settings import load
from tidegate.settings.claimpaths import is_controlled, is_own, steps
from tidegate.settings.presets import CLERK
from tidegate.settings.problems import Unfit


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("role", ("role",)),
        ("metadata.chat.role", ("metadata", "chat", "role")),
        ("cognito:groups", ("cognito:groups",)),
        ("https://acme.example/roles", ("https://acme.example/roles",)),
    ],
)
def test_the_members_of_a_path(path, members):
    assert steps(path) == members


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a b", "a\n", "x" * 129, "a.b.c.d.e.f.g.h.i"])
def test_what_is_no_path(path):
    with pytest.raises(Unfit):
        steps(path)


@pytest.mark.parametrize(
    "path",
    [
        "user_metadata.role",
        "unsafe_metadata",
        "app.unsafeMetadata.role",
        "https://acme.example/user_metadata",
        "https://acme.example/User_Metadata/",
        "email",
        "nickname",
        "address.country",
    ],
)
def test_what_people_edit_is_never_controlled_whatever_a_policy_says(path):
    assert is_own(path)
    assert not is_controlled(path, (path,))


@pytest.mark.parametrize(
    ("path", "controlled"),
    [
        ("public_metadata.role", True),
        ("public_metadata", True),
        ("o.id", True),
        ("o.slg", False),
        ("o.rol", False),
        ("o", False),
        ("org_role", False),
        ("public_metadata_of_others", False),
        ("metadata.role", False),
        ("role", False),
    ],
)
def test_what_clerk_controls(path, controlled):
    assert is_controlled(path, CLERK.controlled_claims) == controlled


NAMES = st.text("abcdefgh_", min_size=1, max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_inside_is_by_whole_members(inner, outer):
    inside = inner[: len(outer)] == outer
    assert is_controlled(".".join(inner), (".".join(outer),)) == (inside and not is_own(".".join(inner)))


def test_issuers_have_what_they_name_then_the_setting_then_their_kinds():
    listed = {"name": "partner", "kind": "oidc", "issuer": "https://p.example", "namespace": "p"}
    environ = {**DEVELOPMENT, "TIDEGATE_ISSUERS": json.dumps([listed])}
    assert [one.controlled_claims for one in load(environ).settings.issuers] == [CLERK.controlled_claims, ()]
    environ["TIDEGATE_CONTROLLED_CLAIMS"] = "metadata, roles"
    assert [one.controlled_claims for one in load(environ).settings.issuers] == [("metadata", "roles")] * 2
    environ["TIDEGATE_ISSUERS"] = json.dumps([{**listed, "controlled_claims": ["realm_access.roles"]}])
    assert load(environ).settings.issuers[1].controlled_claims == ("realm_access.roles",)


@pytest.mark.parametrize("claim", ["user_metadata", "email", "a..b"])
def test_claims_that_people_edit_are_refused_where_they_are_named(claim):
    assert set(problems({**DEVELOPMENT, "TIDEGATE_CONTROLLED_CLAIMS": claim})) == {"TIDEGATE_CONTROLLED_CLAIMS"}
    listed = {
        "name": "p",
        "kind": "oidc",
        "issuer": "https://p.example",
        "namespace": "p",
        "controlled_claims": [claim],
    }
    lines = problems({**DEVELOPMENT, "TIDEGATE_ISSUERS": json.dumps([listed])})
    assert set(lines) == {"TIDEGATE_ISSUERS"}
    assert "controlled_claims" in lines["TIDEGATE_ISSUERS"]
