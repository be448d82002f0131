"""What apps tell, on the console's page: figures from 20 users on, and words where there are fewer."""

import json

import pytest

from support.console import opened
from support.operating import KEYS

pytestmark = pytest.mark.anyio
OPERATED_BY = KEYS
TOLD = {"seconds": 60, "connected_seconds": 60, "connect_ms": [240], "delivery_ms": [90], "failures": {"timeout": 1}}
TOO_FEW = "too few to say anything; figures count from 20 on"


async def tell(gate, users):
    """A window in which so many users tell something, and its end."""
    for number in range(users):
        token = (await gate.exchange(gate.session(sub=f"person{number}"))).json()["token"]
        answer = await gate.client.post(
            "/telemetry", content=json.dumps(TOLD), headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 202
    gate.clock.shift += gate.runtime.settings.telemetry_window_seconds
    gate.runtime.watching.series.tick()


async def page_of(browser):
    return " ".join((await browser.get("/console")).text.split())


async def test_twenty_users_make_figures_and_charts(gate_with):
    async with gate_with(telemetry="on") as gate, opened(gate) as browser:
        assert "The first window is under way" in await page_of(browser)
        await tell(gate, 20)
        page = await page_of(browser)
        assert "Users who told something</dt><dd>20</dd>" in page
        assert "Open connections to Stream</dt><dd>4</dd>" in page
        assert "Failures that users met</dt><dd>20</dd>" in page
        assert page.count("<small>95 %: ") == 2
        assert page.count("too few users to say") == 1, "nobody told how long a session was"
        drawn = (await browser.get("/console/figures")).json()["figures"]
        assert drawn["apps-connections"]["lines"][0]["values"] == [pytest.approx(4.0)]
        assert drawn["apps-connect"]["lines"][0]["values"] == [pytest.approx(0.175, abs=0.08)]
        assert drawn["apps-session"]["lines"][0]["values"] == []
        assert [line["label"] for line in drawn["apps-failures"]["lines"]] == ["all", "timeout"]


async def test_nineteen_are_too_few_to_say(gate_with):
    async with gate_with(telemetry="on") as gate, opened(gate) as browser:
        await tell(gate, 19)
        page = await page_of(browser)
        assert TOO_FEW in page
        assert "Time to connect</dt>" not in page
        assert '<p class="nothing">Too few users to say</p>' in page
        drawn = (await browser.get("/console/figures")).json()["figures"]
        assert [line["values"] for name in drawn if name.startswith("apps-") for line in drawn[name]["lines"]] == [
            [] for name in drawn if name.startswith("apps-") for _ in drawn[name]["lines"]
        ]


async def test_where_apps_may_tell_nothing_the_page_says_so(gate):
    async with opened(gate) as browser:
        page = await page_of(browser)
    assert "<code>TIDEGATE_TELEMETRY</code> is off" in page
    assert 'data-chart="apps-' not in page
