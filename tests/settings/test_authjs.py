"""Auth.js among the issuers: its secrets, its cookies, its place."""

import pytest

from support.environments import DEVELOPMENT, PRODUCTION, SECRET, problems, without
from tidegate.sandbox import AuthjsApp
from tidegate.settings import authjs, load

ALONE = without(DEVELOPMENT, "CLERK_PUBLISHABLE_KEY")
LIVE = without(PRODUCTION, "CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES")
APP = SECRET[::-1]
URL = "https://app.example.com/api/auth/session"
LISTED = '[{"kind": "authjs", "namespace": "web"}]'


@pytest.mark.parametrize("name", ["AUTH_SECRET", "NEXTAUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_2", "AUTH_SECRET_3"])
def test_a_secret_is_all_that_is_needed(name):
    loaded = load({**ALONE, name: APP})
    (issuer,) = loaded.settings.issuers
    assert (issuer.name, issuer.kind, issuer.issuer, issuer.namespace) == ("authjs", "authjs", "authjs", None)
    assert (issuer.clock_skew_seconds, issuer.max_age_seconds) == (15, 2_592_000)
    assert (issuer.algorithms, issuer.fetched()) == ((), ())
    assert loaded.settings.authjs_secrets == (APP,)
    assert loaded.origins["issuers"] == f"environment {name}"
    assert loaded.warnings == ()


def test_several_secrets_newest_first():
    settings = load({**ALONE, "AUTH_SECRET": APP, "AUTH_SECRET_1": f"{APP}1", "AUTH_SECRET_3": f"{APP}3"}).settings
    assert settings.authjs_secrets == (f"{APP}3", f"{APP}1", APP)


@pytest.mark.parametrize("name", ["AUTH_SECRET", "NEXTAUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_3"])
def test_secrets_that_are_none(name):
    assert "shorter than 32" in problems({**ALONE, name: APP[:31]})[name]
    assert "placeholder" in problems({**ALONE, name: "your-secret-" + "x" * 30})[name]
    assert load({**ALONE, name: APP[:32]})


def test_a_sandboxs_secret_goes_with_the_sandboxs_stream_in_development_alone():
    secret = AuthjsApp("http://127.0.0.1:1").secret
    assert secret.startswith(authjs.SANDBOX_PREFIX)
    assert "a sandbox's" in problems({**ALONE, "AUTH_SECRET": secret})["AUTH_SECRET"]
    assert "a sandbox's" in problems({**LIVE, "AUTH_SECRET": secret})["AUTH_SECRET"]
    assert load({**ALONE, "AUTH_SECRET": secret, "STREAM_CHAT_BASE_URL": "http://127.0.0.1:1/stream"}).settings.issuers


@pytest.mark.parametrize("name", ["NEXT_PUBLIC_AUTH_SECRET", "NEXT_PUBLIC_OTHER"])
def test_a_secret_in_the_browser(name):
    assert "browser" in problems({**ALONE, "AUTH_SECRET_2": APP, name: APP})[name]


def test_the_lesser_age_counts():
    assert load({**ALONE, "AUTH_SECRET": APP, "TIDEGATE_SESSION_MAX_AGE_SECONDS": "60"}).settings.issuers[
        0
    ].max_age_seconds == (60)
    settings = load({**ALONE, "AUTH_SECRET": APP, "TIDEGATE_AUTHJS_MAX_AGE_SECONDS": "0"}).settings
    assert settings.issuers[0].max_age_seconds == 0


def test_cookies_that_only_the_app_can_set_in_production():
    assert authjs.cookies(load({**LIVE, "AUTH_SECRET": APP}).settings) == (
        "__Secure-authjs.session-token",
        "__Secure-next-auth.session-token",
    )
    assert len(authjs.cookies(load({**ALONE, "AUTH_SECRET": APP}).settings)) == 4
    given = {"AUTH_SECRET": APP, "TIDEGATE_AUTHJS_COOKIES": "__Host-session,plain"}
    loaded = load({**LIVE, **given})
    assert authjs.cookies(loaded.settings) == ("__Host-session", "plain")
    assert any("__Secure-" in warning for warning in loaded.warnings)
    assert not any("__Secure-" in warning for warning in load({**ALONE, **given}).warnings)


@pytest.mark.parametrize("names", ["a b", "a;b", "a=b", "ä", ",".join("abcdefghi"), "x" * 129])
def test_names_that_no_cookie_has(names):
    assert problems({**ALONE, "AUTH_SECRET": APP, "TIDEGATE_AUTHJS_COOKIES": names})


def test_a_session_route_is_enough():
    (issuer,) = load({**LIVE, "TIDEGATE_AUTHJS_SESSION_URL": URL}).settings.issuers
    assert issuer.kind == "authjs"


@pytest.mark.parametrize(
    ("environment", "url", "sound"),
    [
        (ALONE, "http://localhost:3000/api/auth/session", True),
        (ALONE, "http://app.example.com/api/auth/session", False),
        (LIVE, "http://localhost:3000/api/auth/session", False),
        (LIVE, "https://user:word@app.example.com/api/auth/session", False),
        (LIVE, f"{URL}?x=1", False),
    ],
)
def test_what_is_sent_to_the_route_cannot_be_read_on_the_way(environment, url, sound):
    given = {**environment, "TIDEGATE_AUTHJS_SESSION_URL": url}
    if sound:
        assert load(given)
    else:
        assert "TIDEGATE_AUTHJS_SESSION_URL" in problems(given)


def test_beside_another_issuer_it_must_be_said_which_comes_first():
    assert "namespace" in problems({**DEVELOPMENT, "AUTH_SECRET": APP})["AUTH_SECRET"]
    first, second = load({**DEVELOPMENT, "AUTH_SECRET": APP, "TIDEGATE_ISSUERS": LISTED}).settings.issuers
    assert (first.kind, second.name, second.namespace, second.clock_skew_seconds) == ("clerk", "authjs", "web", 15)
    loaded = load({**DEVELOPMENT, "AUTH_SECRET": APP, "TIDEGATE_AUTHJS_VERSION": "off"})
    assert [issuer.kind for issuer in loaded.settings.issuers] == ["clerk"]
    assert any("TIDEGATE_AUTHJS_VERSION is off" in warning for warning in loaded.warnings)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"TIDEGATE_ISSUERS": '[{"kind": "authjs"}]'}, "no session could be accepted"),
        ({"AUTH_SECRET": APP, "TIDEGATE_ISSUERS": f"{LISTED[:-1]},{LISTED[1:]}"}, "more than once"),
        (
            {"AUTH_SECRET": APP, "TIDEGATE_ISSUERS": '[{"kind": "authjs", "jwks_url": "https://a.example"}]'},
            "no public",
        ),
    ],
)
def test_what_the_list_cannot_say(given, why):
    assert why in str(problems({**ALONE, **given}))


def test_a_secret_alone_is_no_reason_for_the_sandbox():
    assert "STREAM_API_KEY" in problems({"AUTH_SECRET": APP})
    assert load({"AUTH_SECRET": APP, "TIDEGATE_AUTHJS_VERSION": "off"}).settings.sandbox_wanted


def test_no_secret_in_an_error_or_on_the_screen():
    assert APP not in repr(load({**ALONE, "AUTH_SECRET": APP, "AUTH_SECRET_1": APP + "x"}))
