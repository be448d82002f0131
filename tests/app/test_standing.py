"""Revocations and bans from the operator's call to the refusal, and to Stream, over HTTP."""

import anyio
import httpx2
import pytest

from support.operating import KEYS, VIEWER
from tidegate.clock import rfc3339
from tidegate.sandbox import SandboxServer
from tidegate.store import StoreUnavailable

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS

ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"
REVOCATIONS = "/operator/v1/revocations"
BANS = "/operator/v1/bans"
STANDING = "/operator/v1/standing"


@pytest.fixture(scope="module")
def own_sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(own_sandbox):
    """Not the one that others share: what is revoked at its Stream stays so."""
    own_sandbox.sandbox.reset()
    own_sandbox.sandbox.stream.limits.burst = False
    return own_sandbox


@pytest.fixture
async def otto(gate):
    async with gate.operator() as client:
        yield client


async def until(condition, seconds=5):
    with anyio.fail_after(seconds):
        while not await condition():
            await anyio.sleep(0.02)


async def told(otto, user=ADA):
    async def known():
        return (await otto.get(f"{STANDING}/{user}")).json()["stream"] == "told"

    await until(known)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", REVOCATIONS), ("GET", REVOCATIONS), ("POST", BANS), ("DELETE", f"{BANS}/x"), ("GET", STANDING)],
)
async def test_a_stranger_gets_401_and_the_app_has_no_such_route(gate, method, path):
    async with gate.operator(key=None) as stranger:
        assert (await stranger.request(method, path, json={})).status_code == 401
    assert (await gate.client.request(method, path, json={})).status_code in {404, 405}


async def test_a_viewer_looks_and_changes_nothing(gate):
    async with gate.operator(VIEWER) as vera:
        assert (await vera.get(STANDING)).json() == {"users": [], "next": None}
        assert (await vera.get(REVOCATIONS)).json() == {"revocations": [], "stream": "told"}
        answers = [
            await vera.post(REVOCATIONS, json={"user": ADA}),
            await vera.post(BANS, json={"user": ADA}),
            await vera.delete(f"{BANS}/{ADA}"),
        ]
    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(403, "operator_role_refused")}


async def test_a_ban_ends_a_remembered_session_and_the_token_at_stream(gate, otto):
    session = gate.session(life=300)
    token = (await gate.exchange(session)).json()["token"]
    banned = await otto.post(BANS, json={"user": ADA, "reason": "spam"})
    assert banned.status_code == 200
    body = banned.json()
    assert (body["banned"], body["banned_until"], body["reason"], body["changed_by"]) == (True, None, "spam", "otto")
    assert body["stream"] == "pending"
    for path in ("/stream/token", "/api/chat/token"):
        answer = await gate.exchange(session, path)
        assert (answer.status_code, answer.json()["reason"]) == (403, "subject_banned")
        assert "spam" not in answer.text
    status = await gate.client.get("/api/chat/token", headers={"Authorization": f"Bearer {session}"})
    assert (status.status_code, status.json()["reason"]) == (403, "subject_banned")
    await told(otto)
    async with httpx2.AsyncClient() as client:
        headers = {"Authorization": token, "Stream-Auth-Type": "jwt"}
        key = gate.runtime.settings.api_key
        asked = await client.get(f"{gate.sandbox.stream_url}/users", params={"api_key": key}, headers=headers)
    assert (asked.status_code, asked.json()["code"]) == (401, 40)
    assert gate.sandbox.sandbox.stream.users[ADA]["banned"] is True

    assert (await otto.delete(f"{BANS}/{ADA}")).json()["banned"] is False
    answer = await gate.exchange(session)  # the session is good, but a token must be newer than the ban
    assert (answer.status_code, answer.json()["reason"]) == (403, "recently_revoked")
    gate.clock.shift = int(answer.headers["retry-after"])
    assert (await gate.exchange(session)).status_code == 200
    await told(otto)
    assert gate.sandbox.sandbox.stream.users[ADA]["banned"] is False


async def test_a_ban_with_an_end(gate, otto):
    end = rfc3339(gate.clock.now() + 3600)
    body = (await otto.post(BANS, json={"user": ADA, "until": end})).json()
    assert body["banned_until"] == end
    refused = await gate.exchange(gate.session())
    assert 3590 < int(refused.headers["retry-after"]) <= 3600
    gate.clock.shift = 3601
    assert (await otto.get(f"{STANDING}/{ADA}")).json()["banned"] is False


async def test_a_revocation_ends_older_sessions_and_lets_a_newer_one_in(gate, otto):
    old = gate.session(life=300)
    assert (await gate.exchange(old)).status_code == 200
    body = (await otto.post(REVOCATIONS, json={"user": ADA})).json()
    assert body["sessions_revoked_at"] == body["tokens_void_at"] is not None
    answer = await gate.exchange(old)
    assert (answer.status_code, answer.json()["reason"]) == (401, "session_revoked")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    await told(otto)


async def test_everybody(gate, otto):
    session = gate.session()
    body = (await otto.post(REVOCATIONS, json={"all": True})).json()
    assert (body["issued_from"], body["changed_by"]) == (None, "otto")
    assert (await gate.exchange(session)).json()["reason"] == "session_revoked"

    async def known():
        return (await otto.get(REVOCATIONS)).json()["stream"] == "told"

    await until(known)
    assert gate.sandbox.sandbox.stream.app_settings["revoke_tokens_issued_before"] == body["issued_to"]


