"""``GET /api/chat/token``: the caller's user, as Stream knows it."""

import pytest

pytestmark = pytest.mark.anyio
ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"


async def ask(gate, token=None):
    headers = {"Authorization": f"Bearer {token or gate.session()}"}
    return await gate.client.get("/api/chat/token", headers=headers)


async def test_anonymous_gets_401(gate):
    answer = await gate.client.get("/api/chat/token")
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_missing")


async def test_the_user_from_streams_own_answer(gate_with, sandbox):
    sandbox.sandbox.stream.users.put(
        ADA,
        name="Ada",
        image=None,
        online=True,
        profile_type="angler",
        account_type="pro",
        last_active="2026-01-02T03:04:05Z",
    )
    async with gate_with(profile_sync="off") as gate:
        answer = await ask(gate)
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("timestamp").endswith("Z")
    assert body == {
        "success": True,
        "user": {
            "id": ADA,
            "name": "Ada",
            "image": None,
            "isOnline": True,
            "lastSeen": "2026-01-02T03:04:05Z",
            "profileType": "angler",
            "accountType": "pro",
        },
    }


async def test_somebody_whom_stream_does_not_know(gate_with):
    async with gate_with(profile_sync="off") as gate:
        answer = await ask(gate, gate.session(sub="user_never_seen"))
    assert (answer.status_code, answer.json()["reason"]) == (404, "user_not_in_chat")


async def test_stream_down_is_503_and_a_refusal_of_stream_is_502(gate_with, sandbox):
    # A breaker that stays closed: the probes call Stream at the same time, and their failures count as well.
    async with gate_with(profile_sync="off", timeout_ms=500, breaker_failures=100) as gate:
        sandbox.sandbox.stream.fault("error")
        down = await ask(gate, gate.session(sub="user_a"))
        assert (down.status_code, down.json()["reason"]) == (503, "upstream_unavailable")
        assert int(down.headers["retry-after"]) >= 1
        sandbox.sandbox.stream.clear_faults()
        sandbox.sandbox.stream.fault("refuse_key")
        refused = await ask(gate, gate.session(sub="user_b"))
        assert (refused.status_code, refused.json()["reason"]) == (502, "upstream_refused")


async def test_a_polling_page_costs_stream_one_call(gate_with, sandbox):
    sandbox.sandbox.stream.users.put(ADA, name="Ada")
    async with gate_with(profile_sync="off") as gate:
        before = len([call for call in sandbox.sandbox.stream.requests if call.path.endswith("/users")])
        for _ in range(10):
            assert (await ask(gate)).status_code == 200
        after = len([call for call in sandbox.sandbox.stream.requests if call.path.endswith("/users")])
    assert after - before == 1
