import httpx2
import pytest

from tidegate.sandbox import APP_ORIGIN, Sandbox


@pytest.fixture(scope="module")
def sandbox():
    return Sandbox(issuer_host_port=("127.0.0.1", 4711))


def test_credentials_pass_for_real_ones(sandbox):
    key, secret = sandbox.credentials()

    assert (len(key), len(secret)) == (12, 64)
    assert key.isalnum()
    assert secret.isalnum()


def test_what_an_issuer_must_say(sandbox):
    assert sandbox.issuer_config() == {
        "name": "sandbox",
        "kind": "clerk",
        "issuer": "http://127.0.0.1:4711/idp",
        "jwks_url": "http://127.0.0.1:4711/idp/.well-known/jwks.json",
        "authorized_parties": (APP_ORIGIN,),
    }


def test_reset_keeps_keys_and_credentials(sandbox):
    before = (sandbox.credentials(), sandbox.provider.kid())
    sandbox.stream.users.put("ada")
    sandbox.stream.fault("drop")
    sandbox.stream.app_settings["suspended"] = True
    sandbox.stream.limits.exhaust("GetApp")
    sandbox.provider.fail("down")
    sandbox.provider.jwks_fetches = 3
    sandbox.reset()

    assert (sandbox.credentials(), sandbox.provider.kid()) == before
    assert len(sandbox.stream.users) == 0
    assert sandbox.stream.faults.take("GET", "/app") == ()
    assert sandbox.stream.app_settings["suspended"] is False
    assert sandbox.stream.limits.standing("GetApp").remaining == 10_000
    assert (sandbox.provider.failing(), sandbox.provider.jwks_fetches) == ((None, 0.0), 0)


@pytest.mark.anyio
async def test_it_works_without_a_socket_too(sandbox):
    sandbox.reset()
    transport = httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url=sandbox.url) as client:
        assert (await client.get(sandbox.provider.jwks_url)).json() == sandbox.provider.jwks()
        sandbox.provider.fail("down")
        with pytest.raises(ConnectionResetError):
            await client.get(sandbox.provider.jwks_url)
    sandbox.reset()
