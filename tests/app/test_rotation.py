"""Rotation as clients see it: the answer's key is always the one that its token belongs to."""

import anyio
import pytest
from pydantic import SecretStr

from support.operating import KEYS, OPERATOR, VIEWER
from tidegate.credentials import Generation, Pair

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS
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


CREDENTIALS = "/operator/v1/credentials"


@pytest.fixture
async def rotating(sandbox, gate_with):
    """A service whose settings name a second pair, and that pair's generation."""
    key, secret = sandbox.sandbox.stream.add_pair()
    async with gate_with(next_api_key=key, next_api_secret=SecretStr(secret)) as gate:
        yield gate, Generation(Pair(key, secret)).id


async def ask(gate, method, path="", key=OPERATOR, **body):
    gate.sandbox.sandbox.stream.limits.reset()
    async with gate.operator(key) as operator:
        return await operator.request(method, CREDENTIALS + path, **({"json": body} if method == "POST" else {}))


async def states(gate):
    body = (await ask(gate, "GET", key=VIEWER)).json()
    return {one["generation"]: one["state"] for one in body["generations"]}


async def test_an_operator_lets_one_pair_follow_another(rotating):
    gate, new = rotating
    old = gate.runtime.credentials.primary
    before = await gate.exchange(gate.session())
    await ask(gate, "POST", "/read")
    assert await states(gate) == {old.id: "primary", new: "verified"}
    answer = (await ask(gate, "POST", f"/{new}/promote")).json()
    assert (answer["signs"], answer["tokens_ended"]) == (True, 0)
    assert answer["drains_until"] is not None
    assert await states(gate) == {old.id: "draining", new: "primary"}
    after = await gate.exchange(gate.session())
    assert after.json()["api_key"] == gate.runtime.credentials.primary.api_key != old.api_key
    assert await stream_takes(gate, before, "api_key")
    assert await stream_takes(gate, after, "api_key")
    refused = await ask(gate, "POST", f"/{old.id}/retire")
    assert (refused.status_code, refused.json()["reason"]) == (409, "not_possible")
    await ask(gate, "POST", f"/{old.id}/retire", now=True)
    assert await states(gate) == {old.id: "retired", new: "primary"}


async def test_no_answer_and_no_page_shows_a_secret(rotating):
    gate, new = rotating
    answers = [await ask(gate, "POST", "/read"), await ask(gate, "POST", f"/{new}/promote"), await ask(gate, "GET")]
    async with gate.operator(OPERATOR) as operator:
        answers.append(await operator.get("/metrics"))
    stream = gate.sandbox.sandbox.stream
    for secret in (stream.api_secret, *stream.further_pairs.values()):
        assert not any(secret in answer.text for answer in answers)


async def test_a_viewer_looks_and_changes_nothing(rotating):
    gate, new = rotating
    for path in ("/read", f"/{new}/promote", f"/{new}/retire"):
        answer = await ask(gate, "POST", path, key=VIEWER)
        assert (answer.status_code, answer.json()["reason"]) == (403, "operator_role_refused")


async def test_a_secret_that_stream_drops_after_the_promotion_is_taken_back(rotating):
    gate, new = rotating
    old = gate.runtime.credentials.primary
    await ask(gate, "POST", "/read")
    assert (await ask(gate, "POST", f"/{new}/promote")).json()["signs"]
    gate.sandbox.sandbox.stream.further_pairs.clear()
    answer = (await ask(gate, "POST", "/read")).json()
    assert {one["generation"]: one["state"] for one in answer["generations"]} == {old.id: "primary", new: "pending"}
    assert await stream_takes(gate, await gate.exchange(gate.session()), "api_key")


async def test_a_pair_that_stream_never_took_is_not_promoted(rotating):
    gate, new = rotating
    gate.sandbox.sandbox.stream.further_pairs.clear()
    answer = await ask(gate, "POST", f"/{new}/promote")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_possible")
    assert "Stream did not take" in answer.json()["detail"]


async def test_two_replicas_rotate_together(sandbox, gate_with):
    key, secret = sandbox.sandbox.stream.add_pair()
    following = {"next_api_key": key, "next_api_secret": SecretStr(secret)}
    async with gate_with(**following) as one, gate_with(**following) as other:
        new = Generation(Pair(key, secret)).id
        await ask(one, "POST", "/read")
        await ask(one, "POST", f"/{new}/promote")
        with anyio.fail_after(5):
            while other.runtime.credentials.primary.id != new:
                await anyio.sleep(0.02)
        session = one.session()
        tokens = [(await gate.exchange(session)).json()["token"] for gate in (one, other)]
        assert len(set(tokens)) == 1


async def test_a_replica_without_the_new_secret_keeps_the_old_one_and_says_so(sandbox, gate_with):
    key, secret = sandbox.sandbox.stream.add_pair()
    async with gate_with(next_api_key=key, next_api_secret=SecretStr(secret)) as one, gate_with() as other:
        new, old = Generation(Pair(key, secret)).id, other.runtime.credentials.primary
        await ask(one, "POST", "/read")
        await ask(one, "POST", f"/{new}/promote")
        with anyio.fail_after(5):
            while other.runtime.rotation.ring.primary.id != new:
                await anyio.sleep(0.02)
        assert other.runtime.credentials.primary is old
        assert (await other.exchange(other.session())).json()["api_key"] == old.api_key
        said = (await ask(other, "GET")).json()["generations"]
        assert {one["generation"]: (one["here"], one["signs_here"]) for one in said} == {
            old.id: (True, True),
            new: (False, False),
        }
        health = (await other.client.get("/api/chat/health")).json()
        assert "has not the secret that the others sign with" in str(health)
