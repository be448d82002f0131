import time

import httpx2
import jwt
import pytest

from tidegate.sandbox.provider import DISCOVERY_PATH

LIMIT = 65536
KEYS_PATH = "/.well-known/jwks.json"


@pytest.fixture
def provider(server):
    return server.sandbox.provider


def test_discovery_leads_to_the_keys(server, provider, web):
    document = web.get(server.issuer_url + DISCOVERY_PATH).json()
    keys = jwt.PyJWKSet.from_dict(web.get(document["jwks_uri"]).json())

    assert document["issuer"] == server.issuer_url == provider.issuer
    token = provider.session()
    assert jwt.decode(token, keys[provider.kid()].key, algorithms=["RS256"])["iss"] == server.issuer_url
    assert (provider.jwks_fetches, provider.discovery_fetches) == (1, 1)


def test_freshness_is_settable(provider, web):
    assert web.get(provider.jwks_url).headers["cache-control"] == "public, max-age=300"
    provider.max_age = 7
    assert web.get(provider.jwks_url).headers["cache-control"] == "public, max-age=7"
    provider.max_age = None
    assert "cache-control" not in web.get(provider.jwks_url).headers


def test_rotation_is_published(provider, web):
    provider.rotate()

    assert web.get(provider.jwks_url).json()["keys"][0]["kid"] == provider.kid()


def test_foreign_keys_can_be_published(provider, web):
    provider.extra_keys.append({"kty": "oct", "k": "AAAA", "kid": "bad"})

    assert web.get(provider.jwks_url).json()["keys"][-1]["kid"] == "bad"


def test_down(provider, web):
    provider.fail("down")

    with pytest.raises(httpx2.RemoteProtocolError):
        web.get(provider.jwks_url)
    provider.fail(None)
    assert web.get(provider.jwks_url).status_code == 200
    assert provider.jwks_fetches == 2


def test_slow(provider, web):
    provider.fail("slow", delay=0.15)
    started = time.monotonic()

    assert web.get(provider.jwks_url).json()["keys"]
    assert time.monotonic() - started >= 0.15


def test_slower_than_patience(provider, web):
    provider.fail("slow")

    with pytest.raises(httpx2.ReadTimeout):
        web.get(provider.jwks_url, timeout=0.1)


@pytest.mark.parametrize(
    ("mode", "status", "begins"),
    [("unavailable", 503, "upstream"), ("wrong_body", 200, "<!doctype"), ("empty", 200, '{"keys":[]}')],
)
def test_wrong_answers(provider, web, mode, status, begins):
    provider.fail(mode)
    answer = web.get(provider.jwks_url)

    assert answer.status_code == status
    assert answer.text.startswith(begins)


def test_truncated_is_no_json(provider, web):
    provider.fail("truncated")

    with pytest.raises(ValueError, match=r".+"):
        web.get(provider.jwks_url).json()


def test_huge_is_well_formed(provider, web):
    provider.fail("huge")
    answer = web.get(provider.jwks_url)

    assert len(answer.content) > 60 * LIMIT
    assert len(answer.json()["keys"]) >= 2


def test_whoever_follows_the_redirect_gets_the_keys(provider, web):
    provider.fail("redirect")
    answer = web.get(provider.jwks_url)

    assert answer.status_code == 302
    assert web.get(answer.headers["location"]).json() == provider.jwks()


def test_discovery_that_names_another_issuer(server, provider, web):
    provider.fail("wrong_issuer")

    assert web.get(server.issuer_url + DISCOVERY_PATH).json()["issuer"] != server.issuer_url
    assert web.get(provider.jwks_url).json() == provider.jwks()


def test_nothing_else_is_there(server, web):
    assert web.get(server.issuer_url + "/v1/client").status_code == 404
    assert web.post(server.issuer_url + KEYS_PATH).status_code == 405
    assert web.get(server.url + "/elsewhere").status_code == 404


def test_nobody_makes_sessions_without_the_control_token(server, web):
    for path in ("/idp/session", "/idp/oauth/token", "/session"):
        assert web.post(server.url + path).status_code in (404, 405)
