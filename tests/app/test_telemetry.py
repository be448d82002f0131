"""Beacons over HTTP: whose are taken, what is answered, and what stands in the metrics."""

import json
import subprocess
import sys

import anyio
import pytest
from dirty_equals import IsStr

from support.processes import environment
from tidegate import metrics_telemetry as metrics
from tidegate.credentials import Pair
from tidegate.watch.alerts.model import Phase, Severity
from tidegate.watch.alerts.rules import BY_NAME

pytestmark = pytest.mark.anyio
URL = "/telemetry"
TOLD = {"seconds": 60, "connected_seconds": 60, "connect_ms": [240], "delivery_ms": [90], "failures": {"timeout": 1}}
NEAR = "ConnectionsNearPlan"
ORIGIN = "https://app.example.com"


@pytest.fixture
def telling(gate_with):
    """A function that opens a service that is told things."""

    def opened(**changed):
        return gate_with(telemetry="on", **changed)

    return opened


async def stream_token(gate, person="ada", **claims):
    answer = await gate.exchange(gate.session(person, **claims))
    return answer.json()["token"]


async def tell(gate, token, told=TOLD, **headers):
    content = told if isinstance(told, bytes) else json.dumps(told)
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await gate.client.post(URL, content=content, headers={**bearer, **headers})


def problem(answer):
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body == {
        "type": f"https://tidegate.example/docs/reasons/{body['reason']}",
        "title": IsStr(),
        "status": answer.status_code,
        "detail": IsStr(),
        "reason": IsStr(),
        "request_id": answer.headers["x-request-id"],
    }
    return answer.status_code, body["reason"]


async def test_a_stranger_gets_401(telling):
    async with telling() as gate:
        nobody = await tell(gate, None)

        assert problem(nobody) == (401, "token_missing")
        assert nobody.headers["www-authenticate"] == "Bearer"
        assert "Stream token" in nobody.json()["detail"]


async def test_who_holds_a_stream_token_is_answered(telling):
    async with telling() as gate:
        answer = await tell(gate, await stream_token(gate))

        assert answer.status_code == 202
        assert answer.json() == {"counted": True, "sample_rate": 1.0, "next_seconds": 60}
        assert answer.headers["cache-control"] == "no-store"


async def test_a_session_and_another_apps_token_are_refused(telling):
    async with telling() as gate:
        forged = (await stream_token(gate)).rpartition(".")[0] + "." + "A" * 43

        assert problem(await tell(gate, gate.session()))[0] == 401
        assert problem(await tell(gate, forged)) == (401, "signature_invalid")
        assert problem(await tell(gate, "a.b")) == (401, "token_malformed")
        assert problem(await tell(gate, "x" * 2_000)) == (401, "token_too_large")


async def test_a_token_counts_until_it_expires(telling):
    async with telling(token_life_seconds=300) as gate:
        token = await stream_token(gate)
        gate.clock.shift += 301

        assert problem(await tell(gate, token)) == (401, "token_expired")


async def test_a_revoked_token_is_refused(telling):
    async with telling() as gate:
        token = await stream_token(gate)
        gate.runtime.standing.memory.stream_says(int(gate.clock.now()) - 4)
        gate.clock.shift += 60

        assert problem(await tell(gate, token)) == (401, "session_revoked")


async def test_tokens_count_while_their_generation_drains_and_no_longer(telling):
    async with telling() as gate:
        token = await stream_token(gate)
        rotation, held = gate.runtime.rotation, gate.runtime.credentials.primary
        now = gate.clock.now()
        other = gate.runtime.credentials.hold(Pair("api-key-of-the-next", "a-secret-that-nobody-else-has"))
        ring = rotation.ring.add(other.id, other.api_key, now)
        rotation.ring = ring
        foreign = other.signer.sign(b'{"exp":%d,"iat":%d,"user_id":"ada"}' % (now + 600, now - 10))

        assert problem(await tell(gate, foreign)) == (401, "signature_invalid")
        rotation.ring = ring.accepted(other.id, now).promote(other.id, now)
        gate.runtime.credentials.sign_with(other.id)
        assert (await tell(gate, foreign)).status_code == 202
        assert (await tell(gate, token)).status_code == 202
        rotation.ring = rotation.ring.retire(held.id, now)
        assert problem(await tell(gate, token)) == (401, "signature_invalid")


