"""Webhooks' settings beside others: whose they are, and what the connection lets through."""

import base64

import pytest

from support.environments import DEVELOPMENT, KEY, SECRET, problems
from tidegate.settings import load

HOOK = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
VARIABLE = "TIDEGATE_WEBHOOK_SECRETS"


def test_those_of_configured_issuers_are_sound():
    assert load({**DEVELOPMENT, VARIABLE: f"clerk:{HOOK},clerk:{HOOK}"}).warnings == ()
    assert load({VARIABLE: f"sandbox:{HOOK}"}).settings.sandbox_wanted


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("supabase", "TIDEGATE_SUPABASE_PROJECT="),
        ("auth0", "TIDEGATE_AUTH0_DOMAIN="),
        ("authjs", "AUTH_SECRET="),
        ("oidc", "TIDEGATE_OIDC_ISSUER="),
        ("pasted", "TIDEGATE_ISSUERS="),
        ("sandbox", "TIDEGATE_ISSUERS="),
    ],
)
def test_an_issuer_that_is_not_configured_is_a_problem_with_the_line_to_add(name, line):
    found = problems({**DEVELOPMENT, VARIABLE: f"clerk:{HOOK},{name}:{HOOK}"})[VARIABLE]
    assert "element 2" in found
    assert line in found
    assert "(clerk)" in found
    assert HOOK not in found
    assert "pasted" not in found


def test_without_any_issuer_the_line_is_all_that_is_said():
    found = problems({"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET, VARIABLE: f"clerk:{HOOK}"})[VARIABLE]
    assert "CLERK_PUBLISHABLE_KEY=" in found
    assert "configured names" not in found


def test_a_body_that_the_connection_would_not_let_through():
    given = {"TIDEGATE_WEBHOOK_BODY_BYTES": "524289"}
    found = problems({**DEVELOPMENT, **given})["TIDEGATE_WEBHOOK_BODY_BYTES"]
    assert "TIDEGATE_MESSAGE_BYTES=524289" in found
    assert load({**DEVELOPMENT, **given, "TIDEGATE_MESSAGE_BYTES": "524289"}).warnings == ()
    lowered = {**DEVELOPMENT, "TIDEGATE_MESSAGE_BYTES": "100000"}
    assert load(lowered).settings.webhook_secrets == ()  # the default bounds nothing where no webhook is accepted
    assert "TIDEGATE_WEBHOOK_BODY_BYTES" in problems({**lowered, VARIABLE: f"clerk:{HOOK}"})
