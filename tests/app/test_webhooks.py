"""Identity providers' webhooks over HTTP, from the signature to the refusal and to Stream."""

import contextlib
import json
import time

import anyio
import pytest

from support.gate import open_gate
from support.hooks import OLD, PATH, SECRETS, event, headers_for
from tidegate.metrics import REGISTRY
from tidegate.sandbox import SandboxServer
from tidegate.store import StoreUnavailable

pytestmark = pytest.mark.anyio

ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"


@pytest.fixture(scope="module")
def own_sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
async def gate(own_sandbox, tmp_path):
    own_sandbox.sandbox.reset()
    own_sandbox.sandbox.stream.limits.burst = False
    async with open_gate(own_sandbox, tmp_path, webhook_secrets=SECRETS, webhook_failures_per_minute=5) as opened:
        yield opened


async def send(gate, body, name="msg_1", path=PATH, **how):
    octets = json.dumps(body).encode() if isinstance(body, dict) else body
    return await gate.client.post(path, content=octets, headers=headers_for(octets, name, **how))


async def test_a_stranger_is_refused_and_then_limited(gate):
    answer = await gate.client.post(PATH, json=event("user.deleted", id=ADA))
    assert (answer.status_code, answer.json()["reason"]) == (403, "webhook_refused")
    reasons = [(await gate.client.post(PATH, content=b"x")).json()["reason"] for _ in range(8)]
    assert reasons[-1] == "limit_address"
    assert (await gate.exchange(gate.session())).status_code == 200
    assert (await send(gate, event("user.updated", id=ADA))).status_code == 200  # what is signed comes in all the same


async def test_an_ended_session_revokes(gate):
    session = gate.session(life=300)
    assert (await gate.exchange(session)).status_code == 200
    answer = await send(gate, event("session.ended", user_id=ADA))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "revoke"})
    assert (await gate.exchange(session)).json()["reason"] == "session_revoked"


@pytest.mark.parametrize("body", [event("user.deleted", id=ADA), event("user.updated", id=ADA, banned=True)])
async def test_a_deleted_or_banned_user_is_banned_and_deactivated(gate, body):
    gate.sandbox.sandbox.stream.users.put(ADA)
    assert (await send(gate, body, key=OLD)).json() == {"outcome": "ban"}
    assert (await gate.exchange(gate.session())).json()["reason"] == "subject_banned"
    with anyio.fail_after(5):
        while gate.sandbox.sandbox.stream.users.active(ADA):
            await anyio.sleep(0.02)
    async with gate.operator() as otto:
        assert (await otto.get(f"/operator/v1/standing/{ADA}")).json()["changed_by"] == "webhook:sandbox"


async def test_a_ban_of_an_operator_keeps_what_was_said_of_it(gate):
    async with gate.operator() as otto:
        await otto.post("/operator/v1/bans", json={"user": ADA, "reason": "spam"})
        assert (await send(gate, event("user.updated", id=ADA, banned=True))).json() == {"outcome": "ban"}
        standing = (await otto.get(f"/operator/v1/standing/{ADA}")).json()
    assert (standing["reason"], standing["banned"], standing["changed_by"]) == ("spam", True, "webhook:sandbox")


async def test_what_comes_again_does_nothing(gate):
    body = event("session.ended", user_id=ADA)
    await send(gate, body)
    before = gate.runtime.standing.memory._marks[ADA]
    assert (await send(gate, body)).json() == {"outcome": "repeated"}
    assert gate.runtime.standing.memory._marks[ADA] == before
    assert (await send(gate, body, "msg_2")).json() == {"outcome": "revoke"}


async def test_a_changed_user_is_brought_to_stream_anew(gate):
    users = gate.sandbox.sandbox.stream.users

    async def named(name):
        with anyio.fail_after(5):
            while ADA not in users or users[ADA].get("name") != name:
                await anyio.sleep(0.02)

    await gate.exchange(gate.session())
    await named("Ada Lovelace")
    users.put(ADA, name="Somebody")
    assert (await send(gate, event("user.updated", id=ADA))).json() == {"outcome": "sync"}
    with anyio.fail_after(5):
        while gate.runtime.exchange.sync._synced.get(ADA) is not None:
            await anyio.sleep(0.02)
    await gate.exchange(gate.session())
    await named("Ada Lovelace")


async def test_what_does_not_concern_us_is_acknowledged_and_counted(gate):
    labels = {"issuer": "sandbox", "outcome": "ignored"}
    before = REGISTRY.get_sample_value("tidegate_webhooks_total", labels) or 0
    assert (await send(gate, event("organization.created", id="org_1"))).json() == {"outcome": "ignored"}
    assert REGISTRY.get_sample_value("tidegate_webhooks_total", labels) == before + 1


@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b'{"type":"a","type":"b"}', b"\xef\xbb\xbf{}", b'{"type":"user.deleted","data":{}}']
)
async def test_what_cannot_be_understood_is_refused(gate, body):
    answer = await send(gate, body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "request_invalid")


