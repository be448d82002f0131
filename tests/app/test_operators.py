"""The operator's listener over HTTP: who gets in, who does not, and what is recorded."""

import io
import json

import pytest
import structlog

from support.gate import client_at
from support.operating import KEYS, OPERATOR, VIEWER, bearer
from tidegate.clock import SystemClock
from tidegate.identity.keydisk import KeyDisk, KeyDiskError
from tidegate.logs import RequestLog
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS

WHOAMI = "/operator/v1/whoami"
ISSUERS = "/operator/v1/issuers"
DISTRUST = "/operator/v1/issuers/sandbox/distrust"


async def refused(client, path=WHOAMI, method="GET", **more):
    answer = await client.request(method, path, **more)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["reason"]


async def test_a_stranger_gets_401_whatever_the_path(gate):
    async with gate.operator(key=None) as stranger:
        for path in (WHOAMI, ISSUERS, "/operator", "/operator/", "/operator/v1/none", "/operator/%2e%2e/livez"):
            assert await refused(stranger, path) == (401, "operator_key_missing")
        assert await refused(stranger, DISTRUST, "POST", json={"kid": "x"}) == (401, "operator_key_missing")
        answer = await stranger.get(WHOAMI)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (await stranger.get("/livez")).status_code == 200
        assert (await stranger.get("/metrics")).status_code == 200


async def test_a_key_says_who_and_how_far(gate):
    async with gate.operator(VIEWER) as vera, gate.operator(OPERATOR) as otto:
        assert (await vera.get(WHOAMI)).json() == {"name": "vera", "role": "viewer"}
        assert (await otto.get(WHOAMI)).json() == {"name": "otto", "role": "operator"}
        assert (await otto.get(WHOAMI)).headers["cache-control"] == "no-store"
        assert await refused(vera, DISTRUST, "POST", json={"kid": "x"}) == (403, "operator_role_refused")
        assert await refused(otto, "/operator/v1/none") == (404, "not_found")
        assert await refused(otto, WHOAMI, "POST") == (405, "method_not_allowed")


async def test_a_wrong_key_is_refused_and_nothing_of_it_is_said(gate):
    wrong = "tgo_" + "x" * 43
    async with gate.operator(wrong) as client:
        answer = await client.get(WHOAMI)
    assert (answer.status_code, answer.json()["reason"]) == (401, "operator_key_refused")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert wrong not in answer.text


async def test_a_session_of_the_app_is_no_key_wherever_it_stands(gate_with):
    async with gate_with(operator_failures_per_minute=1000) as gate, gate.operator(key=None) as client:
        session = gate.session("ada", role="operator", roles=["operator"], admin=True)
        assert (await gate.exchange(session)).status_code == 200
        for name in (
            "Authorization",
            "X-Operator-Key",
            "X-Api-Key",
            "Cookie",
            "Proxy-Authorization",
            "X-Forwarded-User",
        ):
            for value in (session, f"Bearer {session}", f"__session={session}", f"Bearer tgo_{session}"):
                status, reason = await refused(client, headers={name: value})
                assert (status, reason.startswith("operator_key_")) == (401, True), name
        assert await refused(client, f"{WHOAMI}?key={OPERATOR}&access_token={session}") == (401, "operator_key_missing")
        twice = [("Authorization", f"Bearer {session}"), ("Authorization", f"Bearer {OPERATOR}")]
        assert await refused(client, headers=twice) == (401, "operator_key_refused")


async def test_an_operators_key_is_no_session(gate):
    for path in ("/stream/token", "/api/chat/token"):
        answer = await gate.exchange(OPERATOR, path)
        assert (answer.status_code, answer.json()["reason"]) == (401, "token_malformed")
        assert OPERATOR not in answer.text


async def test_the_main_listener_has_none_of_these_routes(gate):
    for path in (WHOAMI, ISSUERS):
        assert (await gate.client.get(path, headers=bearer(OPERATOR))).status_code == 404


