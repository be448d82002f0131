"""Sessions from cookies over HTTP: only on the token routes, only without a header, only from a known page."""

import time

import pytest

from support import authjs

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")

PAGE = "https://app.example.com"
SAME = {"Sec-Fetch-Site": "same-origin"}
FACES = ["/stream/token", "/api/chat/token"]


@pytest.fixture
async def gate(gate_with):
    async with gate_with(**authjs.settings(), cors_origins=(PAGE,), session_token_bytes=12_288) as opened:
        yield opened


def session(**changes):
    return authjs.seal_5(authjs.claims(time.time(), **changes)).decode()


def cookie(value=None, name=authjs.SECURE):
    return {"Cookie": f"theme=dark; {name}={value or session()}"}


async def post(gate, *headers, path="/stream/token"):
    return await gate.client.post(path, headers={name: value for one in headers for name, value in one.items()})


async def reason(gate, *headers, path="/stream/token"):
    answer = await post(gate, *headers, path=path)
    assert answer.status_code != 200
    return answer.json()["reason"]


@pytest.mark.parametrize("path", FACES)
@pytest.mark.parametrize("known", [SAME, {"Origin": PAGE}, {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}])
async def test_a_cookie_from_a_known_page(gate, path, known):
    answer = await post(gate, cookie(), known, path=path)
    assert answer.status_code == 200
    assert authjs.ADA in answer.text


@pytest.mark.parametrize("path", FACES)
@pytest.mark.parametrize(
    "unknown",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "Same-Origin"},
        {"Origin": "http://gate.test"},
    ],
)
async def test_a_cookie_from_nobody_knows_where(gate, path, unknown):
    answer = await post(gate, cookie(), unknown, path=path)
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_missing")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", PAGE + ".evil.example", PAGE.upper()])
async def test_a_cookie_from_a_page_that_is_another(gate, origin):
    assert await reason(gate, cookie(), {"Origin": origin}, SAME) == "origin_refused"


async def test_a_name_that_was_pointed_at_this_machine(gate):
    """DNS rebinding: origin and host agree, and a browser says nothing of fetches to plain http."""
    rebound = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}
    assert await reason(gate, cookie(), rebound) == "token_missing"


async def test_the_status_of_the_caller_too(gate):
    answer = await gate.client.get(
        "/api/chat/token", headers={**cookie(session(sub=f"nobody-yet-{time.time_ns()}")), **SAME}
    )
    assert answer.json()["reason"] == "user_not_in_chat"
    answer = await gate.client.get("/api/chat/token", headers=cookie())
    assert answer.json()["reason"] == "token_missing"


async def test_a_header_counts_before_a_cookie_and_never_beside_it(gate):
    other = {"Authorization": f"Bearer {session(sub='someone-else')}"}
    assert (await post(gate, cookie(), SAME, other)).json()["user_id"] == "someone-else"
    for bad in ("Bearer garbage", "Bearer ", "Basic dXNlcjpwYXNz", ""):
        assert await reason(gate, cookie(), SAME, {"Authorization": bad}) in {"token_malformed", "token_missing"}


async def test_a_session_in_chunks(gate):
    for name in ("v5 large", "v4 large"):
        gate.clock.shift = authjs.now() + 5 - time.time()
        chunks = {"Cookie": "; ".join(reversed(authjs.vector(name)["cookies"]))}
        assert (await post(gate, chunks, SAME)).json()["user_id"] == authjs.ADA
        first = {"Cookie": authjs.vector(name)["cookies"][1]}
        assert await reason(gate, first, SAME) == "token_malformed"


async def test_cookies_on_two_lines_are_one_header(gate):
    name, half = authjs.SECURE, session()
    lines = [("Cookie", f"{name}.0={half[:200]}"), ("Cookie", f"{name}.1={half[200:]}"), *SAME.items()]
    assert (await gate.client.post("/stream/token", headers=lines)).json()["user_id"] == authjs.ADA
    assert (await gate.client.post("/stream/token", headers=lines[1:])).json()["reason"] == "token_malformed"
    twice = [("Cookie", f"{name}={half}"), ("Cookie", f"{name}={session(sub='someone-else')}"), *SAME.items()]
    assert (await gate.client.post("/stream/token", headers=twice)).json()["reason"] == "token_malformed"


async def test_a_signed_token_is_no_cookie(gate):
    assert await reason(gate, cookie(gate.session()), SAME) == "token_malformed"


@pytest.mark.parametrize(
    ("value", "why"),
    [("x" * 12_289, "token_too_large"), ("garbage", "token_malformed"), ("a.b.c.d", "token_malformed")],
)
async def test_cookies_that_hold_no_session(gate, value, why):
    assert await reason(gate, cookie(value), SAME) == why


async def test_other_cookies_are_nobodys_session(gate):
    assert await reason(gate, cookie(name="session"), SAME) == "token_missing"


async def test_only_the_names_that_are_listed(gate_with):
    async with gate_with(**authjs.settings(), authjs_cookies=("__Host-app",)) as gate:
        value = authjs.seal_5(authjs.claims(time.time()), authjs.key_5(cookie="__Host-app")).decode()
        assert (await post(gate, cookie(value, "__Host-app"), SAME)).status_code == 200
        assert await reason(gate, cookie(value), SAME) == "token_missing"
        assert await reason(gate, cookie(name="__Host-app"), SAME) == "key_unknown"


async def test_without_auth_js_no_cookie_is_looked_at(gate_with):
    async with gate_with() as gate:
        assert await reason(gate, cookie(gate.session()), SAME) == "token_missing"
        answer = await gate.client.post("/stream/token", headers={"Origin": "https://app.example.com"})
        assert "access-control-allow-credentials" not in answer.headers


async def test_the_browser_may_send_cookies_from_listed_pages_only(gate):
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    answer = await gate.client.options("/stream/token", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-credentials"]) == (204, "true")
    assert answer.headers["access-control-allow-origin"] == PAGE
    answer = await post(gate, cookie(), {"Origin": PAGE})
    assert answer.headers["access-control-allow-credentials"] == "true"
    answer = await post(gate, cookie(), {"Origin": "https://evil.example"})
    assert "access-control-allow-credentials" not in answer.headers


async def test_production_takes_cookies_that_nobody_can_plant_and_over_https_only(gate_with):
    from tidegate.settings import Environment

    changed = authjs.settings() | {"environment": Environment.PRODUCTION, "trusted_proxies": ()}
    async with gate_with(**changed, wait=False) as gate:
        assert await reason(gate, cookie(), SAME) == "https_required"
