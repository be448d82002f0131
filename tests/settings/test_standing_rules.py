"""A revocation is remembered for longer than the sessions live that it refuses."""

import pytest

from support.environments import DEVELOPMENT, PRODUCTION, problems
from support.operating import OPERATOR
from tidegate.http.operators import digest
from tidegate.settings import load

APP = "a" * 16 + "0123456789abcdef" * 2
OPERATED = {"TIDEGATE_OPERATOR_KEYS": f"otto:operator:{digest(OPERATOR)}"}
KEEP = "TIDEGATE_STANDING_KEEP_DAYS"
AGE = "TIDEGATE_AUTHJS_MAX_AGE_SECONDS"
BESIDE = {"AUTH_SECRET": APP, "TIDEGATE_ISSUERS": '[{"kind": "authjs", "namespace": "web"}]'}
YEAR = {**BESIDE, AGE: "31536000"}


def warned(environment):
    return [text for text in load(environment).warnings if text.startswith(KEEP)]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (YEAR, AGE),
        ({**YEAR, AGE: "0"}, AGE),
        ({"TIDEGATE_SESSION_MAX_AGE_SECONDS": str(61 * 86_400)}, "TIDEGATE_SESSION_MAX_AGE_SECONDS"),
        ({"TIDEGATE_SESSION_MAX_AGE_SECONDS": str(60 * 86_400)}, "TIDEGATE_SESSION_MAX_AGE_SECONDS"),
        ({**BESIDE, KEEP: "30"}, AGE),
    ],
)
def test_longer_sessions_keep_production_from_starting_and_are_warned_of_elsewhere(more, named):
    found = problems({**PRODUCTION, **OPERATED, **more})
    assert set(found) == {KEEP}
    assert named in found[KEEP]
    (text,) = warned({**DEVELOPMENT, **OPERATED, **more})
    assert named in text


@pytest.mark.parametrize(
    "more",
    [
        {},
        BESIDE,
        {**YEAR, KEEP: "366"},
        {**YEAR, AGE: "0", "TIDEGATE_SESSION_MAX_AGE_SECONDS": "86400"},
        {
            **BESIDE,
            "AUTH_SECRET": "",
            "TIDEGATE_AUTHJS_SESSION_URL": "https://app.example.com/api/auth/session",
            AGE: "0",
        },
    ],
)
def test_shorter_ones_are_fine(more):
    assert load({**PRODUCTION, **OPERATED, **more}).settings.standing_keep_days
    assert warned({**DEVELOPMENT, **OPERATED, **more}) == []


def test_where_nobody_can_revoke_anything_it_does_not_matter():
    assert load({**PRODUCTION, **YEAR}).settings.authjs_max_age_seconds == 31_536_000


def test_what_could_not_be_read_has_its_problem_already():
    assert set(problems({**PRODUCTION, **OPERATED, **YEAR, KEEP: "x"})) == {KEEP}
