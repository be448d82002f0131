"""Documents from a server that means harm, over a real socket."""

import asyncio
import ipaddress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.keyserver import JWKS_PATH, KeyServer, free_port
from tidegate.identity.fetch import DocumentFetcher, Fault, FetchError, Freshness, check_url, new_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def server():
    with KeyServer() as running:
        running.serve_keys()
        yield running


@pytest.fixture
async def client():
    async with new_client() as made:
        yield made


@pytest.fixture
def fetcher(client):
    return DocumentFetcher(client, loopback_http=True)


async def fault_of(fetcher, url):
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url)
    return caught.value.fault


async def test_a_good_document(server, fetcher):
    server.headers = {"Cache-Control": "public, max-age=120", "Age": "20"}
    document = await fetcher.fetch(server.jwks_url)
    assert document.members == {"keys": []}
    assert document.fresh_seconds == 100


async def test_compression_is_not_asked_for_and_nothing_identifies_a_person(server, fetcher):
    await fetcher.fetch(server.jwks_url)
    sent = {name.lower(): value for name, value in server.request_headers[0].items()}
    assert sent["accept-encoding"] == "identity"
    assert set(sent) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}


async def test_cookies_are_not_kept(server, fetcher):
    server.headers = {"Set-Cookie": "who=someone"}
    await fetcher.fetch(server.jwks_url)
    await fetcher.fetch(server.jwks_url)
    assert "cookie" not in {name.lower() for name in server.request_headers[1]}


async def test_the_environment_cannot_put_a_proxy_in_between(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    async with new_client() as client:
        assert (await DocumentFetcher(client, loopback_http=True).fetch(server.jwks_url)).members == {"keys": []}


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("status", Fault.STATUS),
        ("long", Fault.TOO_LARGE),
        ("compressed", Fault.INVALID),
        ("hang_up", Fault.UNREACHABLE),
    ],
)
async def test_a_server_that_is_wrong(server, fetcher, mode, fault):
    server.mode = mode
    assert await fault_of(fetcher, server.jwks_url) is fault


async def test_a_body_without_end_is_left_at_the_limit(server, fetcher):
    server.mode = "endless"
    assert await fault_of(fetcher, server.jwks_url) is Fault.TOO_LARGE
    server.released.set()
    # What lies in the buffers of two sockets was sent too; without the limit it would be without bound.
    assert server.sent < 16 << 20


@pytest.mark.parametrize("mode", ["drip", "silent"])
async def test_one_time_limit_holds_however_slowly_the_bytes_drip(server, client, mode):
    server.mode = mode
    fetcher = DocumentFetcher(client, timeout_seconds=0.1, loopback_http=True)
    started = asyncio.get_running_loop().time()
    assert await fault_of(fetcher, server.jwks_url) is Fault.TIMEOUT
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_redirect_is_an_error_and_is_not_followed(server, fetcher):
    server.mode = "redirect"
    server.redirect_to = server.url + "/elsewhere"
    assert await fault_of(fetcher, server.jwks_url) is Fault.REDIRECT
    assert set(server.requests) == {JWKS_PATH}


async def test_a_redirect_is_not_followed_even_by_a_client_that_would(server):
    server.mode = "redirect"
    server.redirect_to = server.url + "/elsewhere"
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as client:
        assert await fault_of(DocumentFetcher(client, loopback_http=True), server.jwks_url) is Fault.REDIRECT
    assert set(server.requests) == {JWKS_PATH}


async def test_a_server_that_is_down(fetcher):
    assert await fault_of(fetcher, f"http://127.0.0.1:{free_port()}/jwks.json") is Fault.UNREACHABLE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"<html>",
        b'{"keys": []} {}',
        b'{"keys": [], "keys": []}',
        b'\xef\xbb\xbf{"keys": []}',
        '{"keys": []}'.encode("utf-16"),
        b'{"keys": [NaN]}',
        b'{"keys": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
)
async def test_only_a_strict_json_object_counts(server, fetcher, body):
    server.serve(JWKS_PATH, body)
    assert await fault_of(fetcher, server.jwks_url) is Fault.INVALID


async def test_exactly_the_limit_is_allowed_and_one_octet_more_is_not(server, client):
    server.serve(JWKS_PATH, b'{"keys":[]}')
    assert (await DocumentFetcher(client, max_bytes=11, loopback_http=True).fetch(server.jwks_url)).members
    assert await fault_of(DocumentFetcher(client, max_bytes=10, loopback_http=True), server.jwks_url) is Fault.TOO_LARGE


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "data:application/json,{}",
        "ftp://login.example/jwks.json",
        "http://login.example/jwks.json",
        "http://127.0.0.1.login.example/jwks.json",
        "http://localhost.login.example/jwks.json",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/jwks.json",
        "http://127.0.0.1@login.example/jwks.json",
        "https://user:word@login.example/jwks.json",
        "https://login.example/jwks.json#part",
        "https:///jwks.json",
        "https://",
        "https://login.example:99999999/",
        "https://login.example/\r\nX: y",
        "https://login.example/ü",
        "//login.example/jwks.json",
        "/jwks.json",
        "",
        "https://login.example/" + "a" * 2048,
    ],
)
async def test_urls_from_which_nothing_is_fetched(fetcher, url):
    assert await fault_of(fetcher, url) is Fault.URL_REFUSED


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost", "127.0.0.1:8080"])
def test_plain_http_reaches_loopback_only_where_allowed(host):
    check_url(f"http://{host}/jwks.json", loopback_http=True)
    with pytest.raises(FetchError):
        check_url(f"http://{host}/jwks.json", loopback_http=False)


@given(st.ip_addresses(), st.booleans())
def test_no_other_address_is_reached_by_plain_http(address, allowed):
    host = f"[{address}]" if address.version == 6 else str(address)
    if allowed and ipaddress.ip_address(address).is_loopback:
        assert check_url(f"http://{host}/", loopback_http=allowed) is None
    else:
        with pytest.raises(FetchError):
            check_url(f"http://{host}/", loopback_http=allowed)


@pytest.mark.parametrize("loopback_http", [False, True])
def test_https_is_allowed_everywhere(loopback_http):
    assert check_url("https://login.example:8443/path/jwks.json?v=1", loopback_http=loopback_http) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 300),
        ({"cache-control": "public"}, 300),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": 'Public, MAX-AGE = "600" , immutable'}, 600),
        ({"cache-control": "max-age=0"}, 30),
        ({"cache-control": "max-age=86400"}, 3600),
        ({"cache-control": "max-age=600, max-age=100"}, 100),
        ({"cache-control": "max-age=600", "age": "200"}, 400),
        ({"cache-control": "max-age=600", "age": "900"}, 30),
        ({"cache-control": "max-age=600", "age": "-5"}, 600),
        ({"cache-control": "max-age=600, no-store"}, 30),
        ({"cache-control": "no-cache"}, 30),
        ({"cache-control": "s-maxage=600"}, 300),
        ({"cache-control": "x-max-age=600"}, 300),
        ({"cache-control": "max-age=-1"}, 300),
        ({"cache-control": "max-age=" + "9" * 5000}, 300),
        ({"age": "20"}, 300),
    ],
)
def test_freshness(headers, seconds):
    assert Freshness().of(headers) == seconds


@given(st.text(alphabet='maxge-=,0123456789 "nostrc', max_size=60), st.text(max_size=20))
def test_freshness_is_always_within_its_bounds(control, age):
    assert 30 <= Freshness().of({"cache-control": control, "age": age}) <= 3600
