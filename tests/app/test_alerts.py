"""Alerts of a whole service."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import anyio
import pytest
from pydantic import SecretStr

from support.operating import KEYS, VIEWER
from tidegate.identity.webhooks import WebhookVerifier
from tidegate.settings.webhook_section import webhook_key
from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.record import Record

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A receiver of webhooks over a real socket, which checks every signature."""

    def __init__(self):
        self.taken, self.status = [], 204
        verifier, taken, receiver = WebhookVerifier([webhook_key(SECRET)], 300), self.taken, self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                stamp = float(self.headers["webhook-timestamp"])
                delivery = verifier.verify(verifier.announced(self.headers, stamp), body)
                if receiver.status < 300:
                    taken.append((delivery.id, json.loads(body)))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"

    async def heard(self, name, state):
        """The first word of such an alert; the clock that these tests move is an alert of its own."""
        with anyio.fail_after(5):
            while True:
                for _, message in self.taken:
                    for alert in message["data"]["alerts"]:
                        if (alert["name"], alert["state"]) == (name, state):
                            return alert
                await anyio.sleep(0.01)

    async def until(self, count):
        with anyio.fail_after(5):
            while len(self.taken) < count:
                await anyio.sleep(0.01)
        return [message for _, message in self.taken]


@contextmanager
def receiving():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def settings(receiver):
    return {"alert_webhook_url": SecretStr(receiver.url), "alert_webhook_secret": SecretStr(SECRET)}


async def looked(gate, times=1, seconds=10.0):
    """Let time pass, and have the alerts judged each time."""
    watching = gate.runtime.watching
    for _ in range(times):
        gate.clock.shift += seconds
        watching.series.tick()
        await watching.runner.turn._round()  # the lease is over when the clock jumps
        await watching.alerts.look()


async def test_an_outage_of_stream_is_told(gate_with, sandbox, settings, receiver):
    async with gate_with(**settings) as gate:
        await gate.runtime.watch.tested()
        await looked(gate)
        # Not that there is nothing at all: a probe under way when the clock jumps finds the clocks apart.
        assert all(alert.phase is not Phase.FIRING for alert in gate.runtime.watching.alerts.current())

        sandbox.sandbox.stream.fault("error", status=500)
        gate.clock.shift += 6  # a live test borrows from one that is younger
        await gate.runtime.watch.tested()
        await looked(gate, times=8)
        alert = await receiver.heard("ChatHealthNotHealthy", "firing")
        assert (alert["severity"], alert["blame"], alert["figures"]) == ("page", "stream", {"health.status": 1.0})
        assert alert["runbook"] == "docs/alerts.md#chathealthnothealthy"


async def test_a_receiver_that_is_away_is_a_warning_of_health_and_hears_it_afterwards(gate_with, settings, receiver):
    receiver.status = 503
    async with gate_with(**settings) as gate:
        notifier = gate.runtime.watching.alerts.notifier
        results = await notifier.test()
        assert results == {"webhook": "refused: it answered 503"}

        (one,) = notifier._receivers
        await looked(gate)
        one.offer([firing("LedgerBehind")])
        with anyio.fail_after(5):
            while not one._failures:
                await anyio.sleep(0.01)
        gate.clock.shift += 40
        warnings = (await gate.client.get("/api/chat/health")).json()["warnings"]
        assert any("Notifications of alerts cannot be delivered" in text for text in warnings)

        receiver.status = 200
        await one.turn()
        assert [alert["name"] for alert in (await receiver.until(1))[0]["data"]["alerts"]] == ["LedgerBehind"]
        assert notifier.failing_seconds() == 0


def firing(name):
    return AlertState(name, Severity.PAGE, Phase.FIRING, 1_700_000_000.0, 1_700_000_060.0, figures={"x": 1.5})


async def test_operators_see_alerts_and_try_the_receivers(gate_with, settings, receiver):
    async with gate_with(**settings) as gate:
        alerts = gate.runtime.watching.alerts
        alerts._record = Record({"LedgerBehind": firing("LedgerBehind")}, (firing("ClockOff"),))
        async with gate.operator() as client, gate.operator(key=None) as stranger:
            assert (await stranger.get("/operator/v1/alerts")).status_code == 401
            assert (await stranger.post("/operator/v1/alerts/test")).status_code == 401

            body = (await client.get("/operator/v1/alerts")).json()
            assert [one["name"] for one in body["alerts"]] == ["LedgerBehind"]
            assert [one["name"] for one in body["history"]] == ["ClockOff"]
            assert body["alerts"][0]["started_at"] == "2023-11-14T22:14:20Z"

            tested = await client.post("/operator/v1/alerts/test")
            assert tested.json() == {"receivers": {"webhook": "delivered"}}
    assert receiver.taken[0][1]["type"] == "alerts.test"


async def test_viewers_see_alerts_and_send_nothing(gate):
    async with gate.operator(key=VIEWER) as client:
        assert (await client.get("/operator/v1/alerts")).json() == {"alerts": [], "history": []}
        assert (await client.post("/operator/v1/alerts/test")).status_code == 403
