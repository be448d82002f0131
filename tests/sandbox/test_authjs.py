"""The sandbox as an app with Auth.js: its sessions opened by joserfc, its session route over a socket."""

import json

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from support import authjs as forged
from tidegate.clock import ManualClock
from tidegate.sandbox import REMOVED, AuthjsApp, Failure
from tidegate.sandbox.authjs import CHUNK, COOKIES, VERSIONS
from tidegate.sandbox.commanding import command, fetch_session

NOW = 1_700_000_000
REGISTRY = jwe.JWERegistry(algorithms=["dir", "A256CBC-HS512", "A256GCM"])


def made(version, secret=forged.SECRET):
    return AuthjsApp("https://app.example.com", version, ManualClock(NOW), secret)


def opened(token, version, secret=forged.SECRET):
    key = forged.key_4(secret) if version == 4 else forged.key_5(secret, COOKIES[5])
    found = jwe.decrypt_compact(token, OctKey.import_key(key), registry=REGISTRY)
    return found.protected, json.loads(found.plaintext)


@pytest.mark.parametrize("version", [4, 5])
def test_its_sessions_open_with_the_secret_alone(version):
    header, claims = opened(made(version).session("grace"), version)
    kid = {"kid": forged.thumbprint(forged.key_5(forged.SECRET, COOKIES[5]))} if version == 5 else {}
    assert header == {"alg": "dir", "enc": "A256GCM" if version == 4 else "A256CBC-HS512", **kid}
    assert (claims["name"], claims["iat"], claims["exp"]) == ("Grace Hopper", NOW, NOW + 30 * 86_400)
    assert claims.keys() == {"name", "email", "picture", "sub", "iat", "exp", "jti"}


def test_ways_to_differ():
    app = made(5)
    assert opened(app.session(expired=True, sub="a", name=REMOVED), 5)[1]["sub"] == "a"
    assert opened(app.session(impersonated_by="b"), 5)[1]["act"] == {"sub": "b"}
    assert opened(app.session(header={"typ": "JWT"}), 5)[0]["typ"] == "JWT"
    for way in ({"pending": True}, {"kind": "machine"}, {"algorithm": "RS256"}):
        with pytest.raises(ValueError, match=r"Auth\.js"):
            app.session(**way)


def test_a_long_session_is_cut_into_cookies_in_order():
    app = made(5)
    short, long = app.session(), app.session(padding="x" * 8_000)
    assert app.cookie_header(short) == f"authjs.session-token={short}"
    parts = [one.split("=", 1) for one in app.cookie_header(long).split("; ")]
    assert [name for name, _ in parts] == [f"authjs.session-token.{number}" for number in range(len(parts))]
    assert "".join(value for _, value in parts) == long
    assert max(len(value) for _, value in parts) == CHUNK


def test_a_new_secret_ends_what_the_old_one_made():
    app = made(5)
    old = app.rotate()
    assert old == forged.SECRET != app.secret
    assert opened(app.session(), 5, app.secret)[1]["name"] == "Ada Lovelace"


@pytest.mark.parametrize("name", VERSIONS)
def test_its_session_route_knows_those_of_its_database(server, web, name):
    app = server.sandbox.app_as(name)
    token = app.session("hedy", kind="database")
    url = app.settings()["TIDEGATE_AUTHJS_SESSION_URL"]

    def asked(value):
        return web.get(url, headers={"Cookie": f"{app.cookie}={value}"})

    found = asked(token).json()
    assert (found["user"]["name"], found["user"]["id"][0]) == ("Hedy Lamarr", "c")
    assert asked("another").json() == (None if name == "authjs" else {})
    assert asked(app.session(kind="database", exp=1)).json() == asked("another").json()
    assert (app.asked, web.get(f"{app.url}/elsewhere").status_code) == (4, 404)
    app.fail(Failure.UNAVAILABLE)
    assert asked(token).status_code == 503
    app.fail(Failure.WRONG_BODY)
    assert "html" in asked(token).headers["content-type"]
    app.fail(Failure.REDIRECT)
    assert asked(token).status_code == 302
    app.fail(None)
    app.sign_out(token)
    assert asked(token).json() == asked("another").json()


def test_over_the_control_routes(announced_sandbox):
    file, app = announced_sandbox.runtime_file, announced_sandbox.sandbox.app_as("authjs")
    assert opened(fetch_session(file, **{"as": "authjs"}, sub="me"), 5, app.secret)[1]["sub"] == "me"
    cookie = fetch_session(file, **{"as": "nextauth", "cookie": True})
    assert cookie.startswith("next-auth.session-token=ey")
    before = app.secret
    assert command(file, "POST", "/rotate", {"as": "authjs"})["AUTH_SECRET"] == app.secret != before
    command(file, "PUT", "/failure", {"as": "authjs", "mode": "down"})
    assert app.failing()[0] is Failure.DOWN
