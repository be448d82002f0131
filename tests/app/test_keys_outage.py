"""Identity while the key server is slow, wrong or gone: as long as it is safe, people get their tokens."""

import anyio
import pytest

from support.gate import open_gate
from tidegate.sandbox.server import SandboxServer

pytestmark = pytest.mark.anyio
HOUR = 3600


@pytest.fixture
def own_sandbox():
    with SandboxServer() as server:
        yield server


def at(gate, **claims):
    """A session minted by the gate's clock, which may be hours ahead of the sandbox's."""
    now = int(gate.clock.now())
    return gate.session(iat=now, nbf=now - 10, exp=now + 60, **claims)


async def test_valid_sessions_are_exchanged_until_the_stale_bound_and_then_it_is_503(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path) as gate:
        assert (await gate.exchange(at(gate))).status_code == 200
        own_sandbox.sandbox.provider.fail("down")
        for hours in (1, 12, 23.9):
            gate.clock.shift = hours * HOUR
            assert (await gate.exchange(at(gate))).status_code == 200, hours
            assert (await gate.client.get("/readyz")).status_code == 200
            health = (await gate.client.get("/api/chat/health")).json()
            assert any("could not be refreshed" in warning for warning in health["warnings"]), health
        gate.clock.shift = 24.1 * HOUR
        answer = await gate.exchange(at(gate))
        assert (answer.status_code, answer.json()["reason"]) == (503, "identity_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await gate.client.get("/readyz")).status_code == 503
        health = await gate.client.get("/api/chat/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")


async def test_a_cached_session_does_not_outlive_the_stale_bound(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path, keys_stale_seconds=600) as gate:
        session = gate.session(life=HOUR)
        assert (await gate.exchange(session)).status_code == 200
        own_sandbox.sandbox.provider.fail("down")
        gate.clock.shift = 540
        assert (await gate.exchange(session)).status_code == 200
        gate.clock.shift = 700
        assert (await gate.exchange(session)).status_code == 503


@pytest.mark.parametrize("mode", ["down", "unavailable", "wrong_body", "truncated", "redirect", "huge", "empty"])
async def test_a_start_while_the_key_server_fails_is_503_and_heals_by_itself(own_sandbox, tmp_path, mode):
    own_sandbox.sandbox.provider.fail(mode)
    async with open_gate(own_sandbox, tmp_path, wait=False) as gate:
        answer = await gate.exchange(at(gate))
        assert (answer.status_code, answer.json()["reason"]) == (503, "identity_unavailable")
        own_sandbox.sandbox.provider.fail(None)
        gate.clock.shift += 120  # past any back-off
        assert (await gate.exchange(at(gate))).status_code == 200


async def test_a_cold_start_uses_the_last_good_keys_from_disk(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path) as gate:
        assert (await gate.exchange(at(gate))).status_code == 200
    own_sandbox.sandbox.provider.fail("down")
    async with open_gate(own_sandbox, tmp_path) as gate:
        assert (await gate.exchange(at(gate))).status_code == 200


async def test_a_rotation_is_followed_at_once_and_the_old_key_goes_on(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path) as gate:
        before = at(gate)
        own_sandbox.sandbox.provider.rotate()
        assert (await gate.exchange(at(gate))).status_code == 200
        assert (await gate.exchange(before)).status_code == 200


async def test_a_slow_key_server_does_not_hold_up_those_who_do_not_need_it(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path, keys_fetch_timeout_ms=300) as gate:
        own_sandbox.sandbox.provider.fail("slow", delay=5.0)
        unknown = await gate.exchange(at(gate, header={"kid": "ins_new"}))
        assert (unknown.status_code, unknown.json()["reason"]) == (503, "identity_unavailable")
        assert (await gate.exchange(at(gate))).status_code == 200


async def test_a_key_replaced_under_its_own_id_is_noticed_by_the_first_who_fails(own_sandbox, tmp_path):
    async with open_gate(own_sandbox, tmp_path) as gate:
        assert (await gate.exchange(at(gate))).status_code == 200
        fetches = own_sandbox.sandbox.provider.jwks_fetches
        own_sandbox.sandbox.provider.rotate(keep_old=False, same_kid=True)
        assert (await gate.exchange(at(gate))).json()["reason"] == "signature_invalid"
        with anyio.fail_after(5):
            while (await gate.exchange(at(gate))).status_code != 200:
                await anyio.sleep(0.02)
        assert own_sandbox.sandbox.provider.jwks_fetches == fetches + 1
