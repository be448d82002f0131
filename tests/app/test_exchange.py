"""The exchange over HTTP: both faces, golden answers, and every way to be refused."""

import base64
import json

import httpx2
import pytest
from dirty_equals import IsStr

from tidegate.errors import REASONS, Reason

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")


FACES = ["/stream/token", "/api/chat/token"]
STAMP = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STREAM_TOKEN = IsStr(regex=r"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]+\.[\w-]{43}")
ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"


@pytest.mark.parametrize("path", FACES)
async def test_anonymous_gets_401_and_a_bare_challenge(gate, path):
    answer = await gate.client.post(path)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "token_missing"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_mobile_face(gate):
    answer = await gate.exchange(gate.session())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "token": STREAM_TOKEN,
        "user_id": ADA,
        "api_key": gate.runtime.settings.api_key,
        "expires_at": STAMP,
        "refresh_after": STAMP,
        "server_time": STAMP,
    }
    assert answer.json()["server_time"] < answer.json()["refresh_after"] < answer.json()["expires_at"]


async def test_the_web_face(gate):
    answer = await gate.exchange(gate.session(), "/api/chat/token")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "token": STREAM_TOKEN,
        "user": {
            "id": ADA,
            "name": "Ada Lovelace",
            "image": "https://img.sandbox.example/ada.png",
            "email": "ada@sandbox.example",
        },
        "apiKey": gate.runtime.settings.api_key,
        "expiresAt": STAMP,
        "refreshAfter": STAMP,
        "timestamp": STAMP,
    }


async def test_a_person_without_particulars(gate):
    from tidegate.sandbox.claims import REMOVED

    token = gate.session(name=REMOVED, email=REMOVED, picture=REMOVED)
    user = (await gate.exchange(token, "/api/chat/token")).json()["user"]
    assert user == {"id": ADA, "name": "Anonymous User", "image": None, "email": None}


