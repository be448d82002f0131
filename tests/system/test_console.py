"""The console in a real browser: it shows what happens, does what is asked, keeps its policy, can be read by all.

The pictures of docs/how-to/console.md are taken here: TIDEGATE_PICTURES=1 writes them anew.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from support.browsing import SEES, axe, keep, watched
from support.operating import KEYS, OPERATOR, VIEWER
from support.processes import Service, environment, of_sandbox, running
from tidegate.sandbox.server import SandboxServer

pytestmark = pytest.mark.system
DRAWN = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const figures = performance.getEntriesByType("resource").find((one) => one.name.includes("/console/figures"));
  return Math.max(page.loadEventEnd, figures.responseEnd);
}"""
"""Milliseconds from asking for the page until it is there, with what the charts show."""


@dataclass
class Place:
    """A service with a console, and the sandbox that it speaks to."""

    sandbox: SandboxServer
    service: Service
    console: str

    def link(self, key: str = OPERATOR) -> str:
        """What ``tidegate console login`` prints."""
        run = subprocess.run(
            [sys.executable, "-m", "tidegate", "console", "login"],
            cwd=self.service.directory,
            env=environment(TIDEGATE_OPERATOR_URL=self.console, TIDEGATE_OPERATOR_KEY=key),
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return run.stdout.strip()

    def exchange(self, person: str = "ada") -> httpx2.Response:
        session = self.sandbox.sandbox.provider.session(person)
        return httpx2.post(f"{self.service.url}/stream/token", headers={"Authorization": f"Bearer {session}"})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    port = free_port()
    with SandboxServer() as server:
        following, its_secret = server.sandbox.stream.add_pair()
        variables = {
            **of_sandbox(server),
            "TIDEGATE_NEXT_API_KEY": following,
            "TIDEGATE_NEXT_API_SECRET": its_secret,
            "TIDEGATE_OPS_BIND": f"127.0.0.1:{port}",
            "TIDEGATE_OPERATOR_KEYS": ",".join(one.written() for one in KEYS),
            "TIDEGATE_PROBE_SECONDS": "5",
        }
        with running(tmp_path_factory.mktemp("service"), variables=variables) as service:
            yield Place(server, service, f"http://127.0.0.1:{port}")


def sign_in(context: BrowserContext, place: Place, key: str = OPERATOR) -> Page:
    page = context.new_page()
    page.goto(place.link(key))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")
    return page


def test_it_shows_trouble_as_it_comes_and_goes_and_whose_fault_it_is(place: Place, chromium: Browser) -> None:
    with watched(chromium) as (context, faults):
        page = sign_in(context, place)
        assert "#" not in page.url
        page.get_by_role("heading", name="Chat works.").wait_for(timeout=15_000)
        place.sandbox.sandbox.stream.fault("error", status=500)
        page.get_by_role("heading", name="Chat is in trouble.").wait_for(timeout=30_000)
        assert "The fault is Stream's" in page.locator(".ways").inner_text()
        assert page.title().startswith("✗")
        keep(page, "console-trouble.png")
        place.sandbox.sandbox.stream.clear_faults()
        page.get_by_role("heading", name="Chat works.").wait_for(timeout=60_000)
        assert faults == []


def test_a_probe_is_run_and_a_user_banned_with_a_question_before(place: Place, chromium: Browser) -> None:
    user = place.exchange("grace").json()["user_id"]
    with watched(chromium) as (context, faults):
        page = sign_in(context, place)
        page.locator("#probes").get_by_role("button", name="Run …").first.click()
        page.get_by_role("button", name="Run it").click()
        page.get_by_text("configuration: ok.").wait_for()

        form = page.locator("form", has_text="Ban a user")
        form.get_by_label("User id at Stream").fill(user)
        form.get_by_label("Reason").fill('<img src=x onerror="alert(1)">')
        form.get_by_role("button", name="Ban …").click()
        page.get_by_role("heading", name=f"Ban {user}?").wait_for()
        assert place.exchange("grace").status_code == 200
        page.get_by_role("button", name="Ban this user").click()
        page.get_by_text(f"{user} is banned for 24 hours").wait_for()
        assert place.exchange("grace").json()["reason"] == "subject_banned"
        page.locator("#refusals").get_by_text("subject_banned").first.wait_for(timeout=10_000)
        assert faults == []


def test_a_viewer_has_no_buttons_and_the_keyboard_is_enough(place: Place, chromium: Browser) -> None:
    with watched(chromium) as (context, faults):
        page = context.new_page()
        page.goto(place.link(VIEWER))
        page.keyboard.press("Enter")
        page.wait_for_url("**/console")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert [one.inner_text() for one in page.get_by_role("button").all() if one.inner_text()] == ["Sign out"]
        page.get_by_role("button", name="Sign out").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/login")
        assert faults == []


def test_it_loads_in_a_second_and_weighs_little(place: Place, chromium: Browser) -> None:
    with watched(chromium) as (context, faults):
        sign_in(context, place).close()
        fresh = context.new_page()
        session = context.new_cdp_session(fresh)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        weight, times = [], []
        session.on("Network.loadingFinished", lambda one: weight.append(one["encodedDataLength"]))
        while not times or (min(times) >= 1 and len(times) < 12):  # others may keep this machine busy
            weight.clear()
            fresh.goto(f"{place.console}/console", wait_until="load")
            fresh.locator(".chart canvas").first.wait_for()
            times.append(fresh.evaluate(DRAWN) / 1000)
        took = min(times)
        fresh.wait_for_timeout(500)
        print(f"loaded in {took * 1000:.0f} ms, {sum(weight)} octets")  # noqa: T201 - figures for whoever looks
        assert took < 1
        assert 10_000 < sum(weight) < 150_000
        assert faults == []


def ask(page: Page, where: str, button: str) -> None:
    """Press a button that leads to a question, and wait for it."""
    page.locator(where).get_by_role("button", name=button).first.click()
    page.locator(".choice").wait_for()


def say_yes(page: Page, word: str) -> None:
    """Answer a question that wants a word."""
    page.locator("#word").fill(word)
    page.locator("#yes").click()
    page.wait_for_url("**/console")


@pytest.mark.parametrize(("name", "options"), SEES)
def test_axe_finds_nothing_serious(name: str, options: dict[str, object], place: Place, chromium: Browser) -> None:
    place.exchange()
    httpx2.post(f"{place.service.url}/stream/token", headers={"Authorization": "Bearer x"})
    with watched(chromium, **options) as (context, faults):
        page = context.new_page()
        page.goto(f"{place.console}/console/login")
        page.get_by_role("button", name="Sign in").wait_for()
        assert axe(page) == []
        page.close()
        page = sign_in(context, place)
        page.locator("#refusals").get_by_text("token_malformed").first.wait_for(timeout=10_000)
        page.locator(".chart canvas").first.wait_for()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        keep(page, f"console-{name}.png")
        page.goto(f"{place.console}/console/none")
        assert axe(page) == []
        assert [fault for fault in faults if "404" not in fault] == []


QUESTIONS = (
    ("#probes", "Run …", {}),
    ("form:has-text('Ban a user')", "Ban …", {"User id at Stream": "ada"}),
    ("form:has-text('Lift a ban')", "Lift …", {"User id at Stream": "ada"}),
    ("form:has-text('Revoke a user')", "Revoke …", {"User id at Stream": "ada"}),
    ("form:has-text('in a span')", "Revoke …", {"From": "2026-03-01T12:00", "To": "2026-03-01T13:00"}),
    ("form:has-text('Revoke everybody')", "Revoke everybody …", {}),
    ("#credentials", "Promote …", {}),
    ("#credentials", "Retire …", {}),
    ("#issuers", "Distrust …", {}),
    ("#issuers", "Distrust them all …", {}),
)
"""Where each question is asked, by which button, and what is filled in before."""


@pytest.mark.parametrize(("name", "options"), SEES)
def test_axe_finds_nothing_serious_on_any_question(
    name: str, options: dict[str, object], place: Place, chromium: Browser
) -> None:
    with watched(chromium, **options) as (context, faults):
        page = sign_in(context, place)
        for where, button, filled in QUESTIONS:
            page.goto(f"{place.console}/console")
            for label, value in filled.items():
                page.locator(where).get_by_label(label).fill(value)
            ask(page, where, button)
            assert axe(page) == [], button
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), button
            if (name, button) == ("light", "Revoke everybody …"):
                keep(page, "console-question.png")
        assert faults == []


