"""The client against the sandbox's Stream, over a real socket."""

import secrets
import time

import pytest

from tidegate.credentials.signer import Signer
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.upstream.errors import (
    AccessKeyError,
    AppSuspended,
    InputError,
    NotFound,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    TokenDateWrong,
    UnexpectedAnswer,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tidegate.upstream.model import Operation, PartialUpdate
from tidegate.upstream.retry import RetryPolicy

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server():
    with SandboxServer(Sandbox()) as running:
        yield running


@pytest.fixture(autouse=True)
def stand_in(server):
    stream = server.sandbox.stream
    yield stream
    stream.clear_faults()
    stream.users.clear()


@pytest.fixture
def connect(server, make_client):
    key, secret = server.sandbox.credentials()
    signer = Signer(secret)

    def connected(**options):
        given = {"key": key, "token": lambda: signer.sign(b'{"server":true,"iat":%d}' % (time.time() - 5))} | options
        return make_client(server.stream_url, **given)

    return connected


async def test_app_and_limits(connect):
    async with connect() as client:
        app = await client.app()
        assert app.name == "tidegate-sandbox"
        assert abs(app.server_time - time.time()) < 5
        limits = await client.rate_limits()
        assert limits["GetApp"].limit == 10_000
        assert client.quota.current(Operation.GET_APP).limit == 10_000


async def test_users_are_created_found_and_patched(connect, stand_in):
    stand_in.users.put("bo", name="Bo", profile_type="angler", image="https://img/bo")
    async with connect() as client:
        assert set(await client.query_users(["ana", "bo"])) == {"bo"}
        await client.upsert_users([{"id": "ana", "name": "Ana"}])
        await client.update_users_partial([PartialUpdate("bo", {"name": "Bob"})])
        found = await client.query_users(["ana", "bo", "nobody"])
    assert found["ana"].name == "Ana"
    bob = found["bo"]
    assert (bob.name, bob.image, dict(bob.custom)) == ("Bob", "https://img/bo", {"profile_type": "angler"})


async def test_a_missing_user_cannot_be_patched(connect):
    async with connect() as client:
        with pytest.raises(NotFound):
            await client.update_users_partial([PartialUpdate("nobody", {"name": "x"})])


async def test_one_bad_user_fails_the_batch(connect, stand_in):
    async with connect() as client:
        with pytest.raises(InputError):
            await client.upsert_users([{"id": "ana"}, {"id": "not an id!"}])
    assert "ana" not in stand_in.users


async def test_another_secret_and_another_key(connect):
    stranger = Signer(secrets.token_hex())
    async with connect(token=lambda: stranger.sign(b'{"server":true,"iat":1}')) as client:
        with pytest.raises(SignatureInvalid):
            await client.app()
    async with connect(key="otherkey12345") as client:
        with pytest.raises(AccessKeyError):
            await client.app()


async def test_a_clock_ahead_is_told_apart_from_a_wrong_secret(connect, stand_in):
    stand_in.fault("clock", seconds=-600)
    async with connect() as client:
        with pytest.raises(TokenDateWrong) as caught:
            await client.app()
    assert caught.value.server_time == pytest.approx(time.time() - 600, abs=5)


@pytest.mark.parametrize(
    ("fault", "settings", "kind"),
    [
        ("error", {"status": 500}, ServerFault),
        ("plain_error", {"status": 502}, ServerFault),
        ("rate_limited", {"retry_after": 60}, RateLimited),
        ("drop", {}, UpstreamUnreachable),
        ("wrong_body", {}, UnexpectedAnswer),
        ("latency", {"delay": 0.3}, UpstreamTimeout),
        ("suspended", {}, AppSuspended),
        ("refuse_key", {}, AccessKeyError),
        ("refuse_secret", {}, SignatureInvalid),
    ],
)
async def test_faults(connect, stand_in, fault, settings, kind):
    stand_in.fault(fault, **settings)
    async with connect(timeout_s=0.15, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(kind):
            await client.app()


async def test_a_fault_that_passes_is_not_noticed(connect, stand_in):
    stand_in.fault("drop", times=1)
    stand_in.fault("error", status=503, times=2)
    async with connect(retry=RetryPolicy(attempts=4, base_s=0.001)) as client:
        assert (await client.app()).name == "tidegate-sandbox"