async def test_no_form_is_parsed_and_the_body_is_bounded(gate):
    """Starlette CVE-2024-24762: a form's fields cost time beyond measure."""
    body = b"----x\r\n" + b"a" * 300_000
    headers = {**headers_for(body, "msg_6"), "Content-Type": "multipart/form-data; boundary=" + "!" * 500}

    async def unannounced():
        yield body

    for content in (body, unannounced()):
        answer = await gate.client.post(PATH, content=content, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")
    signed = event("user.updated", id=ADA)
    octets = json.dumps(signed).encode()
    form = {**headers_for(octets, "msg_7"), "Content-Type": "application/x-www-form-urlencoded"}
    assert (await gate.client.post(PATH, content=octets, headers=form)).status_code == 200


async def test_an_issuer_without_a_secret_has_no_door(gate):
    assert (await send(gate, event("user.deleted", id=ADA), path="/webhooks/identity/other")).status_code == 404


async def test_without_a_database_the_provider_is_told_to_try_again_and_then_it_counts(gate, monkeypatch):
    body = event("session.ended", user_id=ADA)

    def gone(*_):
        raise StoreUnavailable("unreachable", "gone")

    with monkeypatch.context() as patch:
        patch.setattr(gate.runtime.store.database, "begin", gone)
        answer = await send(gate, body)
    assert (answer.status_code, answer.json()["reason"]) == (503, "store_unavailable")
    assert (await send(gate, body)).json() == {"outcome": "revoke"}


async def test_where_a_claim_decides_the_id_a_subject_bans_nobody(own_sandbox, tmp_path):
    own_sandbox.sandbox.reset()
    async with open_gate(own_sandbox, tmp_path, webhook_secrets=SECRETS, user_id_claim="chat_id") as gate:
        answer = await send(gate, event("user.deleted", id=ADA))
    assert (answer.status_code, answer.json()["reason"]) == (400, "request_invalid")


def slowly(octets, sent, released):
    async def pieces():
        for octet in octets:
            sent.append(octet)
            yield bytes([octet])
            await released.wait()

    return pieces()


@pytest.mark.parametrize("wrong", ["issuer", "header", "time", "length"])
async def test_no_body_is_read_that_its_headers_give_away(gate, wrong):
    octets, sent, released = b'{"type":"x"}', [], anyio.Event()
    released.set()
    headers = headers_for(octets, "msg_1", at=time.time() - 301 if wrong == "time" else None)
    if wrong == "header":
        del headers["webhook-signature"]
    if wrong == "length":
        headers["content-length"] = "262145"
    path = "/webhooks/identity/other" if wrong == "issuer" else PATH
    answer = await gate.client.post(path, content=slowly(octets, sent, released), headers=headers)
    assert answer.status_code == {"issuer": 404, "length": 413}.get(wrong, 403)
    assert sent == []


async def test_only_so_many_are_acted_upon_and_the_next_is_told_when_to_come_again(own_sandbox, tmp_path, monkeypatch):
    own_sandbox.sandbox.reset()
    body, released = event("session.ended", user_id=ADA), anyio.Event()
    async with open_gate(own_sandbox, tmp_path, webhook_secrets=SECRETS, webhooks_max=2) as gate:
        database = gate.runtime.store.database
        begin = database.begin

        @contextlib.asynccontextmanager
        async def begun_late():
            await released.wait()
            async with begin() as connection:
                yield connection

        monkeypatch.setattr(database, "begin", begun_late)
        answers = []

        async def first():
            answers.append(await send(gate, body))

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            with anyio.fail_after(5):
                while REGISTRY.get_sample_value("tidegate_webhooks_under_way") != 1:
                    await anyio.sleep(0.01)
            turned_away = await send(gate, body, "msg_2")
            unsigned = await gate.client.post(PATH, content=b"x", headers=headers_for(b"y", "msg_3"))
            released.set()
        assert (turned_away.status_code, turned_away.json()["reason"]) == (429, "webhooks_busy")
        assert turned_away.headers["Retry-After"] == "5"
        assert unsigned.json()["reason"] == "webhook_refused", "who is not known learns nothing of how full it is"
        assert [answer.json() for answer in answers] == [{"outcome": "revoke"}]
        assert (await send(gate, body, "msg_2")).status_code == 200
        assert REGISTRY.get_sample_value("tidegate_webhooks_under_way") == 0


async def test_without_room_a_webhook_is_refused_and_counted_and_acts_when_it_comes_again(gate):
    service = gate.runtime.standing.service
    options = service._options
    service._options = type(options)(capacity=2)
    counted = ("tidegate_webhooks_total", {"issuer": "sandbox", "outcome": "full"})
    before = REGISTRY.get_sample_value(*counted) or 0
    for number in range(2):
        assert (await send(gate, event("session.ended", user_id=f"user_{number}"), f"msg_{number}")).status_code == 200
    refused = await send(gate, event("session.ended", user_id=ADA), "msg_full")
    assert (refused.status_code, refused.json()["reason"]) == (507, "standing_full")
    assert REGISTRY.get_sample_value(*counted) == before + 1
    assert any("hardly room" in issue for issue in gate.runtime.watch.health().troubleshooting.issues)
    service._options = options
    assert (await send(gate, event("session.ended", user_id=ADA), "msg_full")).json() == {"outcome": "revoke"}
