"""Bans, deactivation and revocation at Stream's stand-in, over HTTP."""

import json
import time

import pytest

from tidegate.sandbox.stream_moderation import template, user_of


@pytest.fixture
def people(stream):
    stream.users.put("ada")
    stream.users.put("mod")
    return stream.users


def seen(backend, **more):
    payload = {"filter_conditions": {"id": "ada"}, **more}
    return backend.get("/users", params={"payload": json.dumps(payload)}).json()["users"]


def ban(backend, **body):
    return backend.post("/moderation/ban", json={"target_user_id": "ada", "user_id": "mod", **body})


def test_a_ban_is_seen_and_lifted(people, backend):
    assert ban(backend, reason="spam").status_code == 201
    assert seen(backend)[0]["banned"] is True
    assert backend.delete("/moderation/ban", params={"target_user_id": "ada", "created_by": "mod"}).status_code == 200
    assert people["ada"]["banned"] is False


def test_a_ban_ends_by_itself_and_a_later_one_takes_its_place(people, backend, stream):
    ban(backend, timeout=10)
    ban(backend, timeout=1)
    stream.fault("clock", seconds=61)
    assert seen(backend)[0]["banned"] is False
    stream.clear_faults()
    ban(backend, timeout=1)
    ban(backend)
    stream.fault("clock", seconds=3_600)
    assert people["ada"]["banned"] is True


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"target_user_id": "nobody"}, 16), ({"user_id": "nobody"}, 16), ({"user_id": None}, 4),
        ({"timeout": 0}, 4), ({"timeout": True}, 4), ({"timeout": "1"}, 4), ({"reason": 7}, 4), ({"shadow": True}, 4),
        ({"type": "messaging"}, 4),
    ],
)  # fmt: skip
def test_bans_that_are_refused(people, backend, body, code):
    assert ban(backend, **body).json()["code"] == code
    assert people["ada"]["banned"] is False


@pytest.mark.usefixtures("people")
def test_a_deactivated_user_is_hidden_and_locked_out(backend, calling):
    session = calling(user_id="ada", iat=1)
    assert session.get("/users").status_code == 200
    answer = backend.post("/users/ada/deactivate", json={})
    assert answer.status_code == 201
    assert answer.json()["user"]["deactivated_at"]
    assert (session.get("/users").status_code, session.get("/users").json()["code"]) == (401, 5)
    assert seen(backend) == []
    assert seen(backend, include_deactivated_users=True)[0]["id"] == "ada"
    assert backend.post("/users/ada/deactivate", json={}).json()["code"] == 4
    assert backend.post("/users/ada/reactivate", json={}).status_code == 201
    assert backend.post("/users/ada/reactivate", json={}).json()["code"] == 4
    assert session.get("/users").status_code == 200


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", ["/users/nobody/deactivate", "/users/nobody/reactivate"])
def test_unknown_users(backend, path):
    assert backend.post(path, json={}).json()["code"] == 16
    answer = backend.delete("/moderation/ban", params={"target_user_id": "nobody", "created_by": "mod"})
    assert answer.json()["code"] == 16


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", ["/users/ada/deactivate", "/users/ada/reactivate", "/moderation/ban"])
def test_a_user_may_do_none_of_it(calling, path):
    assert calling(user_id="ada").post(path, json={}).json()["code"] == 17


@pytest.mark.usefixtures("people")
def test_the_apps_revocation_ends_everybodys_tokens(calling, stream):
    stream.limits.burst = False
    now = int(time.time())
    old, new = calling(user_id="ada", iat=now - 60), calling(user_id="ada", iat=now - 30)
    server = calling(server=True, iat=now - 30)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 45))
    assert server.patch("/app", json={"revoke_tokens_issued_before": stamp}).status_code == 200
    assert server.get("/app").json()["app"]["revoke_tokens_issued_before"] == stamp
    assert old.get("/users").json()["code"] == 40
    assert new.get("/users").status_code == 200
    assert server.patch("/app", json={"revoke_tokens_issued_before": "today"}).json()["code"] == 4
    assert server.patch("/app", json={"name": "other"}).json()["code"] == 4
    assert server.patch("/app", json={"revoke_tokens_issued_before": None}).status_code == 200
    assert old.get("/users").status_code == 200


def test_paths_and_the_users_in_them():
    assert template("/users/a@b/deactivate") == "/users/{id}/deactivate"
    assert template("/users") == "/users"
    assert user_of("/users/a@b/reactivate") == "a@b"
