"""Sessions that the app keeps in a database, over HTTP: the app is asked over a real socket, and seldom."""

import asyncio
import contextlib
import json
import time

import anyio
import pytest
from dirty_equals import IsStr

from support import authjs
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")

FACES = ["/stream/token", "/api/chat/token"]


class App:
    """The team's own app, as far as it is asked: a session route over a real socket."""

    def __init__(self):
        self.sessions = {authjs.OPAQUE: {"id": authjs.ADA, "name": "Ada Lovelace", "email": "ada@example.com"}}
        self.status = 200
        self.stumbles_at = None
        self.asked = []
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                token = head.partition(authjs.SECURE.encode() + b"=")[2].partition(b";")[0].decode()
                self.asked.append(token)
                await self.open.wait()
                body = json.dumps(self._session(token)).encode()
                status = 500 if token == self.stumbles_at else self.status
                writer.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        writer.close()

    def _session(self, token):
        ends = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 86_400))
        return {"user": self.sessions[token], "expires": ends} if token in self.sessions else None


@pytest.fixture
async def app():
    of_theirs = App()
    server = await asyncio.start_server(of_theirs.answer, "127.0.0.1", 0)
    of_theirs.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/auth/session"
    yield of_theirs
    of_theirs.open.set()
    server.close()


@pytest.fixture
async def gate(gate_with, app):
    changed = {"issuers": (authjs.issuer_config(),), "authjs_session_url": app.url, "session_cache_size": 1000}
    async with gate_with(**changed) as opened:
        yield opened


@pytest.mark.parametrize("path", FACES)
async def test_seed_000s_session_token(gate, app, path):
    answer = await gate.exchange(authjs.OPAQUE, path, Content_Type="application/json")
    assert answer.status_code == 200
    if path == "/api/chat/token":
        user = {"id": authjs.ADA, "name": "Ada Lovelace", "image": None, "email": "ada@example.com"}
        assert answer.json() == {
            "success": True,
            "token": IsStr(),
            "user": user,
            "apiKey": gate.runtime.settings.api_key,
            "expiresAt": IsStr(),
            "refreshAfter": IsStr(),
            "timestamp": IsStr(),
        }
    assert app.asked == [authjs.OPAQUE]


async def test_as_a_cookie(gate):
    headers = {"Cookie": f"{authjs.SECURE}={authjs.OPAQUE}", "Sec-Fetch-Site": "same-origin"}
    assert (await gate.client.post("/stream/token", headers=headers)).json()["user_id"] == authjs.ADA


async def test_the_app_is_asked_once_in_ten_seconds(gate, app):
    for _ in range(5):
        assert (await gate.exchange(authjs.OPAQUE)).status_code == 200
    assert len(app.asked) == 1
    del app.sessions[authjs.OPAQUE]  # signed out; it takes a moment until everybody knows
    gate.clock.shift += 11
    answer = await gate.exchange(authjs.OPAQUE)
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_expired")
    assert len(app.asked) == 2


async def test_a_session_that_is_none_is_asked_for_once_in_five_seconds(gate, app):
    stranger = "00000000-0000-4000-8000-000000000000"
    for _ in range(4):
        answer = await gate.exchange(stranger)
        assert (answer.status_code, answer.json()["reason"]) == (401, "token_expired")
        assert stranger not in answer.text
    assert len(app.asked) == 1
    gate.clock.shift += 6
    await gate.exchange(stranger)
    assert len(app.asked) == 2


async def test_many_at_once_ask_once(gate, app):
    app.open.clear()
    waiting = [asyncio.create_task(gate.exchange(authjs.OPAQUE)) for _ in range(10)]
    await asyncio.sleep(0.1)
    app.open.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert len(app.asked) == 1


async def test_eight_questions_at_a_time(gate, app):
    app.open.clear()
    waiting = [asyncio.create_task(gate.exchange(f"session-of-nobody-{number}")) for number in range(8)]
    async with asyncio.timeout(5):
        while len(app.asked) < 8:
            await asyncio.sleep(0.01)
    answer = await gate.exchange("session-of-nobody-8")
    assert (answer.status_code, answer.json()["reason"]) == (503, "identity_unavailable")
    assert answer.headers["retry-after"] == "1"
    app.open.set()
    assert {one.status_code for one in await asyncio.gather(*waiting)} == {401}


async def test_while_the_app_is_down(gate, app):
    app.status = 500
    answer = await gate.exchange(authjs.OPAQUE)
    assert (answer.status_code, answer.json()["reason"]) == (503, "identity_unavailable")
    assert "TIDEGATE_AUTHJS_SESSION_URL" in answer.json()["detail"]
    app.status = 200
    assert (await gate.exchange(authjs.OPAQUE)).status_code == 200


async def eventually(gate, status):
    with anyio.fail_after(5):
        while (found := (await gate.client.get("/api/chat/health")).json())["status"] != status:
            await anyio.sleep(0.01)
    return found


