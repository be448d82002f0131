import base64
import json

import pytest

from tidegate.sandbox import PEOPLE, REMOVED, SandboxServer, commanding, control, runtime
from tidegate.sandbox.commanding import ControlError

COMMANDS = [
    ("GET", "/"),
    ("POST", "/session"),
    ("POST", "/rotate"),
    ("PUT", "/failure"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("PUT", "/users/ada"),
    ("GET", "/requests"),
    ("POST", "/credentials"),
    ("DELETE", "/credentials/one"),
]


def claims_of(token):
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.fixture
def file(server, tmp_path):
    path = tmp_path / runtime.FILE_NAME
    runtime.write(path, server.sandbox.running())
    return path


@pytest.fixture
def operator(server, web):
    web.base_url = server.url + commanding.PREFIX
    web.headers["Authorization"] = f"Bearer {server.sandbox.running().control_token}"
    return web


@pytest.mark.parametrize(("method", "path"), COMMANDS)
def test_anonymous_first(server, web, method, path):
    answer = web.request(method, server.url + commanding.PREFIX + path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert 'token":' not in answer.text


@pytest.mark.parametrize("given", ["Bearer", "Bearer wrong", "Basic {}", "{}", "bearer {}", "Bearer {}x", "Bearer é"])
def test_any_other_token(server, web, given):
    token = server.sandbox.running().control_token
    headers = {"Authorization": given.format(token).encode()}

    assert web.get(f"{server.url}/_sandbox/", headers=headers).status_code == 401


@pytest.mark.parametrize(("method", "path"), COMMANDS)
def test_a_name_that_was_bound_to_loopback(operator, method, path):
    answer = operator.request(method, path, headers={"Host": "attacker.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:81", 200),
        ("127.9.9.9", 200),
        ("localhost:1234", 200),
        ("LOCALHOST", 200),
        ("[::1]:80", 200),
        ("10.0.0.1", 403),
        ("0.0.0.0", 403),
        ("localhost.attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("attacker.example#127.0.0.1", 403),
        ("127.0.0.1@attacker.example", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_hosts(operator, host, status):
    assert operator.get("/", headers={"Host": host}).status_code == status


def test_the_host_is_checked_before_the_token(server, web):
    assert web.get(f"{server.url}/_sandbox/", headers={"Host": "attacker.example"}).status_code == 403


def test_status(server, operator):
    status = operator.get("/").json()

    assert status["issuer"] == server.issuer_url
    assert status["people"]["ada"] == PEOPLE["ada"].subject


def test_a_session(server, operator):
    body = {"person": "grace", "claims": {"life": 600, "aud": "app"}, "without": ["azp"]}
    answer = operator.post("/session", json=body)
    claims = claims_of(answer.json()["token"])

    assert answer.headers["cache-control"] == "no-store"
    assert (claims["sub"], claims["exp"] - claims["iat"], claims["aud"]) == (PEOPLE["grace"].subject, 600, "app")
    assert claims["iss"] == server.issuer_url
    assert "azp" not in claims


@pytest.mark.parametrize(
    "body",
    [
        {"person": "nobody"},
        {"algorithm": "HS256"},
        {"kid": "unknown"},
        {"claims": {"life": "long"}},
        {"claims": 5},
        {"without": 5},
        {"header": 5},
        [],
    ],
)
def test_sessions_that_cannot_be(operator, body):
    answer = operator.post("/session", json=body)

    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}


def test_bodies_are_bounded_and_json(operator):
    assert operator.post("/session", content=b"{").status_code == 400
    assert operator.post("/session", content=b" " * (control.BODY_OCTETS + 1)).status_code == 400


def test_rotation(server, operator):
    before = server.sandbox.provider.kid()
    answer = operator.post("/rotate", json={"keep_old": False}).json()

    assert answer == {"old_kid": before, "kid": server.sandbox.provider.kid()}
    assert before not in {jwk["kid"] for jwk in server.sandbox.provider.jwks()["keys"]}


def test_failure_of_the_provider(server, operator):
    operator.put("/failure", json={"mode": "unavailable"})
    assert operator.get(server.sandbox.provider.jwks_url).status_code == 503

    operator.put("/failure", json={"mode": None})
    assert operator.get(server.sandbox.provider.jwks_url).status_code == 200
    assert operator.put("/failure", json={"mode": "sulking"}).status_code == 400


def test_faults_of_stream(operator, backend):
    assert operator.post("/faults", json={"kind": "plain_error", "status": 502}).status_code == 201
    assert backend.get("/app").status_code == 502

    operator.delete("/faults")
    assert backend.get("/app").status_code == 200
    assert operator.post("/faults", json={"kind": "flood"}).status_code == 400


def test_users_and_requests(operator, backend):
    operator.put("/users/ada", json={"online": True, "profile_type": "pro"})
    assert backend.get("/users").json()["users"][0]["profile_type"] == "pro"

    seen = operator.get("/requests").json()["requests"]
    assert seen == [{"method": "GET", "path": "/users", "body": None}]


def test_fetching_a_session(file):
    claims = claims_of(commanding.fetch_session(file, person="alan", pending=True, azp=REMOVED))

    assert (claims["sub"], claims["sts"]) == (PEOPLE["alan"].subject, "pending")
    assert "azp" not in claims


def test_what_the_sandbox_refuses_is_told(file):
    with pytest.raises(ControlError, match=r"refused \(400\)"):
        commanding.fetch_session(file, person="nobody")


def test_a_sandbox_that_has_gone(tmp_path):
    with SandboxServer(state_dir=tmp_path) as server:
        left_over = server.sandbox.running()
    path = tmp_path / runtime.FILE_NAME
    runtime.write(path, left_over)

    with pytest.raises(ControlError, match="does not answer") as caught:
        commanding.fetch_session(path)
    assert left_over.control_token not in str(caught.value)


def test_something_else_on_its_port(server, file):
    elsewhere = runtime.Running(server.stream_url, "", "", "token")
    runtime.write(file, elsewhere)

    with pytest.raises(ControlError):
        commanding.fetch_session(file)


def test_a_second_pair_is_good_until_it_is_dropped(operator, server):
    sandbox = server.sandbox
    pair = operator.post("/credentials").json()
    assert sandbox.stream.further_pairs == {pair["api_key"]: pair["api_secret"]}
    assert sandbox.provider.jwks()["tidegate_sandbox"] == [sandbox.stream.api_key, pair["api_key"]]
    assert operator.delete(f"/credentials/{pair['api_key']}").json() == {"dropped": True}
    assert operator.delete(f"/credentials/{pair['api_key']}").json() == {"dropped": False}
    assert sandbox.stream.further_pairs == {}
    assert sandbox.provider.jwks()["tidegate_sandbox"] == sandbox.stream.api_key
