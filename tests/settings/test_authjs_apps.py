"""Several apps with Auth.js: where each one's secrets, cookies and session route come from, and what cannot be."""

import json

import pytest

from support.environments import DEVELOPMENT, PRODUCTION, SECRET, problems, without
from tidegate.sandbox import AuthjsApp
from tidegate.settings import authjs_apps, load, show

ALONE = without(DEVELOPMENT, "CLERK_PUBLISHABLE_KEY")
LIVE = without(PRODUCTION, "CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES")
WEB, ADMIN, OLD = SECRET[::-1], f"{SECRET}-admin", f"{SECRET}-old"
URL = "https://admin.example.com/api/auth/session"


def element(name="admin", **members):
    return {"preset": "authjs", "name": name, "namespace": name, **members}


def listed(*elements, secrets=None, **variables):
    """The variables of further apps."""
    named = {} if secrets is None else {"TIDEGATE_AUTHJS_SECRETS": json.dumps(secrets)}
    return {"TIDEGATE_ISSUERS": json.dumps(elements), **named, **variables}


TWO = {**LIVE, "AUTH_SECRET": WEB, **listed(element(), secrets={"admin": ADMIN})}


def test_a_second_app_leaves_the_first_as_it_is():
    (alone,) = load({**LIVE, "AUTH_SECRET": WEB}).settings.issuers
    loaded = load(TWO)
    first, second = loaded.settings.issuers
    assert first == alone
    assert (second.name, second.kind, second.issuer, second.namespace) == ("admin", "authjs", "admin", "admin")
    assert (second.clock_skew_seconds, second.max_age_seconds) == (15, 2_592_000)
    assert [app.secrets for app in authjs_apps.apps(loaded.settings)] == [(WEB,), (ADMIN,)]
    assert loaded.warnings == ()


@pytest.mark.parametrize("key", ["kind", "preset"])
def test_what_an_element_says_of_its_own(key):
    own = {"name": "admin", key: "authjs", "version": "4", "cookies": ["__Host-a"], "session_url": URL}
    variables = listed({**own, "namespace": "a", "max_age_seconds": 60}, secrets={"admin": [ADMIN, OLD]})
    settings = load({**LIVE, "AUTH_SECRET": WEB, "TIDEGATE_AUTHJS_VERSION": "5", **variables}).settings
    first, second = authjs_apps.apps(settings)
    assert (first.version, first.session_url, first.secrets) == ("5", None, (WEB,))
    assert (second.version, second.session_url, second.secrets) == ("4", URL, (ADMIN, OLD))
    assert second.cookies == ("__Host-a",)
    assert authjs_apps.cookies(settings) == (*first.cookies, "__Host-a")
    assert [issuer.max_age_seconds for issuer in settings.issuers] == [2_592_000, 60]


def test_apps_by_the_list_alone():
    apart = element("shop")
    first = {"preset": "authjs", "name": "web"}
    settings = load({**LIVE, **listed(first, apart, secrets={"web": WEB, "shop": ADMIN})}).settings
    assert [(one.name, one.namespace) for one in settings.issuers] == [("web", None), ("shop", "shop")]


def test_the_app_of_the_variables_stands_where_it_is_listed():
    own = {"preset": "authjs", "namespace": "web"}
    issuers = load({**DEVELOPMENT, "AUTH_SECRET": WEB, **listed(own, element(), secrets={"admin": ADMIN})}).settings
    assert [(one.name, one.namespace) for one in issuers.issuers] == [
        ("clerk", None),
        ("authjs", "web"),
        ("admin", "admin"),
    ]


