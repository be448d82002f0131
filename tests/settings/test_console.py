"""The settings of the console's sign-in belong together, and its list names people exactly."""

import json

import pytest

from support.environments import DEVELOPMENT, PRODUCTION
from tidegate.settings import SettingsError, load
from tidegate.settings.operator_keys import Role

ADA = {"name": "ada", "role": "operator", "issuer": "https://login.example.com", "subject": "auth0|1, 2:3"}
WHOLE = {
    "TIDEGATE_CONSOLE_URL": "https://ops.example.com",
    "TIDEGATE_CONSOLE_OIDC_ISSUER": "https://login.example.com",
    "TIDEGATE_CONSOLE_OIDC_CLIENT_ID": "console",
    "TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET": "a-secret-of-the-console",
    "TIDEGATE_CONSOLE_ALLOW": json.dumps([ADA]),
}


def problems(variables):
    with pytest.raises(SettingsError) as caught:
        load(variables)
    return {problem.variable: problem.wrong for problem in caught.value.problems}


def test_a_whole_sign_in():
    (ada,) = load({**DEVELOPMENT, **WHOLE}).settings.console_allow

    assert (ada.name, ada.role, ada.issuer, ada.subject) == ("ada", Role.OPERATOR, ADA["issuer"], ADA["subject"])


@pytest.mark.parametrize("missing", sorted(WHOLE.keys() - {"TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET"}))
def test_a_part_of_it_is_none(missing):
    rest = {name: value for name, value in WHOLE.items() if name != missing}

    assert set(problems({**DEVELOPMENT, **rest})) == {missing}


def test_the_provider_must_be_asked_over_https():
    plain = {**WHOLE, "TIDEGATE_CONSOLE_OIDC_ISSUER": "http://login.example.com"}

    assert "TIDEGATE_CONSOLE_OIDC_ISSUER" in problems({**DEVELOPMENT, **plain})
    assert "TIDEGATE_CONSOLE_URL" in problems({**PRODUCTION, **WHOLE, "TIDEGATE_CONSOLE_URL": "http://127.0.0.1:8001"})


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "root"},
        {"role": 1},
        {"name": "Ada"},
        {"subject": ""},
        {"subject": 7},
        {"subject": "x" * 256},
        {"issuer": "login"},
        {"issuer": None},
        {"more": "x"},
    ],
)
def test_a_person_who_is_none(changed):
    given = {**WHOLE, "TIDEGATE_CONSOLE_ALLOW": json.dumps([{**ADA, **changed}])}

    assert "TIDEGATE_CONSOLE_ALLOW" in problems({**DEVELOPMENT, **given})


def test_one_subject_is_one_person_and_somebody_is_of_the_provider():
    twice = {**WHOLE, "TIDEGATE_CONSOLE_ALLOW": json.dumps([ADA, {**ADA, "role": "viewer"}])}
    other = {**WHOLE, "TIDEGATE_CONSOLE_ALLOW": json.dumps([{**ADA, "issuer": "https://other.example"}])}

    assert problems({**DEVELOPMENT, **twice}) == {"TIDEGATE_CONSOLE_ALLOW": "names one subject twice"}
    assert "lets in nobody" in problems({**DEVELOPMENT, **other})["TIDEGATE_CONSOLE_ALLOW"]
