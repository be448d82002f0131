import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.environments import DEVELOPMENT, KEY, SECRET, without
from tidegate.settings import load
from tidegate.settings.model import SPECS
from tidegate.settings.show import render

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def shown(environ):
    return {row.name: row for row in render(load(environ))}


def test_every_setting_has_a_row_in_the_order_of_the_page():
    assert [row.name for row in render(load({}))] == [spec.variables[0] for spec in SPECS.values()]


def test_values_and_origins():
    rows = shown({**DEVELOPMENT, "TIDEGATE_CORS_ORIGINS": "https://a.example,https://b.example"})
    assert (rows["STREAM_CHAT_TIMEOUT"].value, rows["STREAM_CHAT_TIMEOUT"].origin) == ("10000", "default")
    assert rows["TIDEGATE_CORS_ORIGINS"].value == "https://a.example,https://b.example"
    assert rows["STREAM_CHAT_ENABLE_LOGGING"].value == "false"
    assert rows["STREAM_CHAT_ENVIRONMENT"].value == "development"
    assert rows["TIDEGATE_OIDC_ISSUER"].value == "not set"
    assert rows["STREAM_API_KEY"].origin == "environment STREAM_API_KEY"


def test_secrets_show_their_length_and_the_key_its_beginning():
    rows = shown({**without(DEVELOPMENT, "CLERK_PUBLISHABLE_KEY"), "AUTH_SECRET": SECRET[::-1]})
    assert rows["STREAM_API_SECRET"].value == f"set ({len(SECRET)} characters)"
    assert rows["AUTH_SECRET"].value == f"set ({len(SECRET)} characters)"
    assert rows["STREAM_API_KEY"].value == f"{KEY[:4]}... ({len(KEY)} characters)"
    everything = str(list(rows.values()))
    assert SECRET not in everything
    assert SECRET[::-1] not in everything
    assert KEY not in everything


def test_a_secret_that_strayed_into_another_variable_is_hidden_there_too():
    rows = shown({**DEVELOPMENT, "TIDEGATE_USER_ID_CLAIM": f"x{SECRET}", "CLERK_AUTHORIZED_PARTIES": SECRET})
    assert SECRET not in str(list(rows.values()))
    assert "hidden" in rows["TIDEGATE_USER_ID_CLAIM"].value
    assert "hidden" in rows["CLERK_AUTHORIZED_PARTIES"].value


HOOK = base64.b64encode(b"a.webhook.key.of.the.tests").decode()


@pytest.mark.parametrize(
    "strayed",
    [f"clerk:whsec_{HOOK}", f"whsec_{HOOK}", HOOK, HOOK.rstrip("="), "a.webhook.key.of.the.tests"],
)
def test_a_webhook_secret_is_hidden_whole_and_in_parts(strayed):
    environment = {
        **DEVELOPMENT,
        "TIDEGATE_WEBHOOK_SECRETS": f"clerk:whsec_{HOOK}",
        "CLERK_AUTHORIZED_PARTIES": strayed,
    }
    rows = shown(environment)
    assert "hidden" in rows["CLERK_AUTHORIZED_PARTIES"].value
    assert strayed not in str(rows["CLERK_AUTHORIZED_PARTIES"])
    assert HOOK[:8] not in str(rows["TIDEGATE_WEBHOOK_SECRETS"])


def test_the_password_of_a_url_is_hidden_by_itself():
    environment = {
        **DEVELOPMENT,
        "TIDEGATE_DATABASE_URL": "postgresql://me:pass%2Fword1@db.example/x",
        "CLERK_AUTHORIZED_PARTIES": "pass/word1",
    }
    assert "hidden" in shown(environment)["CLERK_AUTHORIZED_PARTIES"].value


def test_issuers_are_shown_resolved():
    rows = shown({**DEVELOPMENT, "CLERK_JWT_KEY": PEM})
    assert rows["TIDEGATE_ISSUERS"].value == "clerk (clerk) https://calm-otter-12.clerk.accounts.dev, a PEM"
    assert rows["CLERK_JWT_KEY"].value.startswith("a public key (")
    partner = '[{"name": "b", "kind": "oidc", "issuer": "https://b.example", "namespace": "b2"}]'
    value = shown({**DEVELOPMENT, "TIDEGATE_ISSUERS": partner})["TIDEGATE_ISSUERS"].value
    assert value.endswith("; b (oidc) https://b.example, keys by discovery, namespace b2")
    assert "keys at https://calm-otter-12.clerk.accounts.dev/.well-known/jwks.json" in value