def test_a_session_route_makes_an_app_too():
    settings = load({**LIVE, "AUTH_SECRET": WEB, **listed(element(session_url=URL, version="off"))}).settings
    assert [(app.secrets, app.session_url) for app in authjs_apps.apps(settings)] == [((WEB,), None), ((), URL)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (listed(element()), "lists Auth.js, of which no session"),
        (listed(element(), AUTH_SECRET=WEB, TIDEGATE_OIDC_ISSUER="https://a.example"), None),
        (listed(element("a"), element("b"), AUTH_SECRET=WEB), "more than once"),
        (listed(element(version="4"), AUTH_SECRET=WEB, TIDEGATE_OIDC_ISSUER="https://a.example"), "version or cookies"),
        (listed(element(), secrets={"admin": ADMIN, "shop": OLD}, AUTH_SECRET=WEB), "names an app that is not listed"),
        (listed(element(), secrets={"admin": WEB}, AUTH_SECRET=WEB), "two apps one secret"),
        (listed(element("a"), element("b"), secrets={"a": OLD, "b": OLD}, AUTH_SECRET=WEB), "two apps one secret"),
        (listed(element(), secrets={"admin": ADMIN[:31]}, AUTH_SECRET=WEB), "shorter than 32"),
        (listed(element(), secrets={"admin": "your-secret-" + "x" * 30}, AUTH_SECRET=WEB), "placeholder"),
        (listed(element(), secrets={"admin": AuthjsApp("x").secret}, AUTH_SECRET=WEB), "a sandbox's"),
        (listed(element(session_url="http://a.example/x"), AUTH_SECRET=WEB), "session route for admin"),
        (listed(element(session_url="x"), AUTH_SECRET=WEB), "session route"),
        (listed(element(session_url=URL), AUTH_SECRET=WEB, TIDEGATE_AUTHJS_SESSION_URL=URL), "the same cookie"),
        (listed(element(cookies=["a;b"]), secrets={"admin": ADMIN}, AUTH_SECRET=WEB), "cookies"),
        (listed(element(cookies=["a\n"]), secrets={"admin": ADMIN}, AUTH_SECRET=WEB), "cookies"),
        (listed(element(cookies=list("abcdefghi")), secrets={"admin": ADMIN}, AUTH_SECRET=WEB), "cookies"),
        (listed(element(version="6"), secrets={"admin": ADMIN}, AUTH_SECRET=WEB), "version"),
        (listed({"preset": "authjs", "name": "a"}, secrets={"a": ADMIN}, AUTH_SECRET=WEB), "without a namespace"),
        (listed(element(name="authjs"), secrets={"authjs": ADMIN}, AUTH_SECRET=WEB), "another has"),
        (listed(element(name=["a"]), AUTH_SECRET=WEB, TIDEGATE_OIDC_ISSUER="https://a.example"), "name"),
        (listed({"name": "a", "kind": "oidc", "issuer": "https://a.example", "cookies": ["a"]}), "Auth.js only"),
        (
            listed(
                *(element(f"a{n}") for n in range(8)),
                secrets={f"a{n}": f"{ADMIN}{n}" for n in range(8)},
                AUTH_SECRET=WEB,
            ),
            "more than 8 apps",
        ),
    ],
)
def test_what_cannot_be(given, why):
    if why is None:
        assert load({**LIVE, **given, "TIDEGATE_OIDC_AUDIENCE": "chat"}).settings.issuers[1].name == "admin"
        return
    said = str(problems({**LIVE, **given}))
    assert why in said
    assert not any(secret in said for secret in (WEB, ADMIN, OLD))


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "x", "{", "[" * 70_000, '"x"', '{"a": 7}', '{"a": []}', '{"a": [7]}', '{"a:b": "x"}'),
        *('{"a": ["1","2","3","4","5"]}', '{"a": "x", "a": "y"}', json.dumps({str(n): "x" for n in range(9)})),
    ],
)
def test_secrets_that_cannot_be_read(text):
    assert "TIDEGATE_AUTHJS_SECRETS" in problems({**LIVE, "AUTH_SECRET": WEB, "TIDEGATE_AUTHJS_SECRETS": text})


def test_one_person_in_two_apps_is_one_app_with_both_cookies():
    assert load({**LIVE, "AUTH_SECRET": WEB, "TIDEGATE_AUTHJS_COOKIES": "__Host-a,__Host-b"}).settings.issuers


def test_a_comma_and_a_colon_in_a_secret():
    odd = "a:b,c" * 10
    settings = load({**LIVE, "AUTH_SECRET": WEB, **listed(element(), secrets={"admin": odd})}).settings
    assert settings.authjs_secrets_by_app == {"admin": (odd,)}


def test_no_secret_on_the_screen_or_in_the_browser():
    loaded = load(TWO)
    shown = repr(loaded) + str(show.render(loaded)) + repr(authjs_apps.apps(loaded.settings))
    assert WEB not in shown
    assert ADMIN not in shown
    assert "browser" in problems({**TWO, "NEXT_PUBLIC_X": ADMIN})["NEXT_PUBLIC_X"]


def test_cookies_that_others_could_plant_are_warned_of_in_production():
    more = listed(element(cookies=["plain"]), secrets={"admin": ADMIN}, AUTH_SECRET=WEB)
    assert any("__Secure-" in warning for warning in load({**LIVE, **more}).warnings)
    assert not authjs_apps.are_cookies_safe(load({**LIVE, **more}).settings)
    assert authjs_apps.are_cookies_safe(load(TWO).settings)
