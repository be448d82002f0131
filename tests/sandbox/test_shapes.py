"""The sandbox in every provider's shape, over real sockets, judged by PyJWT."""

import jwt
import pytest

from tidegate.clock import ManualClock
from tidegate.sandbox import SHAPES, IdentityProvider, Sandbox, SandboxServer
from tidegate.sandbox.commanding import command, fetch_session

NOW = 1_700_000_000


@pytest.fixture(scope="module")
def announced(tmp_path_factory):
    sandbox = Sandbox(usual="supabase")
    with SandboxServer(sandbox, state_dir=tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.mark.parametrize("name", SHAPES)
def test_its_documents_are_where_the_providers_are(server, web, name):
    provider = server.sandbox.provider_as(name)
    discovery = web.get(provider.issuer.removesuffix("/") + "/.well-known/openid-configuration").json()
    assert (discovery["issuer"], discovery["jwks_uri"]) == (provider.issuer, provider.jwks_url)
    keys = web.get(provider.jwks_url)
    assert keys.json() == provider.jwks()
    assert keys.json()["tidegate_sandbox"] == server.sandbox.stream.api_key
    assert provider.jwks_fetches >= 1
    assert web.get(provider.address + "/elsewhere").status_code == 404


@pytest.mark.parametrize("name", SHAPES)
def test_its_sessions_are_signed_by_its_keys(server, name):
    provider = server.sandbox.provider_as(name)
    token = provider.session()
    header = jwt.get_unverified_header(token)
    key = jwt.PyJWKSet.from_dict(provider.jwks())[header["kid"]]
    claims = jwt.decode(token, key.key, algorithms=list(SHAPES[name].algorithms), options={"verify_aud": False})
    assert claims["iss"] == provider.issuer
    assert claims["exp"] - claims["iat"] == SHAPES[name].life
    assert header["alg"] == SHAPES[name].algorithms[0]


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_person_is_the_same_person_again(name):
    provider = IdentityProvider("https://x.example" + SHAPES[name].issuer_path, ManualClock(NOW), SHAPES[name])
    subjects = [
        jwt.decode(provider.session(person), options={"verify_signature": False})["sub"]
        for person in ("ada", "grace", "ada")
    ]
    assert subjects[0] == subjects[2] != subjects[1]


def test_keys_are_made_once_and_are_each_ones_own(server):
    kids = {name: server.sandbox.provider_as(name).kid() for name in SHAPES}
    assert len(set(kids.values())) == len(SHAPES)
    assert kids == {name: server.sandbox.provider_as(name).kid() for name in SHAPES}


@pytest.mark.parametrize("name", SHAPES)
def test_ways_to_differ_that_a_provider_does_not_have(server, name):
    provider = server.sandbox.provider_as(name)
    for way in ({"pending": True}, {"anonymous": True}, {"organization": "acme"}, {"version": 1}):
        if not SHAPES[name].fields >= way.keys():
            with pytest.raises(ValueError, match="have no"):
                provider.session(**way)
    with pytest.raises(ValueError, match="tokens are session"):
        provider.session(kind="nothing")


def test_a_shape_that_is_none(server, web):
    with pytest.raises(ValueError, match="the sandbox can be clerk, supabase"):
        server.sandbox.provider_as("saml")
    assert web.get(server.url + "/as/saml/.well-known/jwks.json").status_code == 404
    assert web.get(server.url + "/as/").status_code == 404


def test_commands_are_for_the_usual_shape_or_the_one_they_name(announced):
    file = announced.runtime_file
    for shape, expected in ((None, "supabase"), ("clerk", "clerk"), ("keycloak", "keycloak")):
        given = {} if shape is None else {"as": shape}
        claims = jwt.decode(fetch_session(file, **given), options={"verify_signature": False})
        assert claims["iss"] == announced.sandbox.provider_as(expected).issuer
        before = announced.sandbox.provider_as(expected).kid()
        assert command(file, "POST", "/rotate", given)["old_kid"] == before
    command(file, "PUT", "/failure", {"as": "auth0", "mode": "down"})
    assert announced.sandbox.provider_as("auth0").failing()[0] == "down"
    assert announced.sandbox.provider_as("supabase").failing()[0] is None
    announced.sandbox.reset()
    assert announced.sandbox.provider_as("auth0").failing()[0] is None
    assert command(file, "GET", "/")["config"]["preset"] == "supabase"
