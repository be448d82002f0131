"""What can go wrong, one scenario each: how it is brought about, and which alert has to say so."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakeredis import TcpFakeServer
from pydantic import SecretStr

from support.certificates import self_signed
from support.cuttable import cuttable
from support.rehearsal import Stage
from tidegate.sandbox.stream_tokens import Caller, CallerKind
from tidegate.upstream.errors import UpstreamError
from tidegate.watch.probes.model import Blame
from tidegate.watch.series.sources import read

MINUTE = 60.0
SERVER = Caller(CallerKind.SERVER, "", None)

Settings = dict[str, object]


@dataclass(frozen=True)
class Scenario:
    """One way of failing.

    Attributes:
        name: of it.
        title: for the page.
        how: it is brought about, for the page.
        begin: bring it about.
        expects: the alert that has to fire; empty: none may.
        blame: whom it has to blame.
        within_s: seconds by the scenario's clock in which it has to fire.
        settings: of the service.
        around: what has to be there before the service is; gives further settings.
        drive: what goes on meanwhile, until cancelled.
        end: undo what outlives the service.
        from_start: whether it is there from the start, so that all is never well.
    """

    name: str
    title: str
    how: str
    begin: Callable[[Stage], Awaitable[None]]
    expects: str
    blame: Blame
    within_s: float
    settings: Settings = field(default_factory=dict)
    around: Callable[[Path], "contextlib.AbstractAsyncContextManager[tuple[Settings, Any]]"] | None = None
    drive: Callable[[Stage], Awaitable[None]] | None = None
    end: Callable[[Stage], Awaitable[None]] | None = None
    from_start: bool = False


def fault(kind: str, **settings: object) -> Callable[[Stage], Awaitable[None]]:
    async def begin(stage: Stage) -> None:
        stage.stream.fault(kind, **settings)

    return begin


def app_setting(name: str) -> Callable[[Stage], Awaitable[None]]:
    async def begin(stage: Stage) -> None:
        stage.stream.app_settings[name] = True

    return begin


def key_server(mode: str) -> Callable[[Stage], Awaitable[None]]:
    async def begin(stage: Stage) -> None:
        stage.sandbox.provider.fail(mode)

    return begin


async def wrong_secret(stage: Stage) -> None:
    stage.stream.api_secret = "s" * 64


async def new_key(stage: Stage) -> None:
    """The provider signs with a new key and publishes no old one, while apps still send sessions of that."""
    stage.held["kid"] = stage.sandbox.provider.rotate(keep_old=False)


async def old_sessions(stage: Stage) -> None:
    while True:
        await posted(stage, stage.sandbox.provider.session("ada", kid=stage.held.get("kid")))
        await asyncio.sleep(1)


async def posted(stage: Stage, token: str) -> int:
    """Ask for a token as an app does."""
    from support.gate import client_at

    stage.held["asked"] = asked = stage.held.get("asked", 0) + 1
    async with client_at((f"203.0.113.{asked % 250}", 40_000), stage.runtime.app) as client:
        answer = await client.post("/stream/token", headers={"Authorization": f"Bearer {token}"})
    return int(answer.status_code)


def calls_that_fail(share: float) -> Callable[[Stage], Awaitable[None]]:
    """A thousand calls of which so many of all that were made fail, evenly spread: the breaker never opens."""

    async def begin(stage: Stage) -> None:
        stage.stream.limits.per_minute["QueryUsers"] = 100_000
        client, failed = stage.runtime.watching.prober._client, 0
        for _ in range(1000):
            made = read().counts["stream.calls"] - stage.calls_before
            if failed + 1 <= share * (made + 1):
                failed += 1
                stage.stream.fault("error", path="/users", code=-1, times=1)
            with contextlib.suppress(UpstreamError):
                await client.query_users(["ada"], attempts=1)

    return begin


async def others_use_the_limit(stage: Stage) -> None:
    """Another backend of the same app leaves a tenth of the limit in each minute."""
    limits = stage.stream.limits
    while True:
        window = limits._window("GetApp", "server_side", "")
        window.in_minute = max(window.in_minute, int(0.9 * limits.per_minute["GetApp"]))
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def own_certificate(folder: Path) -> AsyncIterator[tuple[Settings, Any]]:
    certificate, key = self_signed(folder, "gate.example", days=3, age_days=87)
    yield {"tls_certificate_file": certificate, "tls_key_file": key}, None


@contextlib.asynccontextmanager
async def redis(_folder: Path) -> AsyncIterator[tuple[Settings, Any]]:
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    import threading

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        async with cuttable(f"redis://127.0.0.1:{server.server_address[1]}") as (relay, url):
            yield {"redis_url": SecretStr(url)}, relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def cut(stage: Stage) -> None:
    await stage.held["around"].cut()


async def no_room(stage: Stage) -> None:
    """The system lets no file grow any more, as on a full disk: the same error for everybody who writes."""
    stage.held["limit"] = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, stage.held["limit"][1]))


async def room_again(stage: Stage) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, stage.held["limit"])


HEALTH = "ChatHealthNotHealthy"
CANARY = "CanaryDeliveryFailing"
POSTURE = "AppPostureUnsafe"
QUICK_KEYS: Settings = {"keys_fresh_max_seconds": 30, "keys_fresh_min_seconds": 5}


def scenarios() -> Iterable[Scenario]:
    """All of them, in the order of the page."""
    yield Scenario(
        "key_server_down", "The key server is down", "every connection to it breaks", key_server("down"),
        HEALTH, Blame.PROVIDER, 4 * MINUTE, QUICK_KEYS,
    )  # fmt: skip
    yield Scenario(
        "key_server_slow", "The key server is slow", "it takes 30 s for an answer",
        key_server_slow, HEALTH, Blame.PROVIDER, 4 * MINUTE, QUICK_KEYS,
    )  # fmt: skip
    yield Scenario(
        "keys_rotated", "The provider's key is replaced, and its old one withdrawn while apps still send it",
        "the old key leaves the key set; a session of it comes each second", new_key,
        "AuthFailuresSpike", Blame.PROVIDER, 15 * MINUTE, {"limit_address_per_minute": 10_000}, drive=old_sessions,
    )  # fmt: skip
    yield Scenario(
        "stream_500", "Stream answers 500", "`error` for every call", fault("error", code=-1),
        HEALTH, Blame.STREAM, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "stream_429", "Stream answers 429", "`rate_limited` for every call", fault("rate_limited"),
        HEALTH, Blame.OURS, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "stream_slow", "Stream is slow", "every answer 3 s late", fault("latency", delay=3),
        HEALTH, Blame.STREAM, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "stream_unreachable", "Stream cannot be reached", "every connection breaks", fault("drop"),
        HEALTH, Blame.STREAM, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "events_lost", "Events are lost while every call succeeds", "`events_lost`", fault("events_lost"),
        CANARY, Blame.STREAM, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "events_late", "Events are late", "each 3 s late", fault("events_late", delay=3),
        "CanarySlow", Blame.STREAM, 8 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "socket_refused", "Stream's socket takes no connections",
        "open ones break, new ones are answered 503", socket_gone, CANARY, Blame.STREAM, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "socket_dropped", "Connections break whenever there is something to say", "`socket_dropped`",
        fault("socket_dropped"), CANARY, Blame.STREAM, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "own_clock_ahead", "Our clock is ahead of everybody's", "the clocks of Stream and of the provider 60 s behind",
        everybody_behind, "ClockOff", Blame.OURS, 6 * MINUTE, QUICK_KEYS,
    )  # fmt: skip
    yield Scenario(
        "clock_behind", "Stream's clock is behind ours", "Stream's clock 60 s behind", fault("clock", seconds=-60),
        "ClockOff", Blame.STREAM, 5 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "clock_ahead", "Stream's clock is ahead of ours", "Stream's clock 20 s ahead", fault("clock", seconds=20),
        "ClockOff", Blame.STREAM, 5 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "suspended", "The app is suspended at Stream", "`suspended` among its settings", app_setting("suspended"),
        POSTURE, Blame.OURS, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "auth_checks_off", "Authentication checks are off", "`disable_auth_checks` among the app's settings",
        app_setting("disable_auth_checks"), POSTURE, Blame.OURS, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "permission_checks_off", "Permission checks are off", "`disable_permissions_checks` among the app's settings",
        app_setting("disable_permissions_checks"), POSTURE, Blame.OURS, MINUTE,
    )  # fmt: skip
    yield Scenario(
        "wrong_secret", "The secret was replaced at Stream and not here", "the app's secret is another",
        wrong_secret, HEALTH, Blame.OURS, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "wrong_key", "The API key was removed at Stream", "`refuse_key` for every call", fault("refuse_key"),
        HEALTH, Blame.OURS, 3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "quota", "A rate limit of Stream's is nearly gone", "somebody else leaves a tenth of it in each minute",
        nothing, "ChatQuotaNearLimit", Blame.OURS, 4 * MINUTE, drive=others_use_the_limit,
    )  # fmt: skip
    yield Scenario(
        "certificate", "Our certificate ends in three days", "a certificate of such an end is configured", nothing,
        "CertificateExpiring", Blame.OURS, 8 * MINUTE, around=own_certificate, from_start=True,
    )  # fmt: skip
    yield Scenario(
        "disk_full", "The disk is full", "no file may grow (`RLIMIT_FSIZE`); sessions are exchanged", no_room,
        "DiskNearlyFull", Blame.OURS, 4 * MINUTE, {"limit_address_per_minute": 10_000}, drive=good_sessions,
        end=room_again,
    )  # fmt: skip
    yield Scenario(
        "database_down", "The database is down", "the way to PostgreSQL is cut", cut, "DatabaseUnavailable",
        Blame.OURS, 4 * MINUTE, around=postgresql,
    )  # fmt: skip
    yield Scenario(
        "redis_down", "Redis is down", "the way to it is cut", cut, "ReplicasNotWoken", Blame.OURS, 6 * MINUTE,
        around=redis,
    )  # fmt: skip
    yield Scenario(
        "errors_4_9", "4.9 % of the calls to Stream fail", "49 of each 1,000", calls_that_fail(0.049), "", Blame.NOBODY,
        3 * MINUTE,
    )  # fmt: skip
    yield Scenario(
        "errors_5_1", "5.1 % of the calls to Stream fail", "51 of each 1,000",
        calls_that_fail(0.051), "ChatErrorRateHigh", Blame.STREAM, 3 * MINUTE,
    )  # fmt: skip


async def nothing(_stage: Stage) -> None:
    """It is there from the start, or what drives it brings it about."""


async def key_server_slow(stage: Stage) -> None:
    stage.sandbox.provider.fail("slow", delay=30)


async def everybody_behind(stage: Stage) -> None:
    stage.theirs.lag = 60.0


async def socket_gone(stage: Stage) -> None:
    stage.stream.fault("socket_refused")
    stage.stream.fault("socket_dropped")


async def good_sessions(stage: Stage) -> None:
    while True:
        await posted(stage, stage.sandbox.provider.session("ada"))
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def postgresql(_folder: Path) -> AsyncIterator[tuple[Settings, Any]]:
    from support.databases import Postgresql

    server = await asyncio.to_thread(Postgresql)
    try:
        with server.database() as address:
            async with cuttable(address) as (relay, url):
                yield {"database_url": SecretStr(url)}, relay
    finally:
        server.stop()


BY_NAME = {scenario.name: scenario for scenario in scenarios()}