async def test_a_span(gate, otto):
    now = gate.clock.now()
    span = [rfc3339(now - 3600), rfc3339(now - 1800)]
    body = (await otto.post(REVOCATIONS, json={"issued_between": span})).json()
    assert [body["issued_from"], body["issued_to"]] == span
    assert (await gate.exchange(gate.session())).status_code == 200
    assert (await otto.get(REVOCATIONS)).json()["revocations"] == [body]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (REVOCATIONS, {}),
        (REVOCATIONS, {"user": "a.b"}),
        (REVOCATIONS, {"user": ADA, "all": True}),
        (REVOCATIONS, {"all": False}),
        (REVOCATIONS, {"issued_between": ["yesterday", "today"]}),
        (REVOCATIONS, {"issued_between": ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]}),
        (REVOCATIONS, {"issued_between": ["2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]}),
        (BANS, {}),
        (BANS, {"user": "tg-@operator"}),
        (BANS, {"user": ADA, "until": "2020-01-01T00:00:00Z"}),
        (BANS, {"user": ADA, "until": "soon"}),
        (BANS, {"user": ADA, "reason": "x" * 201}),
        (BANS, {"user": ADA, "reason": "a\u0000b"}),
        (BANS, {"user": ADA, "shadow": True}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(otto, path, body):
    answer = await otto.post(path, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "request_invalid")
    assert (await otto.get(STANDING)).json()["users"] == []
    assert (await otto.get(REVOCATIONS)).json()["revocations"] == []


async def test_who_is_not_banned_cannot_be_unbanned(otto):
    assert (await otto.delete(f"{BANS}/{ADA}")).status_code == 400
    assert (await otto.get(f"{STANDING}/{ADA}")).json()["changed_at"] is None


@pytest.mark.parametrize("user", ["a%00b", "%00", "%ED%A0%80", "a.b", "%F0%9F%98%80"])
async def test_what_is_no_user_id_is_refused(otto, user):
    answers = [
        await otto.get(f"{STANDING}/{user}"),
        await otto.get(f"{STANDING}?after={user}"),
        await otto.delete(f"{BANS}/{user}"),
    ]
    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(400, "request_invalid")}


async def test_a_list_in_pages(otto):
    for user in ("cy", "ada", "bo"):
        await otto.post(BANS, json={"user": user})
    first = (await otto.get(STANDING, params={"limit": 2})).json()
    assert ([one["user"] for one in first["users"]], first["next"]) == (["ada", "bo"], "bo")
    rest = (await otto.get(STANDING, params={"after": first["next"], "limit": 2})).json()
    assert ([one["user"] for one in rest["users"]], rest["next"]) == (["cy"], None)


async def test_no_room(gate_with):
    async with gate_with(standing_size=100) as gate, gate.operator() as otto:
        gate.runtime.standing.service._options = type(gate.runtime.standing.service._options)(capacity=1)
        assert (await otto.post(BANS, json={"user": "ada"})).status_code == 200
        answer = await otto.post(BANS, json={"user": "bo"})
    assert (answer.status_code, answer.json()["reason"]) == (507, "standing_full")


async def test_what_others_revoked_at_stream_for_a_user_moves_that_users_tokens(gate):
    stream, before = gate.sandbox.sandbox.stream, int(gate.clock.now()) - 8
    stream.users.put(ADA, revoke_tokens_issued_before=rfc3339(before))
    session = gate.session(life=300).encode()

    async def heard():
        exchange = gate.runtime.exchange
        return exchange.mint(exchange.admit(session, "203.0.113.9")).minted.issued_at > before

    await until(heard)  # the profile sync asks Stream for her
    assert len(gate.runtime.standing.memory) == 0


async def test_without_a_database_commands_fail_loudly_and_what_is_known_holds(gate, otto, monkeypatch):
    await otto.post(BANS, json={"user": ADA})

    def gone(*_):
        raise StoreUnavailable("unreachable", "gone")

    monkeypatch.setattr(gate.runtime.store.database, "begin", gone)
    answer = await otto.post(BANS, json={"user": "bo"})
    assert (answer.status_code, answer.json()["reason"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert (await gate.exchange(gate.session())).json()["reason"] == "subject_banned"
    assert (await gate.exchange(gate.session("grace"))).status_code == 200


async def test_what_stream_does_not_know_shows_in_health(gate, otto):
    gate.sandbox.sandbox.stream.fault("error", status=503)
    await otto.post(BANS, json={"user": ADA})

    async def noticed():
        return gate.runtime.watch.health().warnings and gate.runtime.standing.pusher.untold()[0] == 1

    await until(noticed)
    gate.clock.shift = 11
    issues = gate.runtime.watch.health().troubleshooting.issues
    assert any("could not be told of 1 revocations or bans" in issue for issue in issues)
    pending = (await otto.get(STANDING, params={"pending": True})).json()["users"]
    assert [(one["user"], one["stream"]) for one in pending] == [(ADA, "pending")]
    assert pending[0]["stream_trouble"] in {"-1", "breaker_open"}  # by how often it was tried meanwhile


async def test_what_others_revoked_at_stream_moves_our_tokens(gate, otto):
    stream = gate.sandbox.sandbox.stream
    moment = int(gate.clock.now()) - 6
    stream.app_settings["revoke_tokens_issued_before"] = rfc3339(moment)
    assert (await otto.get(STANDING)).status_code == 200
    await gate.runtime.watch._prober._probe()  # Stream refuses our server token, which is older
    await gate.runtime.watch._prober._probe()
    minted = gate.runtime.exchange.mint(gate.runtime.exchange.admit(gate.session().encode(), "203.0.113.9")).minted
    assert minted.issued_at >= moment
