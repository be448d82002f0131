"""The discovery document decides where keys are read, and is read again when that fails."""

import pytest

from support.keyserver import DISCOVERY_PATH, JWKS_PATH, KeyServer
from tidegate.identity.discovery import DirectKeyServer, DiscoveredKeyServer, discovery_url
from tidegate.identity.fetch import Document, DocumentFetcher, Fault, FetchError, new_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def server():
    with KeyServer() as running:
        running.serve_keys()
        running.serve_discovery()
        yield running


@pytest.fixture
async def fetcher():
    async with new_client() as client:
        yield DocumentFetcher(client, timeout_seconds=2, loopback_http=True)


@pytest.fixture
def keys(server, fetcher, clock):
    return DiscoveredKeyServer(fetcher, server.url, clock)


async def fault_of(keys):
    with pytest.raises(FetchError) as caught:
        await keys.fetch()
    return caught.value.fault


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://login.example", "https://login.example/.well-known/openid-configuration"),
        ("https://login.example/", "https://login.example/.well-known/openid-configuration"),
        ("https://login.example/realm", "https://login.example/realm/.well-known/openid-configuration"),
        ("https://login.example/realm/", "https://login.example/realm/.well-known/openid-configuration"),
        ("https://login.example:8443/a/b", "https://login.example:8443/a/b/.well-known/openid-configuration"),
    ],
)
def test_the_address_of_the_discovery_document(issuer, url):
    assert discovery_url(issuer) == url


@pytest.mark.parametrize("issuer", ["https://login.example/?a=b", "https://login.example/#a"])
def test_an_issuer_has_neither_query_nor_fragment(issuer):
    with pytest.raises(FetchError, match="neither query nor fragment"):
        discovery_url(issuer)


@pytest.mark.parametrize("address", ["http://login.example", "file:///srv", "login.example"])
async def test_unfit_addresses_are_refused_at_once(fetcher, clock, address):
    with pytest.raises(FetchError):
        DirectKeyServer(fetcher, address)
    with pytest.raises(FetchError):
        DiscoveredKeyServer(fetcher, address, clock)


async def test_the_document_is_read_once_an_hour(server, keys, clock):
    for _ in range(3):
        assert (await keys.fetch()).members == {"keys": []}
    assert server.requests == {DISCOVERY_PATH: 1, JWKS_PATH: 3}
    clock.advance(3600)
    await keys.fetch()
    assert server.requests == {DISCOVERY_PATH: 2, JWKS_PATH: 4}


async def test_the_issuer_of_the_document_may_have_a_path_and_a_slash(server, fetcher, clock):
    issuer = server.url + "/realm/"
    server.serve("/realm" + DISCOVERY_PATH, {"issuer": issuer, "jwks_uri": server.jwks_url})
    assert (await DiscoveredKeyServer(fetcher, issuer, clock).fetch()).members == {"keys": []}


@pytest.mark.parametrize("change", [str.upper, lambda url: url + "/", lambda url: url[:-1], lambda url: [url]])
async def test_another_issuer_in_the_document(server, keys, change):
    server.serve_discovery(issuer=change(server.url))
    assert await fault_of(keys) is Fault.ISSUER_MISMATCH
    assert JWKS_PATH not in server.requests


@pytest.mark.parametrize(
    ("jwks_uri", "fault"),
    [
        (None, Fault.INVALID),
        (["https://login.example"], Fault.INVALID),
        ("file:///etc/passwd", Fault.URL_REFUSED),
        ("data:application/json,{}", Fault.URL_REFUSED),
        ("ftp://127.0.0.1/jwks.json", Fault.URL_REFUSED),
        ("http://login.example/jwks.json", Fault.URL_REFUSED),
        ("/jwks.json", Fault.URL_REFUSED),
    ],
)
async def test_an_unfit_key_url_in_the_document(server, keys, jwks_uri, fault):
    server.serve_discovery(jwks_uri=jwks_uri)
    assert await fault_of(keys) is fault


@pytest.mark.parametrize("jwks_uri", ["http://127.0.0.1:6379/", "http://localhost:8001/metrics", "HTTP://[::1]/"])
async def test_an_issuer_elsewhere_cannot_have_this_machine_asked(fetcher, clock, monkeypatch, jwks_uri):
    asked = []

    async def fetch(_self, url):
        asked.append(url)
        return Document({"issuer": "https://login.example", "jwks_uri": jwks_uri, "keys": []}, 60)

    monkeypatch.setattr(DocumentFetcher, "fetch", fetch)
    assert await fault_of(DiscoveredKeyServer(fetcher, "https://login.example", clock)) is Fault.URL_REFUSED
    assert asked == ["https://login.example" + DISCOVERY_PATH]


async def test_the_document_is_read_again_when_the_keys_moved(server, keys):
    await keys.fetch()
    server.documents.pop(JWKS_PATH)
    server.serve("/moved.json", {"keys": [{}]})
    server.serve_discovery(jwks_uri=server.url + "/moved.json")
    assert await fault_of(keys) is Fault.STATUS
    assert (await keys.fetch()).members == {"keys": [{}]}


async def test_the_document_is_read_again_when_the_keys_were_no_good(server, keys):
    await keys.fetch()
    keys.doubt()
    await keys.fetch()
    assert server.requests[DISCOVERY_PATH] == 2


async def test_both_documents_share_one_time_limit(server, clock):
    async with new_client() as client:
        keys = DiscoveredKeyServer(DocumentFetcher(client, timeout_seconds=0.1, loopback_http=True), server.url, clock)
        server.mode = "drip"
        assert await fault_of(keys) is Fault.TIMEOUT


async def test_a_configured_address_is_asked_directly(server, fetcher):
    keys = DirectKeyServer(fetcher, server.jwks_url)
    keys.doubt()
    assert keys.binding == server.jwks_url
    assert (await keys.fetch()).members == {"keys": []}
    assert server.requests == {JWKS_PATH: 1}


async def test_the_address_of_the_keys_stays_known_while_they_cannot_be_fetched(keys, server):
    assert keys.address is None
    with KeyServer() as elsewhere:
        elsewhere.serve_keys()
        server.serve_discovery(jwks_uri=elsewhere.jwks_url)
        await keys.fetch()
        assert keys.address == elsewhere.jwks_url
        elsewhere.mode = "status"
        await fault_of(keys)
        await fault_of(keys)
    assert keys.address == elsewhere.jwks_url
