"""A .env that nobody named, and the places that it could have somebody else's credentials sent to."""

from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, SECRET, problems, without
from tidegate.settings import load
from tidegate.settings.stream_section import DEFAULT_BASE_URL

EVIL = "https://evil.example"
BASE = f"STREAM_CHAT_BASE_URL={EVIL}\n"
OIDC = {
    "TIDEGATE_CONSOLE_URL": "https://ops.example",
    "TIDEGATE_CONSOLE_OIDC_CLIENT_ID": "c",
    "TIDEGATE_CONSOLE_ALLOW": f'[{{"name": "ada", "role": "viewer", "issuer": "{EVIL}", "subject": "a"}}]',
}
SOURCED = without(DEVELOPMENT, "STREAM_API_KEY", "STREAM_API_SECRET")


@pytest.mark.parametrize(
    ("file", "environ", "variable", "whose"),
    [
        (BASE, DEVELOPMENT, "STREAM_CHAT_BASE_URL", "STREAM_API_SECRET"),
        (
            BASE,
            {**without(DEVELOPMENT, "STREAM_API_SECRET"), "STREAM_CHAT_API_SECRET": SECRET},
            "STREAM_CHAT_BASE_URL",
            "STREAM_CHAT_API_SECRET",
        ),
        (
            f"{BASE}STREAM_API_SECRET={SECRET}\n",
            {
                **without(DEVELOPMENT, "STREAM_API_SECRET"),
                "TIDEGATE_NEXT_API_KEY": "z9w2x9c4v8b5",
                "TIDEGATE_NEXT_API_SECRET": SECRET[::-1],
            },
            "STREAM_CHAT_BASE_URL",
            "TIDEGATE_NEXT_API_SECRET",
        ),
        (
            f"{BASE}TIDEGATE_CREDENTIALS_SOURCE=file:/run/secrets/stream\n",
            SOURCED,
            "STREAM_CHAT_BASE_URL",
            "TIDEGATE_CREDENTIALS_SOURCE",
        ),
        (
            f"TIDEGATE_CONSOLE_OIDC_ISSUER={EVIL}\n",
            {**DEVELOPMENT, **OIDC, "TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET": SECRET},
            "TIDEGATE_CONSOLE_OIDC_ISSUER",
            "TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET",
        ),
        (
            f"TIDEGATE_ALERT_WEBHOOK_URL={EVIL}/hook\n",
            {**DEVELOPMENT, "TIDEGATE_ALERT_WEBHOOK_SECRET": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
            "TIDEGATE_ALERT_WEBHOOK_URL",
            "TIDEGATE_ALERT_WEBHOOK_SECRET",
        ),
        (
            "TIDEGATE_DATABASE_URL=postgresql://evil.example/tidegate\n",
            {**DEVELOPMENT, "PGPASSWORD": "x"},
            "TIDEGATE_DATABASE_URL",
            "PGPASSWORD",
        ),
        (
            "TIDEGATE_AZURE_VAULT_HOSTS=evil.example\n",
            {**SOURCED, "TIDEGATE_CREDENTIALS_SOURCE": f"azure:{EVIL}/secrets/x"},
            "TIDEGATE_AZURE_VAULT_HOSTS",
            "Azure",
        ),
    ],
)
def test_a_place_that_only_such_a_file_names_is_refused(workdir: Path, file, environ, variable, whose):
    (workdir / ".env").write_text(file)
    found = problems(environ)
    assert set(found) == {variable}
    for said in ("that nobody named", whose, "TIDEGATE_ENV_FILE=.env"):
        assert said in found[variable]
    assert "evil.example" not in found[variable]
    assert load({**environ, "TIDEGATE_ENV_FILE": ".env"}).settings.env_file == Path(".env")
    assert load(environ, env_file=Path(".env")).settings.env_file == Path(".env")


@pytest.mark.parametrize(
    ("file", "environ"),
    [
        (BASE + "\n".join(f"{name}={text}" for name, text in DEVELOPMENT.items()), {}),
        (BASE, {**DEVELOPMENT, "STREAM_CHAT_BASE_URL": "https://stream.example"}),
        (f"STREAM_CHAT_BASE_URL={DEFAULT_BASE_URL}/\n", DEVELOPMENT),
        (BASE, {}),
        (BASE, {"STREAM_API_SECRET": " "}),
        ("TIDEGATE_DATABASE_URL=postgresql://db.example/tidegate\n", DEVELOPMENT),
        ("TIDEGATE_TOKEN_LIFE_SECONDS=400\n", DEVELOPMENT),
    ],
)
def test_what_harms_nobody_is_as_before(workdir: Path, file, environ):
    (workdir / ".env").write_text(file)
    assert load(environ).settings.env_file == Path(".env")
