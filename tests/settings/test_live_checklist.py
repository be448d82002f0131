import dataclasses

import pytest

from tidegate.settings import Settings
from tidegate.settings.live_checklist import LiveFacts, check_live

GOOD = LiveFacts(
    app_reachable=True,
    credentials_accepted=True,
    auth_checks_on=True,
    permission_checks_on=True,
    suspended=False,
    quota_ratio=0.2,
    clock_difference_s=-4.9,
    issuer_keys={"clerk": True, "oidc": True},
    capitals_distinguished=True,
)


def failed(facts: LiveFacts, **fields: bool) -> set[str]:
    return {line.id for line in check_live(Settings(**fields), facts) if not line.passed}


def test_all_is_well():
    assert failed(GOOD) == set()
    assert len(check_live(Settings(), GOOD)) == 9


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("live-reachable", {"app_reachable": False}),
        ("live-credentials", {"credentials_accepted": False}),
        ("live-credentials", {"credentials_accepted": None}),
        ("live-auth-checks", {"auth_checks_on": False}),
        ("live-auth-checks", {"auth_checks_on": None}),
        ("live-permission-checks", {"permission_checks_on": False}),
        ("live-permission-checks", {"permission_checks_on": None}),
        ("live-not-suspended", {"suspended": True}),
        ("live-not-suspended", {"suspended": None}),
        ("live-quota", {"quota_ratio": 0.19}),
        ("live-quota", {"quota_ratio": None}),
        ("live-clock", {"clock_difference_s": 5.0}),
        ("live-clock", {"clock_difference_s": -5.0}),
        ("live-clock", {"clock_difference_s": None}),
        ("live-issuer-keys", {"issuer_keys": {"clerk": True, "oidc": False}}),
        ("live-issuer-keys", {"issuer_keys": {}}),
        ("live-issuer-keys", {"issuer_keys": None}),
        ("live-capitals", {"capitals_distinguished": False}),
    ],
)
def test_each_line_can_fail_alone(name, fact):
    assert failed(dataclasses.replace(GOOD, **fact)) == {name}


def test_the_issuer_without_keys_is_named():
    facts = dataclasses.replace(GOOD, issuer_keys={"clerk": True, "oidc": False})
    (line,) = (line for line in check_live(Settings(), facts) if not line.passed)
    assert "oidc" in line.mend
    assert "clerk" not in line.mend


def test_capitals_escaped_are_no_matter_and_untried_no_line():
    assert failed(dataclasses.replace(GOOD, capitals_distinguished=False), escape_capitals=True) == set()
    untried = check_live(Settings(), dataclasses.replace(GOOD, capitals_distinguished=None))
    assert "live-capitals" not in {line.id for line in untried}


def test_nothing_known_passes_nothing():
    assert len(failed(LiveFacts(app_reachable=False))) == 8
