import json
import time
from email.utils import parsedate_to_datetime
from urllib.parse import quote_plus

import httpx2
import pytest

from tidegate.sandbox.stream import ENDPOINTS
from tidegate.sandbox.stream_errors import STATUSES
from tidegate.sandbox.stream_routes import BODY_OCTETS


def error_of(answer):
    """The answer's code, after a check of the whole shape."""
    body = answer.json()
    assert {"code", "message", "StatusCode", "duration", "more_info"} <= body.keys()
    assert body["StatusCode"] == answer.status_code
    return body["code"]


def users_of(client, conditions, **more):
    payload = json.dumps({"filter_conditions": conditions, **more})
    return client.get("/users", params={"payload": payload})


@pytest.mark.parametrize(("method", "path"), list(ENDPOINTS))
def test_anonymous_first(server, web, method, path):
    answer = web.request(method, server.stream_url + path)
    assert (answer.status_code, error_of(answer)) == (401, 2)

    answer = web.request(method, server.stream_url + path, params={"api_key": server.sandbox.stream.api_key})
    assert (answer.status_code, error_of(answer)) == (401, 5)


@pytest.mark.parametrize(("method", "path"), list(ENDPOINTS))
def test_every_answer_has_its_figures(calling, method, path):
    for client in (calling(server=True), calling(server=True, exp=1)):
        answer = client.request(method, path)
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "date"} <= answer.headers.keys()
        assert answer.json()["duration"].endswith("ms")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, 5),
        ({"server": True, "exp": 1}, 40),
        ({"server": True, "nbf": 2_000_000_000}, 41),
        ({"server": True, "iat": 4_000_000_000}, 42),
    ],
)
def test_refused_tokens(calling, claims, code):
    answer = calling(**claims).get("/app")

    assert (answer.status_code, error_of(answer)) == (401, code)


def test_a_secret_that_was_rotated(server, backend):
    secret = server.sandbox.stream.api_secret
    server.sandbox.stream.api_secret = "another-secret-altogether-0123456789"
    try:
        assert error_of(backend.get("/app")) == 43
    finally:
        server.sandbox.stream.api_secret = secret


def test_the_auth_type_is_demanded(backend):
    assert error_of(backend.get("/app", headers={"Stream-Auth-Type": "anonymous"})) == 5


def test_a_bearer_scheme_is_tolerated(backend):
    assert (
        backend.get("/app", headers={"Authorization": f"Bearer {backend.headers['authorization']}"}).status_code == 200
    )


def test_the_app(stream, backend):
    stream.app_settings["disable_permissions_checks"] = True
    app = backend.get("/app").json()["app"]

    assert app["disable_permissions_checks"] is True
    assert app["disable_auth_checks"] is app["suspended"] is app["multi_tenant_enabled"] is False
    assert app["revoke_tokens_issued_before"] is None


def test_the_rate_limits(backend):
    backend.get("/app")
    params = {"server_side": "true", "endpoints": "GetApp,QueryUsers"}
    answer = backend.get("/rate_limits", params=params).json()

    assert answer.keys() == {"server_side", "duration"}
    assert answer["server_side"]["GetApp"]["remaining"] == 9_999
    assert answer["server_side"]["QueryUsers"]["limit"] == 1_000
    assert backend.get("/rate_limits").json().keys() >= {"server_side", "android", "ios", "web"}


def test_users_come_and_go_flat(stream, backend):
    written = backend.post("/users", json={"users": {"ada": {"id": "ada", "name": "Ada", "profile_type": "pro"}}})
    assert written.status_code == 201
    stream.users.put("ada", online=True, last_active="2026-01-01T00:00:00.000000Z")
    patched = backend.patch("/users", json={"users": [{"id": "ada", "set": {"account_type": "free"}}]})
    assert patched.status_code == 200

    (seen,) = users_of(backend, {"id": {"$in": ["ada", "nobody"]}}).json()["users"]
    assert seen == patched.json()["users"]["ada"]
    assert {"profile_type": "pro", "account_type": "free", "online": True, "role": "user"}.items() <= seen.items()
    assert {"id", "name", "banned", "created_at", "updated_at", "last_active"} <= seen.keys()


