"""Rotation as clients see it: the answer's key is always the one that its token belongs to."""

import pytest

from tidegate.credentials import Pair

pytestmark = pytest.mark.anyio
FACES = {"/stream/token": "api_key", "/api/chat/token": "apiKey"}


async def stream_takes(gate, answer, member):
    """Whether the sandbox's Stream takes the token with the key that stands beside it."""
    body = answer.json()
    gate.sandbox.sandbox.stream.limits.reset()
    async with gate.from_address("127.0.0.1", gate.sandbox.sandbox.app) as stream:
        asked = await stream.get(
            "/stream/users",
            params={"api_key": body[member], "payload": "{}"},
            headers={"Authorization": body["token"], "Stream-Auth-Type": "jwt"},
        )
    return asked.status_code == 200


@pytest.mark.parametrize("way", ["shortcut", "asgi"])
@pytest.mark.parametrize(("path", "member"), FACES.items())
async def test_the_answer_carries_the_key_that_its_token_belongs_to(gate, path, member):
    pair = Pair(*gate.sandbox.sandbox.stream.add_pair())
    session = gate.session()
    before = await gate.exchange(session, path)
    credentials = gate.runtime.credentials
    old, new = credentials.primary, credentials.hold(pair)
    credentials.sign_with(new.id)
    after = await gate.exchange(session, path)
    assert (before.json()[member], after.json()[member]) == (old.api_key, new.api_key)
    assert before.json()["token"] != after.json()["token"]
    assert await stream_takes(gate, before, member)
    assert await stream_takes(gate, after, member)
    credentials.sign_with(old.id)
    assert (await gate.exchange(session, path)).json()["token"] == before.json()["token"]