async def test_the_token_has_three_claims_whatever_the_session_says(gate):
    token = gate.session(role="admin", user_id="somebody-else", server=True)
    body = (await gate.exchange(token)).json()["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert set(claims) == {"user_id", "iat", "exp"}
    assert claims["user_id"] == ADA


async def test_stream_takes_the_token_and_refuses_a_changed_one(gate):
    answer = (await gate.exchange(gate.session())).json()
    url = f"{gate.sandbox.stream_url}/users"
    payload = json.dumps({"filter_conditions": {"id": {"$in": [answer["user_id"]]}}})
    async with httpx2.AsyncClient() as client:
        signed, _, signature = answer["token"].rpartition(".")
        changed = f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        for token, status in ((answer["token"], 200), (changed, 401)):
            headers = {"Authorization": token, "Stream-Auth-Type": "jwt"}
            found = await client.get(url, params={"api_key": answer["api_key"], "payload": payload}, headers=headers)
            assert found.status_code == status


async def test_both_faces_and_repeated_calls_give_one_token(gate):
    session = gate.session(life=300)
    answers = [await gate.exchange(session, path) for path in FACES * 3]
    other_session = await gate.exchange(gate.session())
    tokens = {answer.json()["token"] for answer in (*answers, other_session)}
    assert len(tokens) <= 2  # the minute may end in between


async def test_a_body_is_ignored_whatever_it_is(gate):
    headers = {"Authorization": f"Bearer {gate.session()}", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await gate.client.post("/stream/token", headers=headers, content=b"user_id=root&" * 100)
    assert answer.json()["user_id"] == ADA


REFUSED = [
    ({"expired": True}, Reason.TOKEN_EXPIRED),
    ({"pending": True}, Reason.SESSION_PENDING),
    ({"azp": "https://evil.example"}, Reason.AUTHORIZED_PARTY_MISMATCH),
    ({"iss": "https://evil.example"}, Reason.ISSUER_UNKNOWN),
    ({"sub": ""}, Reason.SUBJECT_MISSING),
    ({"sub": "mch_2abc"}, Reason.TOKEN_KIND_REFUSED),
    ({"header": {"typ": "at+jwt"}}, Reason.TOKEN_KIND_REFUSED),
    ({"nbf": 4_000_000_000}, Reason.TOKEN_NOT_YET_VALID),
    ({"sub": "|" * 100}, Reason.SUBJECT_UNMAPPABLE),
    ({"header": {"alg": "ES256"}}, Reason.ALGORITHM_NOT_ALLOWED),
    ({"algorithm": "ES256"}, Reason.ALGORITHM_NOT_ALLOWED),
    ({"header": {"crit": ["x"], "x": 1}}, Reason.TOKEN_MALFORMED),
]


@pytest.mark.parametrize("path", FACES)
@pytest.mark.parametrize(("shape", "reason"), REFUSED)
async def test_refused_sessions(gate, path, shape, reason):
    answer = await gate.exchange(gate.session(**shape), path)
    assert answer.json()["reason"] == reason.value
    assert answer.status_code == REASONS[reason].status
    assert answer.headers.get("www-authenticate", "") == REASONS[reason].challenge.value
    if path == "/stream/token":
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail", "reason", "request_id"}
        assert answer.json()["type"].endswith(reason.value)
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    else:
        assert answer.json() == {"success": False, "error": IsStr(), "reason": reason.value, "timestamp": STAMP}


@pytest.mark.parametrize(
    ("settings", "shape", "reason"),
    [
        ({"impersonation": "refuse"}, {"impersonated_by": "user_support"}, Reason.IMPERSONATION_REFUSED),
        ({"azp": "required"}, {"no_azp": True}, Reason.AUTHORIZED_PARTY_MISMATCH),
        ({"audience": ("chat",)}, {}, Reason.AUDIENCE_MISMATCH),
        ({"max_age_seconds": 30}, {"age": 50}, Reason.TOKEN_EXPIRED),
    ],
)
async def test_policies_that_are_set(gate_with, sandbox, settings, shape, reason):
    from tidegate.settings import IssuerConfig

    issuer = IssuerConfig.model_validate({**sandbox.sandbox.issuer_config(), **settings})
    async with gate_with(issuers=(issuer,)) as gate:
        assert (await gate.exchange(gate.session(**shape))).json()["reason"] == reason.value


async def test_impersonation_is_allowed_by_default(gate):
    assert (await gate.exchange(gate.session(impersonated_by="user_support"))).status_code == 200


async def test_a_cached_session_ends_when_it_ends(gate):
    session = gate.session(life=60)
    assert (await gate.exchange(session)).status_code == 200
    gate.clock.shift = 64  # within the skew of 5 s: the first check and a cache hit agree
    assert (await gate.exchange(session)).status_code == 200
    gate.clock.shift = 66
    assert (await gate.exchange(session)).json()["reason"] == "token_expired"


async def test_the_size_of_a_session_is_bounded(gate):
    answer = await gate.exchange("x" * 9000)
    assert answer.json()["reason"] == "token_too_large"


async def test_no_answer_repeats_what_was_sent(gate):
    marked = gate.session(iss="https://marker-text.example", kid=None)
    for token in (marked, "marker-text", "a.marker-text.c"):
        for path in FACES:
            answer = await gate.exchange(token, path)
            assert answer.status_code == 401
            assert "marker-text" not in answer.text
            assert "marker-text" not in str(answer.headers)


async def test_without_an_issuer_every_exchange_says_what_to_add(gate_with):
    async with gate_with(issuers=(), wait=False) as gate:
        answer = await gate.exchange(gate.session())
        assert answer.status_code == 503
        assert answer.json()["reason"] == "issuer_not_configured"
        assert "CLERK_PUBLISHABLE_KEY" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert (await gate.client.get("/readyz")).status_code == 503


async def test_a_replica_that_shuts_down_says_so(gate):
    gate.runtime.background.stop()
    answer = await gate.exchange(gate.session())
    assert (answer.status_code, answer.json()["reason"]) == (503, "shutting_down")
    assert (await gate.client.get("/readyz")).status_code == 503
    assert (await gate.client.get("/livez")).status_code == 200


async def test_an_error_of_ours_shows_nothing_and_is_counted(gate, monkeypatch):
    from tidegate.metrics import REGISTRY

    labels = {"face": "mobile", "issuer": "none", "outcome": "unavailable", "reason": "internal"}
    before = REGISTRY.get_sample_value("tidegate_exchange_total", labels) or 0
    monkeypatch.setattr("tidegate.tokens.routes.limit_key", lambda _: 1 / 0)
    answer = await gate.exchange(gate.session())
    assert (answer.status_code, answer.json()["reason"]) == (500, "internal")
    assert "ZeroDivision" not in answer.text
    assert REGISTRY.get_sample_value("tidegate_exchange_total", labels) == before + 1