async def test_a_browser_page_does_not_get_in_even_with_a_key(gate_with):
    async with gate_with(cors_origins=("https://app.example.com",)) as gate, gate.operator() as client:
        for headers in (
            {"Origin": "https://app.example.com"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            assert await refused(client, headers=headers) == (403, "origin_refused")
            posted = await refused(client, DISTRUST, "POST", json={"kid": "x"}, headers=headers)
            assert posted == (403, "origin_refused")
        preflight = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
        answer = await client.options(WHOAMI, headers=preflight)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)
        own = {"Origin": "http://127.0.0.1:8001", "Sec-Fetch-Site": "same-origin"}
        assert (await client.get(WHOAMI, headers=own)).status_code == 200


async def test_a_rebound_name_does_not_get_in_and_a_configured_one_does(gate_with):
    async with gate_with(operator_hosts=("ops.internal.example",)) as gate:
        async with gate.operator(url="http://evil.example:8001") as client:
            assert await refused(client) == (421, "host_refused")
            assert await refused(client, headers={"Origin": "http://evil.example:8001"}) == (421, "host_refused")
        for url in ("http://ops.internal.example:8001", "http://localhost:8001", "http://[::1]:8001"):
            async with gate.operator(url=url) as client:
                assert (await client.get(WHOAMI)).status_code == 200


@pytest.mark.parametrize("listener", ["main", "operator's"])
async def test_a_page_in_a_browser_reads_no_metrics(gate_with, listener):
    async with gate_with(operator_hosts=("prometheus.internal.example",)) as gate:
        app = gate.runtime.app if listener == "main" else gate.runtime.ops

        async def asked(url, **headers):
            async with client_at(("127.0.0.1", 40_000), app, base_url=url) as client:
                answer = await client.get("/metrics", headers=headers)
            return answer.status_code, "tidegate_build_info" in answer.text

        for name in ("127.0.0.1:8001", "[::1]", "localhost:8000", "prometheus.internal.example"):
            assert await asked(f"http://{name}") == (200, True)
        assert await asked("http://rebound.example:8001") == (421, False)
        assert await asked("http://127.0.0.1.rebound.example") == (421, False)
        assert await asked("http://127.0.0.1:8001", Origin="https://evil.example") == (403, False)
        assert await asked("http://127.0.0.1:8001", **{"Sec-Fetch-Site": "cross-site"}) == (403, False)


async def test_failures_are_limited_by_address_and_a_right_key_gets_in_all_the_same(gate_with):
    async with gate_with(operator_failures_per_minute=3) as gate:
        async with gate.operator("tgo_" + "x" * 43) as guesser:
            found = [await refused(guesser) for _ in range(5)]
            assert found[:3] == [(401, "operator_key_refused")] * 3
            assert found[3:] == [(429, "limit_operator")] * 2
            assert int((await guesser.get(WHOAMI)).headers["retry-after"]) >= 1
        async with gate.operator() as otto, gate.operator("tgo_", address="10.0.0.8") as elsewhere:
            assert (await otto.get(WHOAMI)).status_code == 200
            assert await refused(elsewhere) == (401, "operator_key_refused")


async def test_every_call_is_recorded_and_no_key_is(gate_with):
    stream = io.StringIO()
    async with gate_with(operator_failures_per_minute=1) as gate:
        gate.runtime.ops._log = log = RequestLog(SystemClock(), stream, as_json=True)
        with structlog.testing.capture_logs() as events:
            async with gate.operator() as otto, gate.operator(VIEWER) as vera, gate.operator("tgo_x") as nobody:
                answers = [
                    await otto.get(WHOAMI),
                    await otto.post(DISTRUST, json={"kid": "none-such"}),
                    await vera.post(DISTRUST, json={"kid": "none-such"}),
                    await nobody.get("/operator/v1/anything%0aelse"),
                    await nobody.get(WHOAMI),
                ]
        log.flush()
    calls = [event for event in events if event["event"] == "operator_call"]
    shown = [(one["operator"], one["method"], one["route"], one["status"], one["reason"]) for one in calls]
    assert shown == [
        ("otto", "GET", WHOAMI, 200, "none"),
        ("otto", "POST", "/operator/v1/issuers/{name}/distrust", 200, "none"),
        ("vera", "POST", "/operator/v1/issuers/{name}/distrust", 403, "operator_role_refused"),
        (None, "GET", "unmatched", 401, "operator_key_refused"),
    ]
    assert [one["log_level"] for one in calls] == ["info", "warning", "warning", "warning"]
    assert [one["request_id"] for one in calls] == [one.headers["x-request-id"] for one in answers[:-1]]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["issuer"], line.get("subject")) for line in lines] == [
        *(("operator", "otto"), ("operator", "otto"), ("operator", "vera"), ("none", None), ("none", None))
    ]
    everything = stream.getvalue() + repr(events)
    assert all(secret not in everything for secret in (OPERATOR, VIEWER, *(key.sha256 for key in KEYS)))


async def test_calls_are_counted(gate):
    def count(**labels):
        return REGISTRY.get_sample_value("tidegate_operator_calls_total", labels) or 0

    before = count(role="viewer", reason="operator_role_refused"), count(role="none", reason="operator_key_refused")
    async with gate.operator(VIEWER) as vera, gate.operator("tgo_x") as nobody:
        await vera.post(DISTRUST, json={"kid": "x"})
        await nobody.get(WHOAMI)
    after = count(role="viewer", reason="operator_role_refused"), count(role="none", reason="operator_key_refused")
    assert after == (before[0] + 1, before[1] + 1)