@pytest.fixture
async def watched(gate, monkeypatch):
    """Healthy, and its own questions come fast."""
    vigil = gate.runtime.watch._issuers[0].sessions.vigil
    monkeypatch.setattr(vigil, "_period_s", 0.02)
    monkeypatch.setattr(vigil, "_gap_s", 0.0)
    await eventually(gate, "healthy")
    return gate


async def test_health_says_that_the_app_is_down_and_when_it_is_back(watched, app):
    checks = (await watched.client.get("/readyz?verbose")).json()["checks"]
    assert checks["session route of authjs"] == "answers"
    app.status = 500
    assert (await watched.exchange(authjs.OPAQUE)).status_code == 503
    found = await eventually(watched, "degraded")
    assert "no answers (status)" in found["message"]
    assert "TIDEGATE_AUTHJS_SESSION_URL" in found["troubleshooting"]["solutions"][0]
    ready = await watched.client.get("/readyz?verbose")
    assert (ready.status_code, ready.json()["checks"]["session route of authjs"]) == (200, "status")
    assert REGISTRY.get_sample_value("tidegate_session_route_up", {"issuer": "authjs"}) == 0
    app.status = 200
    await eventually(watched, "healthy")  # though nobody asks
    assert REGISTRY.get_sample_value("tidegate_session_route_up", {"issuer": "authjs"}) == 1


async def test_a_token_at_which_the_app_stumbles_makes_nobody_think_that_it_is_down(watched, app):
    app.stumbles_at = "stumbling-block-of-a-stranger"
    assert (await watched.exchange(app.stumbles_at)).status_code == 503
    with anyio.fail_after(5):
        while not any(token.startswith("tidegate-asks-") for token in app.asked):
            await anyio.sleep(0.01)
    await anyio.sleep(0.05)
    assert (await watched.client.get("/api/chat/health")).json()["status"] == "healthy"


async def test_a_session_that_names_nobody(gate, app):
    app.sessions[authjs.OPAQUE] = {"name": "Ada Lovelace", "email": "ada@example.com"}
    answer = await gate.exchange(authjs.OPAQUE)
    assert answer.json()["reason"] == "subject_missing"
    assert "session callback" in answer.json()["detail"]


@pytest.mark.parametrize("token", ["short", "x" * 20 + ";a=b", "x" * 20 + " y", "a" * 9000])
async def test_what_can_be_no_session_is_not_asked_for(gate, app, token):
    assert (await gate.exchange(token)).status_code == 401
    assert app.asked == []


async def test_each_address_may_cause_so_many_questions(gate_with, app):
    changed = {"issuers": (authjs.issuer_config(),), "authjs_session_url": app.url, "authjs_lookups_per_minute": 3}
    async with gate_with(**changed) as gate:
        for number in range(3):
            assert (await gate.exchange(f"session-of-nobody-{number}")).status_code == 401
        answer = await gate.exchange("session-of-nobody-3")
        assert (answer.status_code, answer.json()["reason"]) == (429, "limit_address")
        assert len(app.asked) == 3
        async with gate.from_address("198.51.100.9") as other:
            headers = {"Authorization": f"Bearer {authjs.OPAQUE}"}
            assert (await other.post("/stream/token", headers=headers)).status_code == 200


async def test_an_explanation_sends_nothing_to_the_app(gate, app):
    from tidegate.cli.judging import judge

    verdict = await asyncio.to_thread(judge, gate.runtime.settings, authjs.OPAQUE.encode())
    assert verdict.refusal.reason.value == "identity_unavailable"
    assert "never leaves" in verdict.refusal.detail
    assert app.asked == []


async def test_every_answer_can_be_explained(gate, app):
    for token in (authjs.OPAQUE, "session-of-nobody"):
        await gate.exchange(token)
        verifier = gate.runtime.exchange._verifier
        lines = verifier.explain(token.encode(), gate.clock.now())
        assert [line.name for line in lines if line.passed is False] == ([] if token == authjs.OPAQUE else ["expiry"])
    assert len(app.asked) == 2


async def test_encrypted_sessions_beside_those_of_the_database(gate_with, app):
    async with gate_with(**authjs.settings(), authjs_session_url=app.url) as gate:
        sealed = authjs.seal_5(authjs.claims(time.time())).decode()
        assert (await gate.exchange(sealed)).status_code == 200
        assert (await gate.exchange(authjs.seal_5(authjs.claims(0), bytes(64)).decode())).status_code == 401
        assert app.asked == []
        assert (await gate.exchange(authjs.OPAQUE)).status_code == 200


async def test_an_encrypted_session_is_asked_for_where_no_secret_is_shared(gate, app):
    sealed = authjs.seal_5(authjs.claims(time.time())).decode()
    app.sessions[sealed] = app.sessions[authjs.OPAQUE]
    assert (await gate.exchange(sealed)).json()["user_id"] == authjs.ADA
