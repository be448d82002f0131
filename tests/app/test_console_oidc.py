"""Signing in to the console at an OpenID Connect provider, and every way in which it must not work."""

import asyncio
import contextlib
import time

import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr

from support.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tidegate.console.oidc.service import FLOWS_MOST
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


@pytest.mark.parametrize(
    ("status", "expected"), [(400, 401), (401, 401), (403, 401), (408, 503), (429, 503), (500, 503)]
)
async def test_a_refused_code_is_a_refused_sign_in_and_a_provider_that_fails_is_not(opened, provider, status, expected):
    provider.token = lambda *_: (status, {"error": "invalid_grant"})
    async with opened() as (_, browser):
        answer = await browser.get(CALLBACK, params=provider.authorize(await begun(browser)))
        reason = "operator_key_refused" if expected == 401 else "identity_unavailable"
        assert (answer.status_code, reason in answer.text) == (expected, True)


@pytest.mark.parametrize("status", [400, 500])
async def test_whoever_brings_codes_that_are_none_is_limited_whatever_the_provider_says(opened, provider, status):
    asked = []
    provider.token = lambda *_: (asked.append(1), (status, {}))[1]
    async with opened(operator_failures_per_minute=12) as (gate, browser):
        answers = []
        for _ in range(12):
            answer = await browser.get(START)
            if answer.status_code == 303:
                answer = await browser.get(CALLBACK, params=provider.authorize(answer.headers["location"]))
            answers.append(answer.status_code)
        assert 429 in answers
        assert answers[-1] == 429
        assert len(asked) <= 6, "a start and a callback each cost one"
        async with gate.operator(key=None, address="127.0.0.2") as elsewhere:
            assert (await elsewhere.get(START)).status_code == 303, "another address pays for itself"


async def test_a_provider_that_is_down_is_asked_once_at_a_time_and_then_left_alone(opened, provider):
    provider.down = True
    async with opened() as (gate, browser):
        before = provider.discoveries
        together = await asyncio.gather(*(browser.get(START) for _ in range(20)))
        assert {answer.status_code for answer in together} == {503}
        assert provider.discoveries == before + 1
        for _ in range(5):
            assert (await browser.get(START)).status_code == 503
        assert provider.discoveries == before + 1
        provider.down = False
        gate.clock.shift += 10
        assert (await browser.get(START)).status_code == 303
        gate.clock.shift += 599
        assert (await browser.get(START)).status_code == 303
        assert provider.discoveries == before + 2


async def test_who_leaves_while_the_provider_is_asked_ends_it_for_nobody_else(opened, provider):
    provider.down = True
    async with opened() as (_, browser):
        before = provider.discoveries
        first = asyncio.create_task(browser.get(START))
        await asyncio.sleep(0.03)
        second = asyncio.create_task(browser.get(START))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).status_code == 503
        assert provider.discoveries == before + 1


async def test_sign_ins_begun_by_a_stranger_end_nobody_elses(opened, provider):
    async with opened() as (gate, browser), gate.operator(key=None, address="127.0.0.2") as stranger:
        mine = provider.authorize(await begun(browser))
        theirs = [provider.authorize(await begun(stranger)) for _ in range(FLOWS_MOST)]
        assert (await stranger.get(CALLBACK, params=theirs[0])).status_code == 401, "it made way for a later one"
        assert (await browser.get(CALLBACK, params=mine)).status_code == 200
