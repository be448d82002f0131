"""Sessions of Auth.js over HTTP: both faces, as Bearer values."""

import time

import pytest
from dirty_equals import IsStr

from support import authjs

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")

FACES = ["/stream/token", "/api/chat/token"]


@pytest.fixture
async def gate(gate_with):
    async with gate_with(**authjs.settings(authjs.SECRET, authjs.OLD_SECRET)) as opened:
        yield opened


def at_the_vectors_time(gate):
    gate.clock.shift = authjs.now() + 5 - time.time()


def fresh(**changes):
    return authjs.claims(time.time(), **changes)


@pytest.mark.parametrize("path", FACES)
@pytest.mark.parametrize("name", ["v5 secure", "v5 plain under the older secret", "v4", "v4 under the older secret"])
async def test_sessions_that_auth_js_made(gate, path, name):
    at_the_vectors_time(gate)
    answer = await gate.exchange(authjs.vector(name)["token"], path)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.get("user_id", body.get("user", {}).get("id")) == authjs.ADA


async def test_seed_000s_token_generation_test(gate):
    """``curl -X POST .../api/chat/token -H "Content-Type: application/json" -H "Authorization: Bearer ..."``."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {authjs.seal_5(fresh()).decode()}"}
    answer = await gate.client.post("/api/chat/token", headers=headers)
    assert answer.json() == {
        "success": True,
        "token": IsStr(),
        "user": {"id": authjs.ADA, "name": "Ada Lovelace", "image": None, "email": "ada@example.com"},
        "apiKey": gate.runtime.settings.api_key,
        "expiresAt": IsStr(),
        "refreshAfter": IsStr(),
        "timestamp": IsStr(),
    }


async def test_the_second_time_it_is_remembered(gate):
    token = authjs.seal_4(fresh()).decode()
    first, second = await gate.exchange(token), await gate.exchange(token)
    assert first.json()["user_id"] == second.json()["user_id"] == authjs.ADA


async def test_a_percent_encoded_bearer(gate):
    assert (await gate.exchange(authjs.seal_5(fresh()).decode().replace(".", "%2E"))).status_code == 200


async def test_a_large_session_fits_where_it_is_allowed(gate_with):
    async with gate_with(**authjs.settings(), session_token_bytes=12_288) as gate:
        at_the_vectors_time(gate)
        for name in ("v5 large", "v4 large"):
            assert (await gate.exchange(authjs.vector(name)["token"])).status_code == 200


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (lambda: authjs.seal_5(fresh(exp=int(time.time()) - 16)), "token_expired"),
        (lambda: authjs.seal_5(fresh(iat=int(time.time()) - 2_592_016)), "token_expired"),
        (lambda: authjs.seal_5(fresh(sub=None)), "subject_missing"),
        (lambda: authjs.seal_4(fresh(), authjs.key_4("s" * 32)), "signature_invalid"),
        (lambda: authjs.seal_5(fresh(), authjs.key_5("s" * 32)), "key_unknown"),
        (authjs.OPAQUE.encode, "token_malformed"),
    ],
)
async def test_refused(gate, token, reason):
    answer = await gate.exchange(token().decode())
    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert "error" in answer.headers["www-authenticate"]


async def test_only_version_5(gate_with):
    async with gate_with(**authjs.settings(), authjs_version="5") as gate:
        assert (await gate.exchange(authjs.seal_5(fresh()).decode())).status_code == 200
        answer = await gate.exchange(authjs.seal_4(fresh()).decode())
        assert answer.json()["reason"] == "algorithm_not_allowed"


async def test_beside_another_issuer(gate_with, sandbox):
    from tidegate.settings import IssuerConfig

    primary = IssuerConfig.model_validate(sandbox.sandbox.issuer_config())
    changed = authjs.settings() | {"issuers": (primary, authjs.issuer_config(namespace="web"))}
    async with gate_with(**changed) as gate:
        assert (await gate.exchange(gate.session())).json()["user_id"].startswith("user_")
        assert (await gate.exchange(authjs.seal_5(fresh()).decode())).json()["user_id"] == f"tg-web-{authjs.ADA}"