@pytest.mark.parametrize(
    "body", [None, "[]", '{"users": 5}', '{"users": {}}', "{", '{"users": {"a.b": {"id": "a.b"}}}']
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_bodies_that_are_refused(stream, backend, method, body):
    answer = backend.request(method, "/users", content=body)

    assert (answer.status_code, error_of(answer)) == (400, 4)
    assert len(stream.users) == 0


def test_a_patch_of_somebody_unknown(backend):
    answer = backend.patch("/users", json={"users": [{"id": "ada", "set": {}}]})

    assert (answer.status_code, error_of(answer)) == (404, 16)


def test_fields_at_fault_are_named(backend):
    answer = backend.post("/users", json={"users": {"ada": {"id": "ada", "name": 5}}})

    assert answer.json()["exception_fields"] == {"name": "not a string"}


def test_a_body_that_is_too_big(backend):
    answer = backend.post("/users", content=b" " * (BODY_OCTETS + 1))

    assert (answer.status_code, error_of(answer)) == (413, 22)


@pytest.mark.parametrize(
    ("conditions", "more", "expected"),
    [
        ({}, {}, ["c", "a", "b"]),
        ({"id": "a"}, {}, ["a"]),
        ({"id": {"$eq": "b"}}, {}, ["b"]),
        ({"id": {"$in": ["a", "b"]}}, {"sort": [{"field": "id", "direction": -1}]}, ["b", "a"]),
        ({}, {"sort": [{"field": "id"}], "limit": 2}, ["a", "b"]),
        ({}, {"sort": [{"field": "id"}], "limit": 2, "offset": 2}, ["c"]),
        ({}, {"sort": [{"field": "last_active", "direction": -1}, {"field": "id"}]}, ["b", "a", "c"]),
    ],
)
def test_queries(stream, backend, conditions, more, expected):
    for user_id in ("c", "a", "b"):
        stream.users.put(user_id)
    stream.users.put("b", last_active="2026-01-01T00:00:00Z")

    assert [user["id"] for user in users_of(backend, conditions, **more).json()["users"]] == expected


def test_a_query_answers_thirty_unless_told(stream, backend):
    for number in range(120):
        stream.users.put(f"u{number}")

    assert len(users_of(backend, {}).json()["users"]) == 30
    assert len(users_of(backend, {}, limit=100).json()["users"]) == 100


@pytest.mark.parametrize(
    ("conditions", "more"),
    [
        ({"name": "Ada"}, {}),
        ({"id": {"$gt": "a"}}, {}),
        ({"id": {"$in": [1]}}, {}),
        ({"id": {"$in": "ada"}}, {}),
        ({"id": {"$in": [], "$eq": "a"}}, {}),
        ({"$and": []}, {}),
        ("ada", {}),
        ({}, {"limit": 101}),
        ({}, {"limit": True}),
        ({}, {"offset": -1}),
        ({}, {"sort": "id"}),
        ({}, {"sort": [{"field": "name"}]}),
    ],
)
def test_queries_that_are_not_modelled(backend, conditions, more):
    assert error_of(users_of(backend, conditions, **more)) == 4


def test_a_payload_that_is_no_json(backend):
    assert error_of(backend.get("/users", params={"payload": "{"})) == 4
    assert error_of(backend.get("/users", params={"payload": "[]"})) == 4


def test_a_user_sees_itself(stream, browser):
    stream.users.put("ada", name="Ada")
    stream.users.put("grace", name="Grace")

    assert [user["id"] for user in browser.get("/users").json()["users"]] == ["ada"]
    assert [user["id"] for user in users_of(browser, {"id": "ada"}).json()["users"]] == ["ada"]


def test_a_user_that_stream_does_not_know_yet(browser):
    answer = browser.get("/users")

    assert (answer.status_code, answer.json()["users"]) == (200, [])


def test_a_user_has_no_other_permission(stream, browser):
    stream.users.put("grace")
    answers = [
        users_of(browser, {"id": "grace"}),
        users_of(browser, {"id": {"$in": ["ada", "grace"]}}),
        browser.get("/app"),
        browser.get("/rate_limits"),
        browser.post("/users", json={"users": {"ada": {"id": "ada", "role": "admin"}}}),
        browser.patch("/users", json={"users": [{"id": "grace", "set": {"role": "admin"}}]}),
    ]

    assert [(answer.status_code, error_of(answer)) for answer in answers] == [(403, 17)] * len(answers)


def test_a_revoked_user(backend, calling):
    backend.post("/users", json={"users": {"ada": {"id": "ada"}}})
    revoke = {"users": [{"id": "ada", "set": {"revoke_tokens_issued_before": "2023-11-14T22:13:20Z"}}]}
    assert backend.patch("/users", json=revoke).status_code == 200

    before, at, without = (calling(user_id="ada", **iat) for iat in ({"iat": 1699999999}, {"iat": 1700000000}, {}))
    assert error_of(before.get("/users")) == 40
    assert at.get("/users").status_code == 200
    assert error_of(without.get("/users")) == 40
    assert backend.get("/app").status_code == 200

    revoke["users"][0]["set"]["revoke_tokens_issued_before"] = None
    backend.patch("/users", json=revoke)
    assert without.get("/users").status_code == 200


def test_an_app_whose_tokens_are_revoked(stream, calling):
    stream.app_settings["revoke_tokens_issued_before"] = "2023-11-14T22:13:20Z"

    assert error_of(calling(server=True).get("/app")) == 40
    assert calling(server=True, iat=1700000000).get("/app").status_code == 200


def test_an_app_without_auth_checks(stream, backend):
    header, payload, signature = backend.headers["authorization"].split(".")
    forged = {"Authorization": f"{header}.{payload}.{signature[::-1]}"}
    assert error_of(backend.get("/app", headers=forged)) == 43

    stream.app_settings["disable_auth_checks"] = True
    assert backend.get("/app", headers=forged).status_code == 200


def test_a_suspended_app(stream, backend):
    stream.app_settings["suspended"] = True

    assert (backend.get("/users").status_code, error_of(backend.get("/users"))) == (403, 99)
    assert backend.get("/app").json()["app"]["suspended"] is True


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/channels"), ("DELETE", "/users"), ("GET", "/"), ("GET", "/app/")]
)
def test_what_is_not_modelled(backend, method, path):
    answer = backend.request(method, path)

    assert (answer.status_code, error_of(answer)) == (404, 16)


