"""Signing in to the console at an OpenID Connect provider, and every way in which it must not work."""

import contextlib
import time

import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr

from support.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tidegate.settings.console_allow import Allowed
from tidegate.settings.operator_keys import Role

pytestmark = pytest.mark.anyio

START, CALLBACK = "/console/oidc/start", "/console/oidc/callback"


@pytest.fixture
def provider():
    with OpenIdProvider() as opened:
        yield opened


@pytest.fixture
def opened(gate_with, provider):
    """A function that opens a service whose console has the provider; the service, and a browser."""

    @contextlib.asynccontextmanager
    async def open_it(**changed):
        allowed = (
            Allowed("ada", Role.OPERATOR, provider.url, "sub|ada"),
            Allowed("vera", Role.VIEWER, provider.url, "sub|vera"),
            Allowed("eve", Role.OPERATOR, "https://elsewhere.example", "sub|eve"),
        )
        settings = {
            "console_url": "http://127.0.0.1:8001",
            "console_oidc_issuer": provider.url,
            "console_oidc_client_id": CLIENT_ID,
            "console_oidc_client_secret": SecretStr(CLIENT_SECRET),
            "console_allow": allowed,
            "operator_failures_per_minute": 1000,
            **changed,
        }
        async with gate_with(**settings) as gate, gate.operator(key=None) as browser:
            yield gate, browser

    return open_it


async def begun(browser):
    answer = await browser.get(START)
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_who_is_on_the_list_gets_in_with_the_role_that_stands_there(opened, provider):
    async with opened() as (_, browser):
        assert "Sign in with 127.0.0.1" in (await browser.get("/console/login")).text
        for subject, name, role in (("sub|ada", "ada", "operator"), ("sub|vera", "vera", "viewer")):
            back = await browser.get(CALLBACK, params=provider.authorize(await begun(browser), subject))
            assert (back.status_code, "url=/console" in back.text) == (200, True)
            page = (await browser.get("/console")).text
            assert f"{name} <small>{role}</small>" in page
            assert ('action="/console/confirm"' in page) == (role == "operator")


async def test_the_cookie_of_a_sign_in_under_way_comes_along_from_elsewhere_and_goes_afterwards(opened, provider):
    async with opened() as (_, browser):
        begin = await browser.get(START)
        (cookie,) = begin.headers.get_list("set-cookie")
        assert cookie.endswith("; Path=/console; HttpOnly; SameSite=Lax; Max-Age=600")
        back = await browser.get(CALLBACK, params=provider.authorize(begin.headers["location"]))
        set_then = back.headers.get_list("set-cookie")
        assert [one.partition("=")[0] for one in set_then] == ["tidegate-console-8001", "tidegate-console-8001-oidc"]
        assert "SameSite=Strict" in set_then[0]
        assert "Max-Age=0" in set_then[1]


async def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(opened, provider):
    async with opened() as (gate, browser), gate.operator(key=None) as other:
        given = provider.authorize(await begun(browser))
        assert (await other.get(CALLBACK, params=given)).status_code == 401, "login CSRF: somebody else's sign-in"
        assert (await browser.get(CALLBACK, params=given)).status_code == 401, "spent"
        given = provider.authorize(await begun(browser))
        assert (await browser.get(CALLBACK, params=given)).status_code == 200
        assert (await browser.get(CALLBACK, params=given)).status_code == 401
        given = provider.authorize(await begun(browser))
        gate.clock.shift += 601
        assert (await browser.get(CALLBACK, params=given)).status_code == 401
    assert provider.exchanges == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": None},
        {"iss": "https://evil.example"},
        {"state": "x" * 43},
        {"state": None},
        {"code": None},
        {"code": "another"},
        {"code": "x" * 5000},
        {"error": "access_denied"},
    ],
)
async def test_an_answer_that_is_not_that_of_the_question(opened, provider, changed):
    async with opened() as (_, browser):
        given = {**provider.authorize(await begun(browser)), **changed}
        answer = await browser.get(CALLBACK, params={name: value for name, value in given.items() if value is not None})
        assert answer.status_code in {401, 503}
        assert (await browser.get("/console")).status_code == 303
    assert provider.exchanges == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": None},
        {"nonce": "x" * 43},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"sub": None},
        {"sub": "sub|nobody"},
        {"sub": "sub|eve"},
        {"sub": "SUB|ADA"},
        {"act": {"sub": "mallory"}},
    ],
)
async def test_an_id_token_that_is_not_that_of_somebody_on_the_list(opened, provider, claims):
    provider.claims = claims
    async with opened() as (_, browser):
        answer = await browser.get(CALLBACK, params=provider.authorize(await begun(browser)))
        assert answer.status_code == 401
        assert (await browser.get("/console")).status_code == 303


async def test_an_id_token_that_another_key_signed(opened, provider):
    provider.key = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
    async with opened() as (_, browser):
        assert (await browser.get(CALLBACK, params=provider.authorize(await begun(browser)))).status_code == 401


async def test_a_session_of_the_app_is_no_id_token(opened, provider):
    async with opened() as (gate, browser):
        session = gate.session("ada")
        given = provider.authorize(await begun(browser))
        provider.token = lambda *_: (200, {"id_token": session})
        assert (await browser.get(CALLBACK, params=given)).status_code == 401


async def test_a_provider_that_is_another_one_or_gone_is_said(opened, provider):
    provider.issuer_shown = "https://evil.example"
    async with opened() as (_, browser):
        answer = await browser.get(START)
        assert (answer.status_code, "identity_unavailable" in answer.text) == (503, True)
        assert int(answer.headers["retry-after"]) >= 1


async def test_without_a_provider_there_is_no_such_page(gate_with):
    async with gate_with() as gate, gate.operator(key=None) as browser:
        for path in (START, CALLBACK):
            assert (await browser.get(path)).status_code == 404
        assert "Sign in with" not in (await browser.get("/console/login")).text


async def test_a_provider_that_does_not_name_itself_may_leave_its_name_out(opened, provider):
    provider.names_itself = False
    async with opened() as (_, browser):
        assert (await browser.get(CALLBACK, params=provider.authorize(await begun(browser)))).status_code == 200
