"""Signing in to the console at a provider of another site, in a real browser: code flow, PKCE, cookies."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from support.browsing import axe, watched
from support.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from support.operating import KEYS
from support.processes import of_sandbox, running
from tidegate.sandbox.server import SandboxServer

pytestmark = pytest.mark.system


@dataclass
class Place:
    """A service whose console is a client of a provider."""

    console: str
    provider: OpenIdProvider


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    console = f"http://127.0.0.1:{free_port()}"
    # By another name it is another site to the browser, which then keeps strict cookies from what it leads to.
    with SandboxServer() as server, OpenIdProvider("localhost") as provider:
        ada = {"name": "ada", "role": "operator", "issuer": provider.url, "subject": "sub|ada"}
        variables = {
            **of_sandbox(server),
            "TIDEGATE_OPS_BIND": console.removeprefix("http://"),
            "TIDEGATE_OPERATOR_KEYS": ",".join(one.written() for one in KEYS),
            "TIDEGATE_CONSOLE_URL": console,
            "TIDEGATE_CONSOLE_OIDC_ISSUER": provider.url,
            "TIDEGATE_CONSOLE_OIDC_CLIENT_ID": CLIENT_ID,
            "TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "TIDEGATE_CONSOLE_ALLOW": json.dumps([ada]),
        }
        with running(tmp_path_factory.mktemp("service"), variables=variables):
            yield Place(console, provider)


def test_somebody_on_the_list_signs_in_and_out(place: Place, chromium: Browser) -> None:
    before = place.provider.exchanges
    with watched(chromium, f"{place.provider.url}/") as (context, faults):
        page = context.new_page()
        page.goto(f"{place.console}/console")
        page.wait_for_url("**/console/login")
        assert axe(page) == []
        page.get_by_role("link", name="Sign in with localhost").click()
        page.get_by_role("heading", name="Who are you?").wait_for()
        page.get_by_role("link", name="Go on as ada").click()
        page.wait_for_url("**/console")
        page.get_by_role("button", name="Sign out").wait_for()
        assert page.locator(".who").inner_text().split() == ["Signed", "in", "as", "ada", "operator"]
        assert place.provider.exchanges == before + 1
        (cookie,) = context.cookies(f"{place.console}/console")
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/console")
        page.reload()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/console/login")
        assert faults == []


def test_somebody_else_is_told_their_subject_and_is_not_in(place: Place, chromium: Browser) -> None:
    with watched(chromium, f"{place.provider.url}/") as (context, faults):
        page = context.new_page()
        page.goto(f"{place.console}/console/login")
        page.get_by_role("link", name="Sign in with localhost").click()
        page.get_by_role("link", name="Go on as mallory").click()
        page.get_by_text("The subject sub|mallory of this issuer is not in TIDEGATE_CONSOLE_ALLOW.").wait_for()
        assert axe(page) == []
        page.goto(f"{place.console}/console")
        page.wait_for_url("**/console/login")
        assert [fault for fault in faults if "401" not in fault] == []


def test_a_sign_in_that_another_browser_began_signs_nobody_in(place: Place, chromium: Browser) -> None:
    with watched(chromium, f"{place.provider.url}/") as (context, _), chromium.new_context() as victim:
        page = context.new_page()
        page.goto(f"{place.console}/console/oidc/start")
        way = page.get_by_role("link", name="Go on as ada").get_attribute("href")
        assert way is not None
        lured = victim.new_page()
        lured.goto(way)
        lured.get_by_text("This sign-in was not begun in this browser").wait_for()
        lured.goto(f"{place.console}/console")
        lured.wait_for_url("**/console/login")
