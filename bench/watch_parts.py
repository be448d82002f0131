"""What the watch does beside the requests, without a server around it: ``watch_parts.py PART TIMES``.

Nothing of it runs on a request's path (tests/app/test_watch_cost.py). Every ten seconds the figures are sampled and the
rules judged; that is counted here as `ledger_parts.py` counts the ledger, on a service that has answered exchanges.
"""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from issuer import ISSUER, sessions_of, signing_key
from pydantic import SecretStr
from services import API_KEY, API_SECRET, STREAM_NOWHERE

from tidegate.app.build import Runtime, build
from tidegate.clock import ManualClock, SystemClock
from tidegate.settings import IssuerConfig, Settings
from tidegate.watch.series.ring import PERIOD_S

EXCHANGES = 50
"""Before anything is counted, so that the counters are there that a working service has."""

Part = Callable[[Runtime, ManualClock, int], Awaitable[None]]


async def sampled(runtime: Runtime, clock: ManualClock, times: int) -> None:
    """The counters are read, and what they came to is kept."""
    for _ in range(times):
        clock.advance(PERIOD_S)
        runtime.watching.series.tick()


async def judged(runtime: Runtime, clock: ManualClock, times: int) -> None:
    """The same, and every rule is asked what it says to it."""
    for _ in range(times):
        clock.advance(PERIOD_S)
        runtime.watching.series.tick()
        await runtime.watching.alerts.look()


PARTS: dict[str, Part] = {"sampled": sampled, "judged": judged}


def _runtime(directory: str, clock: ManualClock) -> Runtime:
    pem = signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    issuer = IssuerConfig.model_validate({"name": "clerk", "kind": "pem", "issuer": ISSUER, "pem": pem})
    settings = Settings(
        api_key=API_KEY,
        api_secret=SecretStr(API_SECRET),
        base_url=STREAM_NOWHERE,
        issuers=(issuer,),
        state_dir=Path(directory),
        ledger="off",
    )
    return build(settings, clock=clock)


def main() -> None:
    """Run a part, and print nothing."""
    part, times = PARTS[sys.argv[1]], int(sys.argv[2])
    clock = ManualClock(SystemClock().now())
    with tempfile.TemporaryDirectory() as directory:
        runtime = _runtime(directory, clock)
        exchange = runtime.app.shortcuts[b"/stream/token"]
        for token in sessions_of(EXCHANGES, int(clock.now())):
            headers = [(b"host", b"chat.example.com"), (b"authorization", b"Bearer " + token.encode())]
            status, _ = exchange(headers, ("203.0.113.7", 40_000), "http")
            if status != 200:
                raise SystemExit(f"an exchange was answered {status}")
        gc.collect()
        gc.freeze()
        asyncio.run(part(runtime, clock, times))  # type: ignore[arg-type]  # a coroutine, as every part is


if __name__ == "__main__":
    main()
