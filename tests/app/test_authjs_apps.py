"""Two apps with Auth.js behind one service, over HTTP: version 5 and version 4 side by side, each asked for its own."""

import pytest
from pydantic import SecretStr

from support.gate import open_gate
from tidegate.metrics import REGISTRY
from tidegate.settings import IssuerConfig
from tidegate.tokens.mapping import SubjectMapping

pytestmark = pytest.mark.anyio

FACES = ["/stream/token", "/api/chat/token"]
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
NAMES = ("authjs", "nextauth")


@pytest.fixture(params=["asgi", "shortcut"])
def way(request):
    return request.param


def given(sandbox, **changes):
    """The app of the variables is version 5; the further one is version 4."""
    first, second = (sandbox.sandbox.app_as(name) for name in NAMES)
    shared = {"name": "authjs", "kind": "authjs", "issuer": "authjs", "clock_skew_seconds": 15}
    own = {**shared, **second.element("nextauth"), "issuer": "nextauth", "namespace": "old"}
    del own["preset"]  # with it the issuer would follow from the variables
    return {
        "issuers": tuple(IssuerConfig.model_validate(one) for one in (shared, own)),
        "auth_secrets": (SecretStr(first.secret),),
        "authjs_app_secrets": (SecretStr(f"nextauth:{second.secret}"),),
        "authjs_cookies": (first.cookie,),
        "authjs_session_url": first.settings()["TIDEGATE_AUTHJS_SESSION_URL"],
        **changes,
    }


@pytest.fixture
async def gate(sandbox, tmp_path, way):
    async with open_gate(sandbox, tmp_path, way=way, **given(sandbox)) as opened:
        yield opened


def user_id(answer):
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body.get("user_id") or body["user"]["id"]


@pytest.mark.parametrize("path", FACES)
async def test_each_apps_people_by_bearer_and_by_cookie(gate, path):
    for name, namespace in zip(NAMES, (None, "old"), strict=True):
        app = gate.sandbox.sandbox.app_as(name)
        expected = SubjectMapping().user_id(namespace, "grace-7")
        session = app.session("grace", sub="grace-7")
        assert user_id(await gate.exchange(session, path)) == expected
        for padding in ({}, {"padding": "x" * 4_000}):
            cookie = {"Cookie": app.cookie_header(app.session("grace", sub="grace-7", **padding))}
            assert user_id(await gate.client.post(path, headers={**SAME_ORIGIN, **cookie})) == expected
            refused = await gate.client.post(path, headers=cookie)
            assert (refused.status_code, refused.json()["reason"]) == (401, "token_missing")


async def test_sessions_in_a_database_are_asked_of_their_own_app(gate):
    one, two = (gate.sandbox.sandbox.app_as(name) for name in NAMES)
    before = (one.asked, two.asked)
    session = two.session("grace", sub="grace-7", kind="database")
    cookie = {**SAME_ORIGIN, "Cookie": two.cookie_header(session)}
    expected = SubjectMapping().user_id("old", "grace-7")
    assert user_id(await gate.client.post("/stream/token", headers=cookie)) == expected
    assert user_id(await gate.exchange(f"{two.cookie}={session}")) == expected
    assert (one.asked, two.asked) == (before[0], before[1] + 1)
    answer = await gate.exchange(session)
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_malformed")
    wrong = {**SAME_ORIGIN, "Cookie": f"{one.cookie}={session}"}
    answer = await gate.client.post("/stream/token", headers=wrong)
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_expired")
    assert two.asked == before[1] + 1


async def test_a_session_under_the_other_apps_cookie_is_nobodys(gate):
    one, two = (gate.sandbox.sandbox.app_as(name) for name in NAMES)
    for app, other in ((one, two), (two, one)):
        headers = {**SAME_ORIGIN, "Cookie": f"{other.cookie}={app.session('grace')}"}
        answer = await gate.client.post("/stream/token", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["reason"] in {"algorithm_not_allowed", "key_unknown", "signature_invalid"}


async def test_where_both_cookies_come_along_the_primary_app_counts(gate):
    both = "; ".join(
        gate.sandbox.sandbox.app_as(name).cookie_header(
            gate.sandbox.sandbox.app_as(name).session("grace", sub="grace-7")
        )
        for name in reversed(NAMES)
    )
    assert user_id(await gate.client.post("/stream/token", headers={**SAME_ORIGIN, "Cookie": both})) == "grace-7"


async def test_each_app_has_its_own_bounds(sandbox, tmp_path):
    one, two = (sandbox.sandbox.app_as(name) for name in NAMES)
    async with open_gate(sandbox, tmp_path, **given(sandbox, authjs_lookups_per_minute=2)) as gate:
        for number in range(2):
            assert (await gate.exchange(f"{one.cookie}=session-of-nobody-{number}")).status_code == 401
        answer = await gate.exchange(f"{one.cookie}=session-of-nobody-2")
        assert (answer.status_code, answer.json()["reason"]) == (429, "limit_address")
        session = two.session("grace", kind="database")
        assert (await gate.exchange(f"{two.cookie}={session}")).status_code == 200
        up = [REGISTRY.get_sample_value("tidegate_session_route_up", {"issuer": name}) for name in NAMES]
        ready = (await gate.client.get("/readyz?verbose")).json()["checks"]
    assert up == [1, 1]
    assert [ready[f"session route of {name}"] for name in NAMES] == ["answers", "answers"]
