"""What follows from a preset, by variables and by the list; and what will not do."""

import json

import pytest

from support.environments import KEY, SECRET, problems
from tidegate.settings import load
from tidegate.settings.filling import fill, unnamed
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.presets import PRESETS

CREDENTIALS = {"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET}
REF = "abcdefghijklmnopqrst"
GOOGLE = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123"
REALM = "https://login.example.com/auth/realms/example"
KNOWN = {
    "supabase": ({"project": REF}, f"https://{REF}.supabase.co/auth/v1", "/.well-known/jwks.json", ("authenticated",)),
    "firebase": ({"project": "my-app-1a2b3"}, "https://securetoken.google.com/my-app-1a2b3", GOOGLE, ("my-app-1a2b3",)),
    "auth0": (
        {"domain": "example.eu.auth0.com", "audience": "https://chat"},
        "https://example.eu.auth0.com/",
        ".well-known/jwks.json",
        ("https://chat",),
    ),
    "cognito": (
        {"pool": "eu-west-1_AbCdEf123", "client": ["a1", "b2"]},
        POOL,
        "/.well-known/jwks.json",
        ("a1", "b2"),
    ),
    "keycloak": ({"realm": REALM, "client": "app"}, REALM, "/protocol/openid-connect/certs", ()),
}


def listed(*members):
    return {**CREDENTIALS, "TIDEGATE_ISSUERS": json.dumps(members)}


def complaint(*members):
    return problems(listed(*members))["TIDEGATE_ISSUERS"]


@pytest.mark.parametrize("name", KNOWN)
def test_everything_follows_from_what_a_team_knows(name):
    members, issuer, keys, audience = KNOWN[name]
    (config,) = load(listed({"preset": name, **members})).settings.issuers
    assert (config.name, config.preset, config.kind, config.issuer) == (name, name, "jwks", issuer)
    assert config.jwks_url == (keys if keys.startswith("https") else issuer + keys)
    assert (config.audience, config.kinds) == (audience, PRESETS[name].kinds)
    assert config.algorithms == PRESETS[name].algorithms


@pytest.mark.parametrize("name", KNOWN)
def test_variables_say_the_same_as_the_list(name):
    members, *_ = KNOWN[name]
    variables = {
        f"TIDEGATE_{name}_{member}".upper(): value if isinstance(value, str) else ",".join(value)
        for member, value in members.items()
    }
    loaded = load({**CREDENTIALS, **variables})
    assert loaded.settings.issuers == load(listed({"preset": name, **members})).settings.issuers
    assert loaded.origins["issuers"].startswith(f"environment TIDEGATE_{name.upper()}_")
    assert loaded.warnings == ()


@pytest.mark.parametrize("name", KNOWN)
def test_filling_twice_is_filling_once(name):
    once = fill({"preset": name, **KNOWN[name][0]})
    assert fill(once) == once
    assert IssuerConfig.model_validate(once) == IssuerConfig.model_validate({"preset": name, **KNOWN[name][0]})


def test_presets_that_are_names_for_what_there_was():
    members = {"preset": "oidc", "issuer": "https://login.example.com/", "audience": ["c"]}
    (config,) = load(listed(members)).settings.issuers
    assert (config.name, config.kind, config.jwks_url, config.preset) == ("oidc", "oidc", None, "oidc")
    (config,) = load(listed({"preset": "clerk", "issuer": "https://clerk.example.com"})).settings.issuers
    assert (config.name, config.kind, config.jwks_url) == (
        *("clerk", "clerk"),
        "https://clerk.example.com/.well-known/jwks.json",
    )


def test_what_is_given_counts_before_what_follows():
    own = {"name": "app", "kinds": ["session", "anonymous"], "algorithms": ["ES256"], "audience": ["mine"]}
    (config,) = load(listed({"preset": "supabase", "project": REF, **own})).settings.issuers
    assert (config.name, config.kinds, config.algorithms, config.audience) == (
        *("app", ("session", "anonymous")),
        *(("ES256",), ("mine",)),
    )
    (config,) = load(listed({"preset": "supabase", "issuer": "https://id.example.com/auth/v1"})).settings.issuers
    assert config.jwks_url == "https://id.example.com/auth/v1/.well-known/jwks.json"


def test_a_rule_of_a_preset_counts_before_the_common_setting_and_after_its_own():
    keycloak = {"preset": "keycloak", **KNOWN["keycloak"][0]}
    common = {"TIDEGATE_AZP_POLICY": "off"}
    assert load({**listed(keycloak), **common}).settings.issuers[0].azp == "required"
    assert load(listed({**keycloak, "azp": "if-present"})).settings.issuers[0].azp == "if-present"


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({"preset": "saml"}, "preset that is unknown"),
        ({"preset": None}, "preset that is unknown"),
        ({"preset": ["supabase"]}, "preset that is unknown"),
        ({"preset": "supabase"}, "has no project"),
        ({"preset": "supabase", "project": "Ref!"}, "project of another form"),
        ({"preset": "supabase", "project": REF + "\n"}, "project of another form"),
        ({"preset": "supabase", "project": ["a"]}, "project of another form"),
        ({"preset": "supabase", "project": "evil.example/x" + REF}, "project of another form"),
        ({"preset": "supabase", "project": REF, "issuer": "https://else.example"}, "another than what it follows from"),
        ({"preset": "supabase", "project": REF, "jwt_secret": SECRET}, "migrate to signing keys"),
        ({"preset": "supabase", "project": REF, "algorithms": ["HS256"]}, "migrate to signing keys"),
        ({"preset": "firebase", "project": "my_app"}, "project of another form"),
        ({"preset": "firebase", "issuer": "https://securetoken.google.com/x"}, "has no audience"),
        ({"preset": "auth0", "domain": "example.eu.auth0.com"}, "has no audience"),
        ({"preset": "auth0", "domain": "example.eu.auth0.com", "audience": []}, "has no audience"),
        ({"preset": "auth0", "domain": "https://example.eu.auth0.com", "audience": "c"}, "domain of another form"),
        ({"preset": "cognito", "pool": "eu-west-1_A"}, "has no client"),
        ({"preset": "cognito", "pool": "evil.example_A", "client": "a"}, "pool of another form"),
        ({"preset": "cognito", "pool": "eu-west-1_A", "client": "a", "audience": ["b"]}, "both client and audience"),
        ({"preset": "cognito", "pool": "eu-west-1_A", "client": [5]}, "client of another form"),
        ({"preset": "keycloak", "realm": "https://k.example/realms/", "client": "a"}, "realm of another form"),
        ({"preset": "keycloak", "realm": REALM}, "has no client"),
        ({"preset": "keycloak", "realm": "http://k.example/realms/a", "client": "a"}, "plain http"),
        ({"preset": "clerk", "kind": "oidc", "issuer": "https://clerk.example.com"}, "belong together"),
        ({"name": "a", "kind": "oidc", "issuer": "https://a.example", "project": REF}, "project that is unknown"),
    ],
)
def test_what_will_not_do(members, wrong):
    found = complaint(members)
    assert wrong in found
    assert SECRET not in found


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"TIDEGATE_AUTH0_DOMAIN": "example.eu.auth0.com"}, "TIDEGATE_AUTH0_AUDIENCE"),
        ({"TIDEGATE_AUTH0_AUDIENCE": "https://chat"}, "TIDEGATE_AUTH0_DOMAIN"),
        ({"TIDEGATE_COGNITO_POOL": "eu-west-1_A"}, "TIDEGATE_COGNITO_CLIENT"),
        ({"TIDEGATE_KEYCLOAK_REALM": REALM}, "TIDEGATE_KEYCLOAK_CLIENT"),
    ],
)
def test_a_variable_that_lacks_its_counterpart(given, missing):
    assert "is not set" in problems({**CREDENTIALS, **given})[missing]


def test_a_second_provider_by_variables_needs_the_list():
    both = {"TIDEGATE_SUPABASE_PROJECT": REF, "TIDEGATE_FIREBASE_PROJECT": "my-app-1a2b3"}
    assert "without a namespace" in problems({**CREDENTIALS, **both})["TIDEGATE_FIREBASE_PROJECT"]


@pytest.mark.parametrize("name", [name for name, row in PRESETS.items() if row.hosts])
def test_a_known_provider_without_its_preset_is_noticed(name):
    issuer = KNOWN[name][1] if name in KNOWN else "https://clerk.example.com"
    bare = {"name": "bare", "kind": "oidc", "issuer": issuer, "audience": ["a"]}
    assert any(f"without preset {name}" in line for line in load(listed(bare)).warnings)
    assert unnamed(issuer, name) is None
    assert unnamed("https://login.example.com/", "oidc") is None


def test_rows_are_whole():
    for name, row in PRESETS.items():
        assert row.name == name
        assert set(row.kinds) <= {"session", "access"}, "machines and anonymous people are refused unless asked for"
        assert not any(algorithm.startswith("HS") for algorithm in row.algorithms)
        assert all(mark.values for mark in row.marks if mark.sign in {"is", "begins", "ends", "same"})
