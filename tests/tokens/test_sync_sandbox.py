"""Profile sync through the real client to the sandbox's Stream, over a real socket."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from tidegate.clock import SystemClock
from tidegate.credentials import Credentials
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.tokens.profile import Profile
from tidegate.tokens.sync import ProfileSync, SyncOptions
from tidegate.upstream.breaker import Breaker
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.quota import Quota

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server():
    with SandboxServer(Sandbox()) as running:
        running.sandbox.stream.limits.burst = False
        yield running


@pytest.fixture
def stand_in(server):
    stream = server.sandbox.stream
    yield stream
    stream.clear_faults()
    stream.users.clear()
    stream.requests.clear()


@pytest.fixture
async def sync(server):
    clock = SystemClock()
    key, secret = server.sandbox.credentials()
    quota = Quota(clock)
    client = StreamClient(
        Credentials.of(key, secret).access(clock),
        ClientOptions(server.stream_url, timeout_s=0.5),
        clock=clock,
        breaker=Breaker(clock, open_seconds=0.05),
        quota=quota,
        log=structlog.get_logger(),
    )
    options = SyncOptions(calls_per_minute=60_000, linger_s=0.01, pause_s=0.02, pause_max_s=0.1)
    yield ProfileSync(client, quota, options, clock)
    await client.aclose()


async def settle(sync):
    task = asyncio.create_task(sync.run())
    async with asyncio.timeout(5):
        while len(sync):
            await asyncio.sleep(0.01)
            assert not task.done(), task.exception()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_other_fields_survive(sync, stand_in):
    stand_in.users.put("old", name="Old", image="https://img/old", profile_type="angler", role="admin")
    sync.offer("new", Profile("New", None))
    sync.offer("old", Profile("Newer", None))
    await settle(sync)
    assert stand_in.users["new"]["name"] == "New"
    assert "image" not in stand_in.users["new"]
    old = stand_in.users["old"]
    assert (old["name"], old["image"], old["profile_type"], old["role"]) == (
        "Newer",
        "https://img/old",
        "angler",
        "admin",
    )


async def test_a_user_stream_will_not_have_stands_alone_in_the_end(sync, stand_in):
    for number in range(30):
        sync.offer(f"u{number}", Profile("N", None))
    sync.offer("no such id!", Profile("N", None))
    with capture_logs() as lines:
        await settle(sync)
    assert len(stand_in.users) == 30
    assert [line["event"] for line in lines] == ["sync_user_refused"]


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        ("error", {"status": 500}),
        ("drop", {}),
        ("latency", {"delay": 0.8}),
        ("rate_limited", {"retry_after": 0}),
        ("wrong_body", {}),
        ("refuse_secret", {}),
    ],
)
async def test_it_outlives_every_fault(sync, stand_in, fault, settings):
    stand_in.fault(fault, times=2, **settings)
    for number in range(5):
        sync.offer(f"u{number}", Profile("N", None))
    with capture_logs() as lines:
        await settle(sync)
    assert len(stand_in.users) == 5
    assert [line["event"] for line in lines] == ["sync_paused", "sync_resumed"]


async def test_neither_email_nor_placeholder_leaves(sync, stand_in):
    sync.offer("ana", Profile("Anonymous User", None))
    await settle(sync)
    sent = b"".join(call.raw_body + call.raw_query for call in stand_in.requests)
    assert b"ana" in sent
    assert b"Anonymous" not in sent
    assert b"@" not in sent
    assert b"%40" not in sent