async def test_what_does_not_fit_is_refused(telling):
    async with telling(telemetry_body_bytes=512) as gate:
        token = await stream_token(gate)

        assert problem(await tell(gate, token, {"seconds": "long"})) == (400, "request_invalid")
        assert problem(await tell(gate, token, b"\xff")) == (400, "request_invalid")
        assert problem(await tell(gate, token, b" " * 513)) == (413, "body_too_large")
        assert problem(await gate.client.get(URL)) == (405, "method_not_allowed")


async def test_addresses_and_users_are_limited(telling):
    async with telling(telemetry_user_per_minute=2, telemetry_address_per_minute=30) as gate:
        ada, grace = await stream_token(gate), await stream_token(gate, "grace")

        assert [(await tell(gate, ada)).status_code for _ in range(3)] == [202, 202, 429]
        assert (await tell(gate, grace)).status_code == 202
        forged = [problem(await tell(gate, "a.b.c")) for _ in range(4)]
        assert forged[:2] == [(401, "signature_invalid")] * 2
        assert forged[-1] == (429, "limit_address")
        refused = await tell(gate, grace)
        assert problem(refused) == (429, "limit_address")
        assert int(refused.headers["retry-after"]) > 0


async def test_pages_of_listed_origins_may_tell(telling):
    async with telling(cors_origins=(ORIGIN,)) as gate:
        token = await stream_token(gate)
        asked = await gate.client.options(URL, headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
        answered = await tell(gate, token, Origin=ORIGIN)

        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, ORIGIN)
        assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (202, ORIGIN)
        assert problem(await tell(gate, token, Origin="https://evil.example")) == (403, "origin_refused")


async def test_twenty_users_make_figures_that_name_nobody(telling):
    async with telling() as gate:
        connect, timeouts = metrics.CLIENT_CONNECT.labels(), metrics.CLIENT_FAILURES.labels("timeout")
        before = sum(connect.buckets), timeouts.value
        tokens = [await stream_token(gate, sub=f"person{number}") for number in range(20)]
        for token in tokens[:19]:
            assert (await tell(gate, token)).status_code == 202
        assert (sum(connect.buckets), timeouts.value) == before

        await tell(gate, tokens[19])

        assert (sum(connect.buckets), timeouts.value) == (before[0] + 20, before[1] + 20)
        gate.clock.shift += 300
        shown = (await gate.client.get("/metrics", headers={"Host": "localhost"})).text
        assert "tidegate_client_connections 4.0" in shown
        assert "tidegate_client_users 20.0" in shown
        assert "person1" not in shown
        figures = gate.runtime.watching.series
        figures.tick()
        assert figures.window("client.connections", 60) == [4.0]


async def test_connections_near_the_plan_raise_an_alert_that_is_no_page(telling):
    async with telling(plan_connections=4) as gate:
        watching = gate.runtime.watching
        for number in range(20):
            assert (await tell(gate, await stream_token(gate, sub=f"person{number}"))).status_code == 202
        gate.clock.shift += 300
        watching.series.tick()
        with anyio.fail_after(5):
            # Whose turn it is to judge has to be found out again, now that minutes have passed.
            while not (near := next((one for one in watching.alerts.current() if one.name == NEAR), None)):
                await watching.alerts.look()
                await anyio.sleep(0.01)

        assert (near.phase, BY_NAME[NEAR].severity) == (Phase.PENDING, Severity.TICKET)


async def test_where_it_is_off_there_is_nothing(gate_with):
    async with gate_with() as gate:
        assert problem(await tell(gate, await stream_token(gate))) == (404, "not_found")
        assert URL not in (await gate.client.get("/openapi.json")).json()["paths"]


def test_where_it_is_off_nothing_of_it_is_loaded():
    said = "import sys, tidegate.app.build; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", said], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )

    loaded = {name for name in run.stdout.split() if name.startswith("tidegate.") and "telemetry" in name}
    assert loaded == {
        "tidegate.app.telemetry",
        "tidegate.settings.telemetry_section",
        "tidegate.watch.telemetry",  # the path alone
    }
