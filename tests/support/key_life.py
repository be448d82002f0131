"""A key ring under a clock that moves when told, with a key server that says what it is told."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field

from support.jwks import jwks
from tidegate.identity.fetch import Document, Fault, FetchError
from tidegate.identity.keyring import KeyOptions, RemoteKeys
from tidegate.metrics import REGISTRY

ISSUER = "https://login.example"
URL = "https://login.example/jwks.json"
DOWN = FetchError(Fault.UNREACHABLE, "the server cannot be reached")
DAY = 86_400
JITTER = random.Random(7)  # noqa: S311 - the same waits at every run


@dataclass
class Server:
    """A key server without a network: answers at once, or when `gate` opens."""

    answer: object = field(default_factory=lambda: jwks("a"))
    fresh: float = 300.0
    fetches: int = 0
    doubts: int = 0
    gate: asyncio.Event | None = None
    binding: str = URL
    address: str | None = URL

    async def fetch(self):
        self.fetches += 1
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return Document(self.answer, self.fresh)

    def doubt(self):
        self.doubts += 1


def ring_of(server, clock, **options):
    disk = options.pop("disk", None)
    return RemoteKeys("main", ISSUER, server, clock=clock, disk=disk, jitter=JITTER, options=KeyOptions(**options))


class Stopped(Exception):
    """The time that a test gives to `run` is over."""


async def live(ring, clock, seconds):
    """Let `run` live for some seconds of the clock's time."""
    end = clock.monotonic() + seconds

    async def sleep(wait):
        if clock.monotonic() + wait > end:
            clock.advance(end - clock.monotonic())
            raise Stopped
        clock.advance(wait)

    ring._sleep = sleep
    with contextlib.suppress(Stopped):
        await ring.run()


def kids(ring):
    keys = ring.current()
    return None if keys is None else {key.kid for key in keys}


def sample(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def kids_after_restart(server, clock, disk):
    ring = ring_of(server, clock, disk=disk)
    ring.restore()
    return kids(ring)
