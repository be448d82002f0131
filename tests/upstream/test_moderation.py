"""The calls that take rights away, against the sandbox's Stream over a real socket."""

import time

import pytest

from tidegate.clock import seconds_of
from tidegate.credentials.signer import Signer
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.upstream.errors import InputError, NotFound

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server():
    with SandboxServer(Sandbox()) as running:
        yield running


@pytest.fixture(autouse=True)
def stand_in(server):
    stream = server.sandbox.stream
    stream.reset()
    stream.limits.burst = False
    stream.users.put("ada")
    stream.users.put("tg-mod")
    yield stream
    stream.reset()


@pytest.fixture
async def client(server, make_client):
    key, secret = server.sandbox.credentials()
    signer = Signer(secret)
    token = signer.sign(b'{"server":true,"iat":%d}' % (time.time() - 5))
    async with make_client(server.stream_url, key=key, token=lambda: token) as made:
        yield made


async def test_a_ban_with_an_end_and_a_note(client, stand_in):
    await client.moderation.ban("ada", by="tg-mod", reason="spam & scam", minutes=3)
    call = stand_in.requests[-1]
    assert call.body == {"target_user_id": "ada", "user_id": "tg-mod", "reason": "spam & scam", "timeout": 3}
    assert (await client.query_users(["ada"]))["ada"].banned
    await client.moderation.unban("ada", by="tg-mod")
    assert not (await client.query_users(["ada"]))["ada"].banned


async def test_a_ban_for_ever_says_no_more_than_it_must(client, stand_in):
    await client.moderation.ban("ada", by="tg-mod")
    assert stand_in.requests[-1].body == {"target_user_id": "ada", "user_id": "tg-mod"}


async def test_deactivation_and_back(client):
    await client.moderation.deactivate("ada")
    assert (await client.query_users(["ada"]))["ada"].deactivated
    with pytest.raises(InputError):
        await client.moderation.deactivate("ada")
    await client.moderation.reactivate("ada")
    assert not (await client.query_users(["ada"]))["ada"].deactivated
    with pytest.raises(NotFound):
        await client.moderation.deactivate("nobody")


async def test_the_apps_tokens(client):
    moment = int(time.time()) - 60
    await client.moderation.revoke_app(moment)
    assert seconds_of((await client.app()).revoked_before) == moment