def test_a_real_429(stream, backend):
    stream.limits.exhaust("UpdateUsers")
    answer = backend.post("/users", json={"users": {"ada": {"id": "ada"}}})

    assert (answer.status_code, error_of(answer)) == (429, 9)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) > time.time()
    assert len(stream.users) == 0


def test_a_refused_token_costs_nothing(stream, calling):
    calling(server=True, exp=1).get("/app")

    assert stream.limits.standing("GetApp").remaining == 10_000


class TestFaults:
    def test_latency(self, stream, backend):
        stream.fault("latency", delay=0.15, times=1)
        started = time.monotonic()

        assert backend.get("/app").status_code == 200
        assert time.monotonic() - started >= 0.15

    def test_a_json_error(self, stream, backend):
        stream.fault("error", times=1)
        answer = backend.get("/app")

        assert (answer.status_code, error_of(answer)) == (500, -1)
        assert backend.get("/app").status_code == 200

    @pytest.mark.parametrize(("code", "status"), [*STATUSES.items(), (46, 500)])
    def test_an_error_of_any_code(self, stream, backend, code, status):
        stream.fault("error", code=code)
        answer = backend.get("/app")

        assert (answer.status_code, error_of(answer)) == (status, code)

    def test_an_error_of_any_status(self, stream, backend):
        stream.fault("error", code=4, status=503)

        assert backend.get("/app").status_code == 503

    def test_plain_text_from_the_edge(self, stream, backend):
        stream.fault("plain_error", status=429)
        answer = backend.get("/app")

        assert answer.status_code == 429
        assert answer.headers["content-type"].startswith("text/plain")

    def test_rate_limited(self, stream, backend):
        stream.fault("rate_limited", retry_after=7)
        answer = backend.get("/app")

        assert (answer.status_code, error_of(answer), answer.headers["retry-after"]) == (429, 9, "7")
        stream.clear_faults()
        stream.fault("rate_limited")
        assert "retry-after" not in backend.get("/app").headers

    def test_a_dropped_connection(self, stream, backend):
        stream.fault("drop", method="POST", path="/users")

        with pytest.raises(httpx2.RemoteProtocolError):
            backend.post("/users", json={"users": {"ada": {"id": "ada"}}})
        assert len(stream.users) == 0
        assert backend.get("/users").status_code == 200

    def test_a_page_in_place_of_an_answer(self, stream, backend):
        stream.fault("wrong_body")

        assert "<html>" in backend.get("/app").text

    @pytest.mark.parametrize(
        ("kind", "status", "code"), [("refuse_key", 401, 2), ("refuse_secret", 401, 43), ("suspended", 403, 99)]
    )
    def test_refusals(self, stream, backend, kind, status, code):
        stream.fault(kind)
        answer = backend.get("/app")

        assert (answer.status_code, error_of(answer)) == (status, code)

    @pytest.mark.parametrize(("ahead", "code"), [(-100, 42), (100, 40)])
    def test_a_wrong_clock(self, stream, calling, ahead, code):
        now = int(time.time())
        client = calling(user_id="ada", iat=now - 5, exp=now + 60)
        assert client.get("/users").status_code == 200

        stream.fault("clock", seconds=ahead)
        answer = client.get("/users")
        shown = parsedate_to_datetime(answer.headers["date"]).timestamp()
        assert error_of(answer) == code
        assert abs(shown - now - ahead) < 5

    def test_names_are_checked_at_once(self, stream):
        with pytest.raises(ValueError, match="flood"):
            stream.fault("flood")
        with pytest.raises(TypeError):
            stream.fault("error", colour="red")


def test_calls_are_recorded_byte_for_byte(stream, backend):
    payload = '{"filter_conditions": {"id": {"$in": ["ada"]}}}'
    backend.get("/users", params={"payload": payload})
    backend.post("/users", content=b'{"users": {"ada":{"id":"ada"}}}')
    query, post = stream.requests

    assert (query.method, query.path, query.query["payload"]) == ("GET", "/users", payload)
    assert quote_plus(payload).encode() in query.raw_query
    assert post.raw_body == b'{"users": {"ada":{"id":"ada"}}}'
    assert post.body == {"users": {"ada": {"id": "ada"}}}
    assert post.headers["authorization"] == backend.headers["authorization"]


def test_no_text_form_shows_a_token_or_the_secret(stream, backend):
    backend.get("/app")
    (call,) = stream.requests

    assert backend.headers["authorization"] not in f"{call!r} {call}"
    assert stream.api_secret not in repr(stream)
