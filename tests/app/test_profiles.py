"""Claims to lives and profiles, over HTTP and real sockets."""

import json

import anyio
import pytest

from support.gate import open_gate
from tidegate.cli.tokens_shown import decoded
from tidegate.sandbox.server import SandboxServer
from tidegate.settings.profile_text import ProfileRules

pytestmark = pytest.mark.anyio

RULES = ProfileRules().read(
    json.dumps(
        {
            "profile_type": "public_metadata.profile_type",
            "account_type": {"claim": "public_metadata.plan", "map": {"pro": "premium"}, "else": "basic"},
            "role": {"claim": ["public_metadata.role", "unsafe_metadata.role"]},
            "teams": "public_metadata.teams",
        }
    )
)
ANGLER = {"profile_type": "angler", "plan": "pro", "role": "moderator", "teams": ["trout"]}


@pytest.fixture
async def mapping_gate(sandbox: SandboxServer, tmp_path):
    async with open_gate(sandbox, tmp_path, profile_rules=RULES, sync_linger_ms=0) as gate:
        sandbox.sandbox.stream.users.clear()
        yield gate


async def stored(gate, user_id, **wanted):
    """Stream's own user, once it has these fields."""
    users = gate.sandbox.sandbox.stream.users
    with anyio.fail_after(5):
        while user_id not in users or any(users[user_id].get(name) != value for name, value in wanted.items()):
            await anyio.sleep(0.01)
    return users[user_id]


async def test_claims_become_the_profile_and_the_status_shows_it(mapping_gate):
    session = mapping_gate.session(public_metadata=ANGLER, unsafe_metadata={"role": "admin", "plan": "free"})
    user_id = (await mapping_gate.exchange(session)).json()["user_id"]
    user = await stored(mapping_gate, user_id, role="moderator")
    assert (user["profile_type"], user["account_type"], user["teams"]) == ("angler", "premium", ["trout"])
    assert not {"email", "public_metadata", "unsafe_metadata", "plan"} & set(user)
    shown = await mapping_gate.client.get("/api/chat/token", headers={"Authorization": f"Bearer {session}"})
    assert shown.json()["user"]["profileType"] == "angler"
    assert shown.json()["user"]["accountType"] == "premium"


async def test_who_loses_the_claim_loses_the_role_and_the_teams(mapping_gate):
    user_id = (await mapping_gate.exchange(mapping_gate.session(public_metadata=ANGLER))).json()["user_id"]
    await stored(mapping_gate, user_id, role="moderator", teams=["trout"])
    await mapping_gate.exchange(mapping_gate.session(public_metadata={}))
    user = await stored(mapping_gate, user_id, role="user", teams=[], account_type="basic")
    assert user["profile_type"] == "angler"


async def test_nobody_becomes_an_administrator_or_takes_a_role_of_their_own_making(mapping_gate):
    for metadata in ({"public_metadata": {"role": "admin"}}, {"unsafe_metadata": {"role": "moderator"}}):
        mapping_gate.sandbox.sandbox.stream.users.clear()
        session = mapping_gate.session(**metadata, name=f"Ada {len(str(metadata))}")
        user_id = (await mapping_gate.exchange(session)).json()["user_id"]
        assert (await stored(mapping_gate, user_id, account_type="basic"))["role"] == "user"


@pytest.mark.parametrize(
    ("claims", "seconds"),
    [({}, 3600), ({"impersonated_by": "user_of_support"}, 600), ({"is_anonymous": True}, 900)],
)
async def test_a_session_at_risk_gets_a_short_token_over_http(mapping_gate, claims, seconds):
    answer = await mapping_gate.exchange(mapping_gate.session(**claims))
    minted = decoded(answer.json()["token"])[1]
    assert minted["exp"] - minted["iat"] == seconds