async def test_a_body_is_bounded_and_what_does_not_fit_is_named(gate_with):
    async with gate_with(body_bytes=1024) as gate, gate.operator() as otto:
        assert await refused(otto, DISTRUST, "POST", content=b" " * 1025) == (413, "body_too_large")

        async def pieces():
            for _ in range(3):
                yield b" " * 512

        assert await refused(otto, DISTRUST, "POST", content=pieces()) == (413, "body_too_large")
        for body in (b"{", b"[]", b"", b'{"kid": 7}', b'{"kid": "k", "more": 1}', b"\xff", b'{"kid": ""}'):
            answer = await otto.post(DISTRUST, content=body, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.json()["reason"]) == (400, "request_invalid"), body
        typed = await otto.post(DISTRUST, content=b'{"kid": "k"}', headers={"Content-Type": "text/plain"})
        assert (typed.status_code, typed.json()["reason"]) == (400, "request_invalid")
        answer = await otto.post(DISTRUST, json={"kid": {"secret": "of the sender"}})
        assert answer.json()["detail"].startswith("kid: ")
        assert "of the sender" not in answer.text


async def test_the_state_of_issuers(gate, sandbox):
    async with gate.operator(VIEWER) as vera:
        (issuer,) = (await vera.get(ISSUERS)).json()["issuers"]
    assert (issuer["name"], issuer["state"], issuer["last_error"]) == ("sandbox", "fresh", None)
    assert sandbox.sandbox.provider.kid() in {key["kid"] for key in issuer["keys"]}
    assert all(key["thumbprint"] and key["algorithms"] for key in issuer["keys"])
    assert 0 <= issuer["age_seconds"] < 60


async def test_a_distrusted_key_is_refused_from_the_next_request_on(gate, sandbox):
    session = gate.session()
    assert (await gate.exchange(session)).status_code == 200
    async with gate.operator() as otto:
        answer = await otto.post(DISTRUST, json={"kid": sandbox.sandbox.provider.kid()})
        assert answer.json() == {
            "issuer": "sandbox",
            "kid": sandbox.sandbox.provider.kid(),
            "in_use": True,
            "kept": True,
            "shared": True,
        }
        again = await otto.post(DISTRUST, json={"kid": "never seen"})
        assert (again.json()["in_use"], again.json()["kept"]) == (False, True)
        assert await refused(otto, f"{ISSUERS}/none/distrust", "POST", json={"kid": "x"}) == (404, "not_found")
    after = await gate.exchange(session)
    assert (after.status_code, after.json()["reason"]) == (401, "key_unknown")


async def test_a_distrust_that_cannot_be_kept_holds_and_says_so(gate, sandbox, monkeypatch):
    def full(*_):
        raise KeyDiskError("no space left")

    monkeypatch.setattr(KeyDisk, "distrust", full)
    async with gate.operator() as otto:
        answer = await otto.post(DISTRUST, json={"kid": sandbox.sandbox.provider.kid()})
    assert (answer.json()["in_use"], answer.json()["kept"]) == (True, False)
    after = await gate.exchange(gate.session())
    assert (after.status_code, after.json()["reason"]) == (401, "key_unknown")


async def test_the_listener_describes_itself(gate, gate_with):
    async with gate.operator(key=None) as client:
        document = (await client.get("/openapi.json")).json()
        assert (
            "operator&#x27;s key" in (await client.get("/docs")).text
            or "operator's key" in (await client.get("/docs")).text
        )
    assert document["paths"][WHOAMI]["get"]["security"] == [{"operator": []}]
    assert "security" not in document["paths"]["/livez"]["get"]
    answers = document["paths"][DISTRUST.replace("sandbox", "{name}")]["post"]["responses"]
    assert {"200", "400", "401", "403", "404", "413", "421", "429"} <= answers.keys()
    assert "422" not in answers
    async with gate_with(docs=False) as quiet, quiet.operator(key=None) as client:
        assert (await client.get("/openapi.json")).status_code == 404


async def test_without_operators_the_listener_says_how_to_make_one(gate_with):
    async with gate_with(operator_keys=()) as gate, gate.operator() as client:
        assert await refused(client) == (401, "operator_key_refused")
        answer = await client_at(("127.0.0.1", 1), gate.runtime.ops, base_url="http://127.0.0.1").get(WHOAMI)
        assert "tidegate operator add" in answer.json()["detail"]
