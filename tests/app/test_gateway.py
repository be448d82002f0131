"""Around the doors: CORS, proxies, HTTPS, limits, sizes, headers, and errors in the shape of their face."""

import ipaddress

import pytest

from support.gate import client_at
from tidegate.settings import Environment, IssuerConfig

pytestmark = pytest.mark.anyio

ORIGIN = "https://app.example.com"
PROXY = (ipaddress.ip_network("10.0.0.0/8"),)
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/", "/livez", "/nope", "/api/nope", "/stream/token", "/docs", "/openapi.json"])
async def test_every_answer_carries_the_same_headers(gate, path):
    headers = (await gate.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]
    assert "server" not in headers
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/stream/token", 405, "POST"),
        ("DELETE", "/api/chat/token", 405, "GET, POST"),
        ("POST", "/api/chat/health", 405, "GET"),
        ("POST", "/", 405, "GET"),
        ("TRACE", "/livez", 405, "GET"),
        ("OPTIONS", "/livez", 405, "GET"),
    ],
)
async def test_other_methods(gate, method, path, status, allow):
    answer = await gate.client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (status, allow)
    assert answer.json()["reason"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/nope", "/stream/token/", "/STREAM/TOKEN", "/stream//token", "/%2e%2e/etc/passwd"])
async def test_unknown_paths_outside_api_are_problems(gate, path):
    answer = await gate.client.post(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "not_found"


async def test_unknown_paths_under_api_have_the_web_faces_shape(gate):
    answer = await gate.client.get("/api/chat/nope")
    assert answer.json() | {"timestamp": ""} == {
        "success": False,
        "error": "There is nothing at this path.",
        "reason": "not_found",
        "timestamp": "",
    }


async def test_a_listed_origin_may_call_and_read(gate_with):
    async with gate_with(cors_origins=(ORIGIN,)) as gate:
        preflight = await gate.client.options("/stream/token", headers=PREFLIGHT)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == ORIGIN
        assert preflight.headers["access-control-allow-methods"] == "GET, POST"
        answer = await gate.exchange(gate.session(), Origin=ORIGIN)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        refused = await gate.client.post("/stream/token", headers={"Origin": ORIGIN})
        assert refused.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.com.evil.example"])
async def test_another_origin_gets_no_token(gate_with, origin):
    async with gate_with(cors_origins=(ORIGIN,)) as gate:
        preflight = await gate.client.options("/stream/token", headers={**PREFLIGHT, "Origin": origin})
        assert (preflight.status_code, preflight.json()["reason"]) == (403, "origin_refused")
        answer = await gate.exchange(gate.session(), Origin=origin)
        assert (answer.status_code, answer.json()["reason"]) == (403, "origin_refused")
        assert "access-control-allow-origin" not in answer.headers
        assert (await gate.client.get("/api/chat/health", headers={"Origin": origin})).status_code == 200


async def test_native_apps_send_no_origin_and_need_none(gate_with):
    async with gate_with(cors_origins=(ORIGIN,)) as gate:
        assert (await gate.exchange(gate.session())).status_code == 200


def without_network(sandbox):
    """The sandbox's issuer by its public key: production reads no keys over plain HTTP."""
    provider = sandbox.sandbox.provider
    given = {"name": "pem", "kind": "pem", "issuer": provider.issuer, "pem": provider.public_pem()}
    return {
        "environment": Environment.PRODUCTION,
        "trusted_proxies": PROXY,
        "docs": False,
        "issuers": (IssuerConfig.model_validate(given),),
    }


async def test_production_demands_https_of_tokens_and_not_of_probes(gate_with, sandbox):
    async with gate_with(**without_network(sandbox), telemetry="on") as gate:
        behind = gate.from_address("10.0.0.9")
        bearer = {"Authorization": "Bearer x.y"}
        for path in ("/stream/token", "/api/chat/token", "/telemetry"):
            plain = await gate.client.post(path, headers={**bearer, "X-Forwarded-Proto": "https"})
            assert (plain.status_code, plain.json()["reason"]) == (403, "https_required")
            proxied = await behind.post(path, headers={**bearer, "X-Forwarded-Proto": "https"})
            assert proxied.json()["reason"] == "token_malformed"
            assert proxied.headers["strict-transport-security"].startswith("max-age=")
        assert (await gate.client.get("/livez")).status_code == 200


async def test_production_shows_less(gate_with, sandbox):
    async with gate_with(**without_network(sandbox)) as gate:
        for path in ("/metrics", "/docs", "/openapi.json"):
            assert (await gate.client.get(path)).status_code == 404
        behind = gate.from_address("10.0.0.9")
        answer = await behind.post(
            "/api/chat/token", headers={"Authorization": "Bearer x.y.z", "X-Forwarded-Proto": "https"}
        )
        assert answer.json()["error"] == "The session token is malformed."
        operators = client_at(("127.0.0.1", 1), gate.runtime.ops)
        assert "tidegate_build_info" in (await operators.get("/metrics")).text
        assert (await operators.post("/stream/token")).status_code == 404


async def test_an_address_pays_first_and_ten_times_for_failures(gate_with):
    async with gate_with(limit_address_per_minute=30) as gate:
        answers = [await gate.exchange("x.y.z") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        last = answers[-1]
        assert last.json()["reason"] == "limit_address"
        assert int(last.headers["retry-after"]) >= 1
        assert last.headers["ratelimit-limit"] == "30"
        assert (await gate.exchange(gate.session())).status_code == 429
        other = gate.from_address("203.0.113.8")
        good = await other.post("/stream/token", headers={"Authorization": f"Bearer {gate.session()}"})
        assert good.status_code == 200


async def test_a_whole_ipv6_network_is_one_address(gate_with):
    async with gate_with(limit_address_per_minute=2) as gate:
        token = {"Authorization": f"Bearer {gate.session()}"}
        hosts = ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")
        answers = [await gate.from_address(host).post("/stream/token", headers=token) for host in hosts]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 200]


async def test_a_forwarded_address_counts_only_from_a_proxy(gate_with):
    async with gate_with(limit_address_per_minute=2, trusted_proxies=PROXY) as gate:
        token = gate.session()
        liar = [await gate.exchange(token, X_Forwarded_For=f"198.51.100.{n}") for n in range(3)]
        assert [answer.status_code for answer in liar] == [200, 200, 429]
        behind = gate.from_address("10.1.2.3")
        for number in range(4):
            headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": f"6.6.6.6, 198.51.100.{number}"}
            assert (await behind.post("/stream/token", headers=headers)).status_code == 200


async def test_a_subject_is_limited_whatever_its_address(gate_with):
    async with gate_with(limit_subject_per_minute=2) as gate:
        statuses = [(await gate.exchange(gate.session())).status_code for _ in range(2)]
        there = gate.from_address("203.0.113.9")
        third = await there.post("/stream/token", headers={"Authorization": f"Bearer {gate.session()}"})
        assert [*statuses, third.status_code] == [200, 200, 429]
        assert third.json()["reason"] == "limit_subject"
        assert (await gate.exchange(gate.session("grace"))).status_code == 200


@pytest.mark.parametrize(
    ("limit", "reason"), [("limit_issuer_per_minute", "limit_issuer"), ("limit_total_per_minute", "limit_total")]
)
async def test_the_limits_that_are_off_by_default(gate_with, limit, reason):
    async with gate_with(**{limit: 1}) as gate:
        assert (await gate.exchange(gate.session())).status_code == 200
        assert (await gate.exchange(gate.session("grace"))).json()["reason"] == reason


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_body_is_refused(gate, declared):
    async def chunks():
        for _ in range(70):
            yield b"x" * 1000

    body = b"x" * 70_000 if declared else chunks()
    answer = await gate.client.post(
        "/stream/token", headers={"Authorization": f"Bearer {gate.session()}"}, content=body
    )
    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Digest username=x", "x"])
async def test_other_schemes_are_refused(gate, value):
    answer = await gate.client.post("/stream/token", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_missing")


async def test_two_authorization_headers_are_one_too_many(gate):
    token = f"Bearer {gate.session()}"
    answer = await gate.client.post("/stream/token", headers=[("Authorization", token), ("Authorization", "Bearer x")])
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_malformed")


async def test_a_request_id_is_taken_from_a_proxy_only(gate_with):
    async with gate_with(trusted_proxies=PROXY) as gate:
        wanted = {"X-Request-Id": "abcdef-123456"}
        assert (await gate.client.get("/livez", headers=wanted)).headers["x-request-id"] != "abcdef-123456"
        behind = gate.from_address("10.0.0.9")
        assert (await behind.get("/livez", headers=wanted)).headers["x-request-id"] == "abcdef-123456"
        broken = await behind.get("/livez", headers={"X-Request-Id": 'x","status":200'})
        assert broken.headers["x-request-id"] != 'x","status":200'


async def test_the_docs_page_loads_nothing_from_elsewhere(gate):
    page = (await gate.client.get("/docs")).text
    assert "/stream/token" in page
    assert "<script" not in page
    assert "//" not in page.replace("https://", "").replace("http://", "") or "src=" not in page
