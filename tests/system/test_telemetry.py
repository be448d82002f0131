"""The snippet of docs/how-to/telemetry.md in a real browser, against a service that is told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from support.markdown import all_blocks
from support.processes import of_sandbox, running
from support.websites import site
from tidegate.sandbox.server import SandboxServer

pytestmark = pytest.mark.system
(SNIPPET,) = (block.text for block in all_blocks("javascript") if block.title == "telemetry.js")
PAGE = """<!doctype html>
<meta charset="utf-8">
<script type="module">
SNIPPET
window.startTelemetry = startTelemetry;
</script>
"""
TOLD = """([url, tokens, seconds]) => {
  window.told = tokens.map((token) => startTelemetry({ url, seconds, token: () => token }));
  for (const one of window.told) {
    one.connecting();
    one.connected();
    one.sent("message");
    one.arrived("message");
    one.arrived("a message of somebody else");
    one.failed("dropped");
    one.failed("the moon");
  }
}"""


class Place:
    """A service that is told things, a page that tells, and the sandbox that both know people from."""

    def __init__(self, sandbox: SandboxServer, url: str, page: Page) -> None:
        self.sandbox, self.url, self.page = sandbox, url, page
        self.answers: list[int] = []
        page.on("response", lambda one: self.answers.append(one.status) if one.request.method == "POST" else None)

    def tokens(self, number: int) -> list[str]:
        found = []
        for person in range(number):
            session = self.sandbox.sandbox.provider.session(sub=f"person{person}")
            answer = httpx2.post(f"{self.url}/stream/token", headers={"Authorization": f"Bearer {session}"})
            found.append(answer.json()["token"])
        return found

    def tell(self, tokens: list[str], seconds: float) -> None:
        self.page.evaluate(TOLD, [f"{self.url}/telemetry", tokens, seconds])

    def metrics(self) -> dict[str, float]:
        lines = httpx2.get(f"{self.url}/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def wait_for(self, name: str, value: float) -> dict[str, float]:
        deadline = time.monotonic() + 20
        while (found := self.metrics()).get(name) != value and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


@contextmanager
def place(directory: Path, chromium: Browser, telemetry: str) -> Iterator[Place]:
    with SandboxServer() as server, site() as (origin, shown):
        variables = {
            **of_sandbox(server),
            "TIDEGATE_CORS_ORIGINS": origin,
            "TIDEGATE_OPS_BIND": "127.0.0.1:0",
            "TIDEGATE_TELEMETRY": telemetry,
            "TIDEGATE_TELEMETRY_SECONDS": "5",
        }
        shown.append(PAGE.replace("SNIPPET", SNIPPET).encode())
        with running(directory, variables=variables) as service:
            page = chromium.new_page()
            page.goto(origin)
            yield Place(server, service.url, page)
            page.close()


def test_a_page_that_is_left_tells_how_its_session_was(tmp_path: Path, chromium: Browser) -> None:
    with place(tmp_path, chromium, "on") as here:
        here.tell(here.tokens(20), 600)
        assert here.metrics().get('tidegate_client_beacons_total{result="counted"}') is None

        here.page.goto("about:blank")

        found = here.wait_for('tidegate_client_beacons_total{result="counted"}', 20)
        for name in ("connect_seconds", "delivery_seconds", "session_seconds"):
            assert found[f"tidegate_client_{name}_count"] == 20, name
        assert found["tidegate_client_session_seconds_sum"] > 0
        assert found['tidegate_client_failures_total{reason="dropped"}'] == 20
        assert found['tidegate_client_failures_total{reason="other"}'] == 20


def test_a_page_that_stays_tells_as_often_as_it_is_asked_to(tmp_path: Path, chromium: Browser) -> None:
    with place(tmp_path, chromium, "on") as here:
        here.tell(here.tokens(1), 0.1)
        here.wait_for('tidegate_client_beacons_total{result="counted"}', 1)
        began = time.monotonic()

        found = here.wait_for('tidegate_client_beacons_total{result="counted"}', 2)

        assert found['tidegate_client_beacons_total{result="counted"}'] == 2
        assert 3 < time.monotonic() - began < 8
        assert found["tidegate_client_connect_seconds_count"] == 0  # one user is none


def test_where_telemetry_is_off_a_page_asks_once(tmp_path: Path, chromium: Browser) -> None:
    with place(tmp_path, chromium, "off") as here:
        here.tell(here.tokens(1), 0.1)
        here.page.wait_for_timeout(2_000)
        here.page.evaluate("window.told[0].stop()")
        here.page.wait_for_timeout(500)

        assert here.answers == [404]
