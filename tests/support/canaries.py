"""A canary against the sandbox, over real sockets."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from support.gate import settings_for
from tidegate.app.build import breaker_of, credentials_of, stream_client
from tidegate.app.canary import canary_of
from tidegate.clock import Clock, SystemClock
from tidegate.sandbox import SandboxServer
from tidegate.upstream.quota import Quota
from tidegate.watch.canary.service import Canary


@contextlib.asynccontextmanager
async def canary_at(
    server: SandboxServer, state_dir: Path, clock: Clock | None = None, **changed: object
) -> AsyncIterator[Canary]:
    """The canary that the settings give, until the block ends.

    Args:
        server: the sandbox it speaks to.
        state_dir: of the service that it belongs to.
        clock: the machine's by default.
        changed: settings.
    """
    clock = clock or SystemClock()
    settings = settings_for(server, state_dir, **{"canary": "on", "canary_timeout_ms": 1000} | changed)
    credentials = credentials_of(settings)
    client = stream_client(settings, credentials, clock, breaker_of(settings, clock), Quota(clock))
    canary = canary_of(settings, client, credentials, clock)
    assert canary is not None
    try:
        yield canary
    finally:
        await canary.aclose()
        await client.aclose()
