"""Health over HTTP: golden shapes, every status, and no lever against Stream."""

import anyio
import pytest
from dirty_equals import IsNumber, IsStr

pytestmark = pytest.mark.anyio
STAMP = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
GOOD = {"configurationValid": True, "connectionEstablished": True, "authenticationWorking": True}


async def probed(gate):
    """Health after the first probe."""
    with anyio.fail_after(5):
        while gate.runtime.watch.failure() is None and "not yet" in (await health(gate)).text:
            await anyio.sleep(0.02)
    return await health(gate)


async def health(gate):
    return await gate.client.get("/api/chat/health")


async def test_healthy(gate):
    answer = await probed(gate)
    assert answer.status_code == 200
    assert answer.headers["x-health-status"] == "healthy"
    assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert answer.json() == {
        "service": "stream-chat",
        "status": "healthy",
        "checks": GOOD,
        "message": IsStr(),
        "warnings": [],
        "performance": {"responseTimeMs": IsNumber(ge=0, lt=2000), "healthy": True},
        "metadata": {"environment": "development", "timestamp": STAMP, "version": IsStr()},
        "troubleshooting": {"status": "healthy", "issues": [], "solutions": [], "recommendations": []},
    }


async def test_the_connection_test(gate):
    answer = await gate.client.get("/api/chat/test-connection")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "configured": True,
        "environment": "development",
        "status": "healthy",
        "message": IsStr(),
        "healthChecks": GOOD,
        "details": {**GOOD, "keyType": IsStr(regex="production|development")},
        "timestamp": STAMP,
    }


async def test_the_root_page(gate):
    await probed(gate)
    assert (await gate.client.get("/")).json() == {
        "status": "healthy",
        "service": "Stream Chat Token Service",
        "version": IsStr(),
    }


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("error", "degraded", 200),
        ("drop", "degraded", 200),
        ("rate_limited", "degraded", 200),
        ("wrong_body", "degraded", 200),
        ("refuse_key", "unhealthy", 503),
        ("refuse_secret", "unhealthy", 503),
        ("suspended", "unhealthy", 503),
    ],
)
async def test_what_stream_does_to_health(gate_with, sandbox, fault, status, code):
    sandbox.sandbox.stream.fault(fault)
    async with gate_with(profile_sync="off", timeout_ms=1000) as gate:
        answer = await probed(gate)
        assert (answer.json()["status"], answer.status_code) == (status, code)
        assert answer.headers["x-health-status"] == status
        assert answer.json()["troubleshooting"]["issues"]
        assert answer.json()["troubleshooting"]["solutions"]
        # Whatever Stream does, sessions become tokens.
        assert (await gate.exchange(gate.session())).status_code == 200
        assert (await gate.client.get("/readyz")).status_code == 200


async def test_a_refused_key_is_called_invalid(gate_with, sandbox):
    sandbox.sandbox.stream.fault("refuse_key")
    async with gate_with(profile_sync="off") as gate:
        answer = await gate.client.get("/api/chat/test-connection")
        assert answer.status_code == 503
        assert answer.json()["details"]["keyType"] == "invalid"
        assert answer.json()["success"] is False


async def test_strangers_cannot_make_us_call_stream(gate_with, sandbox):
    async with gate_with(profile_sync="off") as gate:
        await probed(gate)
        before = len(sandbox.sandbox.stream.requests)
        for _ in range(30):
            await health(gate)
            await gate.client.get("/api/chat/test-connection")
        assert len(sandbox.sandbox.stream.requests) - before <= 2


async def test_no_page_shows_a_secret_or_the_whole_key(gate):
    await probed(gate)
    settings = gate.runtime.settings
    for path in ("/", "/api/chat/health", "/api/chat/test-connection", "/readyz?verbose", "/metrics", "/openapi.json"):
        text = (await gate.client.get(path)).text
        assert settings.api_secret.get_secret_value() not in text
        assert settings.api_key not in text


async def test_readiness_says_what_it_looked_at(gate):
    assert (await gate.client.get("/readyz")).json() == {"status": "ready"}
    assert (await gate.client.get("/readyz?verbose")).json() == {
        "status": "ready",
        "checks": {
            "configuration": "valid",
            "signer": "ready",
            "shutdown": "no",
            "standing": "known",
            "issuer sandbox": "fresh",
        },
    }
    assert (await gate.client.get("/livez")).json() == {"status": "ok"}
