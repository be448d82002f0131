"""A standing service on a real database, whose clock the test moves."""

from dataclasses import dataclass

import pytest
import structlog

from support.issuing import NOW
from tidegate.clock import ManualClock
from tidegate.credentials import Credentials
from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.store import ChangeBus, Database, Lease
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.push import LEASE, LEASE_SECONDS, Pusher
from tidegate.tokens.standing.service import StandingOptions, StandingService
from tidegate.tokens.standing.tell import Teller
from tidegate.upstream.breaker import Breaker
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.quota import Quota
from tidegate.upstream.retry import RetryPolicy


@dataclass
class Replica:
    """One replica's part."""

    clock: ManualClock
    database: Database
    bus: ChangeBus
    memory: Standing
    service: StandingService

    @classmethod
    def of(cls, database, clock, **options):
        bus, memory = ChangeBus(database, clock), Standing()
        return cls(
            clock, database, bus, memory, StandingService(database, bus, memory, clock, StandingOptions(**options))
        )


@pytest.fixture
def clock():
    return ManualClock(NOW + 0.25)


@pytest.fixture
def replica(database, clock):
    return Replica.of(database, clock)


@pytest.fixture
def other(database, clock):
    """A second replica on the same database, with the same pool of connections."""
    return Replica.of(database, clock)


@pytest.fixture
def server(clock):
    with SandboxServer(Sandbox(clock)) as running:
        running.sandbox.stream.limits.burst = False
        yield running


@pytest.fixture
def stream(server):
    return server.sandbox.stream


@pytest.fixture
async def client(server, clock, replica):
    credentials = Credentials.of(*server.sandbox.credentials())
    replica.memory.on_app_before(credentials.app_revoked)
    made = StreamClient(
        credentials.access(clock),
        ClientOptions(server.stream_url, retry=RetryPolicy(attempts=1)),
        clock=clock,
        breaker=Breaker(clock, threshold=1_000),
        quota=Quota(clock),
        log=structlog.get_logger(),
    )
    yield made
    await made.aclose()


@pytest.fixture
def make_pusher(database, client, clock):
    def make(replica, holder="one", **options):
        lease = Lease(database, LEASE, holder, LEASE_SECONDS, clock)
        return Pusher(database, replica.service, Teller(client, clock), lease, clock, jitter=lambda: 1.0, **options)

    return make