def test_what_hits_many_wants_a_word_and_goes_back_without_it(place: Place, chromium: Browser) -> None:
    session = place.sandbox.sandbox.provider.session("ada")
    assert exchanged(place, session) == "issued"
    with watched(chromium) as (context, faults):
        page = sign_in(context, place)
        ask(page, "form:has-text('Revoke everybody')", "Revoke everybody …")
        page.locator("#yes").click()
        assert page.url.endswith("/console/confirm"), "an empty word is not sent"
        page.get_by_role("link", name="No, go back").click()
        page.wait_for_url("**/console")
        assert exchanged(place, session) == "issued"
        ask(page, "form:has-text('Revoke everybody')", "Revoke everybody …")
        say_yes(page, "everybody")
        page.get_by_text("Everybody's tokens and sessions are revoked.").wait_for()
        assert exchanged(place, session) == "session_revoked"
        assert faults == []
    deadline = time.monotonic() + 20
    while place.exchange("ada").status_code != 200 and time.monotonic() < deadline:  # other tests want tokens, too
        time.sleep(0.2)


def exchanged(place: Place, session: str) -> str:
    answer = httpx2.post(f"{place.service.url}/stream/token", headers={"Authorization": f"Bearer {session}"})
    return "issued" if answer.status_code == 200 else str(answer.json()["reason"])
