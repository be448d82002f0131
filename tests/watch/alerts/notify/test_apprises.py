"""Apprise itself, with a receiver over a real socket."""

import json

import pytest
from pytest_httpserver import HTTPServer

from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.notify.apprises import AppriseChannel
from tidegate.watch.alerts.notify.model import NotDelivered, Notification, Place

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of what apprise imports

ALERT = AlertState("LedgerBehind", Severity.PAGE, Phase.FIRING, 1_700_000_000.0, 1_700_000_000.0)
MESSAGE = Notification("msg_1", 1_700_000_000.0, "alerts.changed", (ALERT,), Place("staging", "x", "https://d/alerts/"))


@pytest.fixture
def server():
    with HTTPServer("127.0.0.1") as one:
        yield one


async def test_apprise_delivers_title_text_and_kind(server):
    server.expect_request("/hook", method="POST").respond_with_data("")
    channel = AppriseChannel(1, f"json://127.0.0.1:{server.port}/hook")
    await channel.send(MESSAGE)

    body = json.loads(server.log[0][0].data)
    assert body["title"] == "PAGE: LedgerBehind firing (Tidegate, staging)"
    assert "https://d/alerts/#ledgerbehind" in body["message"]
    assert body["type"] == "failure"


async def test_what_apprise_cannot_deliver_is_said_without_its_address(server, caplog):
    server.expect_request("/secret-path").respond_with_data("", status=500)
    channel = AppriseChannel(2, f"json://user:hunter2@127.0.0.1:{server.port}/secret-path")
    with pytest.raises(NotDelivered) as failed:
        await channel.send(MESSAGE)

    logged = "".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")
    assert channel.name == "apprise-2"
    assert "secret-path" not in str(failed.value) + logged + repr(channel)
    assert "hunter2" not in logged


def test_a_url_that_apprise_does_not_know_is_refused_by_its_number():
    with pytest.raises(ValueError, match="receiver 3 is none that apprise knows") as failed:
        AppriseChannel(3, "nosuch://hunter2")
    assert "hunter2" not in str(failed.value)
