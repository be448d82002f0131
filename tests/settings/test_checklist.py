from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from support.environments import DEVELOPMENT, PRODUCTION, SECRET
from tidegate.settings import Environment, IssuerConfig, load
from tidegate.settings.checklist import Facts, check, hints_of
from tidegate.settings.load import Loaded
from tidegate.settings.risk import Risk, RiskRow

GOOD = load(PRODUCTION)
GOOD_FACTS = Facts(env_file_mode=0o600, tls_key_mode=0o640, state_dir_mode=0o700)
CLERK = GOOD.settings.issuers[0]
OIDC = IssuerConfig(name="oidc", kind="oidc", issuer="https://a.example", audience=("chat",))
AUTHJS = IssuerConfig(name="authjs", kind="authjs", issuer="authjs")
LOCAL = IssuerConfig(name="oidc", kind="oidc", issuer="http://127.0.0.1:1/idp", audience=("chat",))


def failed(loaded: Loaded, facts: Facts = GOOD_FACTS) -> set[str]:
    return {line.id for line in check(loaded, facts=facts) if not line.passed}


def changed(**fields) -> Loaded:
    return Loaded(GOOD.settings.model_copy(update=fields), GOOD.origins, ())


SETTINGS_CASES = {
    "environment": [{"environment": Environment.STAGING}, {"environment": Environment.DEVELOPMENT}],
    "api-key": [{"api_key": "short1"}, {"api_key_prefix": "zz"}],
    "api-key-production": [{"api_key": "q7w2testx9c4"}],
    "api-secret-length": [{"api_secret": SecretStr(SECRET[:19])}],
    "api-secret-real": [{"api_secret": SecretStr("your_production_api_secret")}],
    "base-url-https": [{"base_url": "http://127.0.0.1:3030"}],
    "https": [{"trusted_proxies": ()}],
    "proxies-exact": [{"trusted_proxies": (ip_network("0.0.0.0/0"),)}, {"trusted_proxies": (ip_network("::/0"),)}],
    "cors-https": [{"cors_origins": ("https://a.example", "http://b.example")}],
    "issuer": [{"issuers": ()}],
    "issuer-encrypted": [
        {"issuers": (LOCAL,)},
        {"issuers": (CLERK.model_copy(update={"jwks_url": "http://k.example"}),)},
    ],
    "authjs-cookies": [{"issuers": (AUTHJS,), "authjs_cookies": ("authjs.session-token",)}],
    "clerk-authorized-parties": [
        {"issuers": (CLERK.model_copy(update={"authorized_parties": ()}),)},
        {"issuers": (CLERK.model_copy(update={"azp": "off"}),)},
    ],
    "clerk-live": [{"clerk_publishable_key": DEVELOPMENT["CLERK_PUBLISHABLE_KEY"]}],
    "audience": [{"issuers": (OIDC.model_copy(update={"audience": ()}),)}],
    "issuer-preset": [
        {"issuers": (OIDC.model_copy(update={"issuer": "https://example.eu.auth0.com/"}),)},
        {"issuers": (OIDC.model_copy(update={"issuer": "https://login.example.com/realms/example"}),)},
    ],
    "persons-only": [
        {"issuers": (OIDC.model_copy(update={"kinds": ("session", kind)}),)} for kind in ("machine", "anonymous")
    ],
    "pending-refused": [{"issuers": (CLERK.model_copy(update={"pending": "allow"}),)}],
    "debug-log-off": [{"enable_logging": True}, {"log_level": "debug"}],
    "docs-off": [{"docs": True}],
    "operator-listener": [{"ops_bind": "0.0.0.0:8001"}],
    "limits": [{"limit_address_per_minute": 0}, {"limit_subject_per_minute": 0}],
    "stale-keys": [{"keys_stale_seconds": 0}, {"keys_stale_seconds": 86_401}],
    "store-private": [
        {"database_url": SecretStr("postgresql://tide@db.example/gate")},
        {"database_url": SecretStr("postgresql://tide@db.example/gate?sslmode=require")},
        {"redis_url": SecretStr("redis://cache.example:6379/0")},
    ],
    "clock-skew": [{"issuers": (CLERK.model_copy(update={"clock_skew_seconds": 11}),)}],
    "session-cache": [{"session_cache_size": 0}, {"session_cache_size": 999}, {"session_cache_size": 1_000_001}],
    "token-life": [{"token_life_seconds": 14_401}],
    "risk-life": [
        {"life_by_risk": ()},
        {"life_by_risk": (RiskRow(Risk.IMPERSONATED, 600),)},
        {"life_by_risk": (RiskRow(Risk.IMPERSONATED, 901), RiskRow(Risk.ANONYMOUS, 900))},
    ],
    "no-admin-by-claim": [{"profile_allow_admin": ("admin",)}],
    "timeout": [{"timeout_ms": 999}, {"timeout_ms": 30_001}],
}
FACTS_CASES = {
    "env-file-private": [{"env_file_mode": 0o644}],
    "tls-key-private": [{"tls_key_mode": 0o604}],
    "state-dir": [{"state_dir_mode": 0o755}, {"state_dir_mode": 0o770}, {"state_dir_writable": False}],
    "no-public-secret": [{"public_secrets": ("NEXT_PUBLIC_X_SECRET",)}],
}


