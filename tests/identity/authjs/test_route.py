"""The session route over a real socket: what Auth.js answers is understood, everything else is no answer."""

import json
import time

import pytest
from werkzeug import Response

from support import authjs
from tidegate.identity.authjs.route import Person, SessionRoute, can_be_asked
from tidegate.identity.fetch import Fault, FetchError, new_client

pytestmark = pytest.mark.anyio

TOKEN = authjs.OPAQUE.encode()
PATH = "/api/auth/session"
ENDS = "2027-01-16T08:00:00.000Z"


@pytest.fixture
def app(httpserver):
    """What the app answers, once; `asked` is what it was asked."""

    def answers(body, status=200, headers=None, seconds=0):
        def handler(_request):
            time.sleep(seconds)
            return Response(body, status, headers or {"Content-Type": "application/json"})

        httpserver.expect_request(PATH).respond_with_handler(handler)
        return httpserver

    return answers


async def ask(server, token=TOKEN, **changed):
    limits = {"timeout_seconds": 2.0, "max_bytes": 4096, "loopback_http": True} | changed
    route = SessionRoute(new_client(), server.url_for(PATH), authjs.COOKIES, **limits)
    try:
        return await route.ask(token)
    finally:
        await route.aclose()


async def fault(server, **changed):
    with pytest.raises(FetchError) as caught:
        await ask(server, **changed)
    assert authjs.OPAQUE not in str(caught.value)
    return caught.value.fault


@pytest.mark.parametrize("version", [4, 5])
async def test_what_auth_js_answers(app, version):
    person = await ask(app(authjs.answer("known", version)))
    assert person == Person(
        authjs.ADA,
        authjs.now() + 86_400,
        {"name": "Ada Lovelace", "email": "ada@example.com", "picture": "https://img.example.com/ada.png"},
    )


@pytest.mark.parametrize("version", [4, 5])
async def test_a_session_without_an_id_and_none_at_all(app, version):
    assert (await ask(app(authjs.answer("known, without the callback", version)))).id is None


@pytest.mark.parametrize("version", [4, 5])
async def test_no_such_session(app, version):
    assert await ask(app(authjs.answer("unknown", version))) is None


async def test_what_the_app_is_asked(app):
    server = app("null")
    await ask(server)
    ((request, _),) = server.log
    assert request.method == "GET"
    assert request.headers["Cookie"] == "; ".join(f"{name}={authjs.OPAQUE}" for name in authjs.COOKIES)
    assert request.headers["Accept"] == "application/json"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(("given", "read"), [(7, "7"), (0, "0"), ("7", "7"), (2**53, 2**53), (-1, -1), (1.5, 1.5)])
async def test_ids_that_are_numbers(app, given, read):
    person = await ask(app(json.dumps({"user": {"id": given}, "expires": ENDS})))
    assert (person.id, type(person.id)) == (read, type(read))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "true",
        '{"user": {"id": "a", "id": "b"}, "expires": "2027-01-16T08:00:00.000Z"}',
        '{"user": null, "expires": "2027-01-16T08:00:00.000Z"}',
        '{"message": "There was a problem with the server configuration."}',
        '{"user": {"id": "a"}}',
        '{"user": {"id": "a"}, "expires": 1800000000}',
        '{"user": {"id": "a"}, "expires": "soon"}',
        '{"user": {"id": "a"}, "expires": ""}',
        "\ufeffnull",
    ],
)
async def test_answers_that_are_none(app, body):
    assert await fault(app(body.encode())) is Fault.INVALID


@pytest.mark.parametrize("status", [201, 204, 401, 403, 404, 429, 500, 503])
async def test_other_statuses_say_nothing_of_the_session(app, status):
    assert await fault(app("null", status)) is Fault.STATUS


async def test_redirects_are_not_followed(app, httpserver):
    httpserver.expect_request("/elsewhere").respond_with_json(json.loads(authjs.answer("known", 5)))
    assert await fault(app("", 302, {"Location": httpserver.url_for("/elsewhere")})) is Fault.REDIRECT


async def test_too_large(app):
    assert await fault(app(" " * 5000 + "null")) is Fault.TOO_LARGE


async def test_too_late(app):
    assert await fault(app("null", seconds=0.2), timeout_seconds=0.05) is Fault.TIMEOUT


async def test_compressed_answers(app):
    assert await fault(app(b"x", headers={"Content-Encoding": "gzip"})) is Fault.INVALID


async def test_nobody_there(httpserver):
    httpserver.stop()
    try:
        assert await fault(httpserver) is Fault.UNREACHABLE
    finally:
        httpserver.start()


@pytest.mark.parametrize("url", ["http://app.example.com/s", "ftp://127.0.0.1/s", "https://u:p@a.example/s"])
def test_addresses_that_are_not_asked(url):
    with pytest.raises(FetchError):
        SessionRoute(new_client(), url, ("a",), timeout_seconds=1, max_bytes=1, loopback_http=True)


def test_plain_http_to_loopback_in_development_only():
    with pytest.raises(FetchError):
        SessionRoute(new_client(), "http://127.0.0.1/s", ("a",), timeout_seconds=1, max_bytes=1, loopback_http=False)


@pytest.mark.parametrize("token", [TOKEN, b"x" * 16, b"a0._~+/=-bcdefghij", authjs.seal_5({})])
def test_tokens_that_can_be_asked(token):
    assert can_be_asked(token)


@pytest.mark.parametrize(
    "token",
    [b"", b"x" * 15, TOKEN + b";a=b", TOKEN + b" ", TOKEN + b"\r\nX: y", TOKEN + b",", TOKEN + b'"', TOKEN + b"\n"],
)
def test_tokens_that_could_end_a_cookie(token):
    assert not can_be_asked(token)
