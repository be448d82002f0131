"""From ban to refusal on two replicas with one PostgreSQL, with and without Redis; figures go to docs/evidence/."""

import asyncio
import base64
import hashlib
import hmac
import json
import statistics
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakeredis import TcpFakeServer
from pydantic import SecretStr

from support.gate import open_gate
from tidegate.sandbox import SandboxServer

RUNS = 200
KEY = b"k" * 32
EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
WAYS = ("command", "webhook")

pytestmark = [pytest.mark.stress, pytest.mark.anyio]


@pytest.fixture(params=[False, True], ids=["alone", "redis"])
def redis_url(request):
    if not request.param:
        yield None
        return
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SecretStr(f"redis://127.0.0.1:{server.server_address[1]}/0")
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


async def test_a_ban_is_effective_everywhere_within_a_second(tmp_path, postgresql_url, redis_url):
    shared = {
        "database_url": SecretStr(postgresql_url),
        "redis_url": redis_url,
        "limit_address_per_minute": 0,
        "limit_subject_per_minute": 0,
        "webhook_secrets": (SecretStr(f"sandbox:whsec_{base64.b64encode(KEY).decode()}"),),
    }
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with SandboxServer() as server:
        server.sandbox.stream.limits.burst = False
        for endpoint in server.sandbox.stream.limits.per_minute:
            server.sandbox.stream.limits.per_minute[endpoint] = 1_000_000
        opened = [open_gate(server, tmp_path / name, **shared) for name in ("one", "two")]
        async with opened[0] as one, opened[1] as two:
            await asyncio.sleep(1)
            figures = [await measured(one, two, number) for number in range(RUNS)]
    refused, told = zip(*figures, strict=True)
    kept = {"refused_everywhere_ms": spread(refused), "stream_told_ms": spread(told)}
    keep("with Redis" if redis_url else "without Redis", kept)
    assert kept["refused_everywhere_ms"]["p99"] < 1_000
    assert kept["stream_told_ms"]["most"] < 5_000


async def measured(one, two, number):
    """One ban, by a command or a webhook at one replica: milliseconds to the last refusal, and until Stream knew."""
    subject = f"user_{number}"
    session = one.session(sub=subject, life=300)
    for gate in (one, two):
        assert (await gate.exchange(session)).status_code == 200
    began = time.perf_counter()
    await ban(one, subject, WAYS[number % 2])
    while any([(await gate.exchange(session)).status_code != 403 for gate in (one, two)]):
        await asyncio.sleep(0.002)
    refused = time.perf_counter()
    while not known(one.sandbox.sandbox.stream.users, subject):
        await asyncio.sleep(0.005)
    return 1_000 * (refused - began), 1_000 * (time.perf_counter() - began)


def known(users, subject):
    return subject in users and users[subject]["banned"] and "revoke_tokens_issued_before" in users[subject]


async def ban(gate, subject, way):
    if way == "command":
        async with gate.operator() as otto:
            answer = await otto.post("/operator/v1/bans", json={"user": subject})
    else:
        body = json.dumps({"type": "user.updated", "data": {"id": subject, "banned": True}}).encode()
        name, at = f"msg_{subject}", str(int(time.time()))
        signature = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": name,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }
        answer = await gate.client.post("/webhooks/identity/sandbox", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


def spread(values):
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p99": round(ordered[int(len(ordered) * 0.99) - 1], 1),
        "most": round(ordered[-1], 1),
    }


def keep(name, figures):
    path = EVIDENCE / f"standing-{datetime.now(UTC):%Y-%m-%d}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept["what"] = (
        "Bans by the operator's API and by a webhook, in turn, at one of two replicas (in one process) on one "
        "PostgreSQL: until both refuse, and until Stream's stand-in knows."
    )
    kept["runs"] = RUNS
    kept[name] = figures
    path.write_text(json.dumps(kept, indent=2) + "\n")