def test_a_sound_production_passes_every_line():
    assert failed(GOOD) == set()
    assert failed(GOOD, Facts()) == set()
    assert failed(changed(issuers=(CLERK, OIDC))) == set()


@pytest.mark.parametrize(("name", "fields"), [(name, case) for name, cases in SETTINGS_CASES.items() for case in cases])
def test_each_line_on_settings_can_fail_alone(name, fields):
    assert failed(changed(**fields)) == {name}


@pytest.mark.parametrize(("name", "facts"), [(name, case) for name, cases in FACTS_CASES.items() for case in cases])
def test_each_line_on_facts_can_fail_alone(name, facts):
    assert failed(GOOD, Facts(**facts)) == {name}


def test_a_placeholder_fails_as_a_key_too():
    assert failed(changed(api_key="your_stream_api_key")) == {"api-key", "api-key-real"}
    assert failed(changed(api_key=None, api_secret=None)) == {
        *("api-key", "api-key-real", "api-secret-length", "api-secret-real")
    }
    assert failed(changed(api_secret=SecretStr(GOOD.settings.api_key))) >= {"api-secret-real"}


def test_an_accepted_word_passes():
    assert failed(changed(api_key="q7w2testx9c4", accept_api_key_words=True)) == set()


def test_tls_of_its_own_is_https_too():
    pair = {"tls_certificate_file": Path("a"), "tls_key_file": Path("b")}
    assert failed(changed(trusted_proxies=(), **pair)) == set()


def test_a_misspelt_variable_fails():
    loaded = load({**PRODUCTION, "TIDEGATE_TOKENLIFE": "1"})
    (line,) = (line for line in check(loaded, facts=GOOD_FACTS) if not line.passed)
    assert line.id == "no-unknown-variables"
    assert "TIDEGATE_TOKENLIFE" in line.mend


def test_the_lines_are_the_same_whatever_holds():
    good, bare = check(GOOD, facts=GOOD_FACTS), check(load({}), facts=Facts())
    assert [line.id for line in good] == [line.id for line in bare]
    assert [line.what for line in good] == [line.what for line in bare]
    names = [line.id for line in good]
    shown_failing = {*SETTINGS_CASES, *FACTS_CASES, "api-key-real", "no-unknown-variables", "credential-age"}
    assert set(names) == shown_failing
    assert len(names) == len(set(names)) >= 20


def test_documentation_that_is_not_published_is_a_hint_that_fails_nothing():
    (hint,) = hints_of(GOOD.settings)
    assert (hint.id, hint.passed) == ("documentation-url", False)
    assert "no link" in hint.what
    assert failed(GOOD) == set()
    assert hints_of(changed(documentation_url="https://docs.example/reasons/").settings) == []


def test_no_line_shows_a_secret():
    assert SECRET not in str(check(GOOD, facts=GOOD_FACTS))


@pytest.mark.parametrize(("age", "most", "passes"), [(None, 90, True), (89, 90, True), (90, 90, False), (1, 0, False)])
def test_the_age_of_the_secret(age, most, passes):
    loaded = load({**PRODUCTION, "TIDEGATE_CREDENTIAL_MAX_AGE_DAYS": str(most)})
    (line,) = (line for line in check(loaded, facts=Facts(credential_age_days=age)) if line.id == "credential-age")
    assert line.passed is passes
