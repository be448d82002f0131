"""From settings to a service, in reading order. Nothing is assembled anywhere else."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import structlog
from fastapi import APIRouter

from tidegate import __version__, metrics
from tidegate.app.consoling import Consoling
from tidegate.app.doors import Doors
from tidegate.app.gateway import Gateway
from tidegate.app.ledger import ledger_of
from tidegate.app.lifespan import Background
from tidegate.app.rotation import rotation_of
from tidegate.app.standing import StandingParts, standing_of
from tidegate.app.stores import store_of, store_wanted
from tidegate.app.telemetry import telemetry_of
from tidegate.app.watched import Watched
from tidegate.app.watching import Watching, watching_of
from tidegate.clock import Clock, SystemClock
from tidegate.credentials import Credentials, Pair
from tidegate.credentials.kept import KeptRing
from tidegate.credentials.ring import signing
from tidegate.credentials.service import Rotation
from tidegate.identity.assemble import Issuers, assemble
from tidegate.identity.distrust.service import KeyDistrust
from tidegate.identity.service import Verifier
from tidegate.limits import ExchangeLimits, LimitRates
from tidegate.logs import RequestLog, wants_json
from tidegate.settings import Settings, authjs_apps
from tidegate.store import Store
from tidegate.tokens.life import LifeTable
from tidegate.tokens.mapping import SubjectMapping
from tidegate.tokens.migration import MapFileError, read_assigned
from tidegate.tokens.mint import Minter
from tidegate.tokens.profile import Profiles
from tidegate.tokens.service import Exchange, NoSync, ProfileOffers
from tidegate.tokens.sessions import SessionCache
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.status import ChatStatus
from tidegate.tokens.sync import ProfileSync, SyncOptions
from tidegate.upstream.breaker import Breaker
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.quota import Quota
from tidegate.upstream.retry import RetryPolicy
from tidegate.watch.service import Watch


@dataclass(frozen=True)
class Runtime:
    """A service, ready to be served.

    Attributes:
        app: the ASGI application of the main listener.
        make_ops: assembles what `ops` gives.
        background: what runs beside the requests; `app` starts and ends it.
        credentials: the generations of which one signs.
        rotation: looks after them.
        exchange: for the command line and tests.
        watch: knows how the service is.
        watching: what it knows it from.
        store: its database, and the bus between replicas; opened in the background.
        standing: revocations and bans.
        settings: it was built from.
    """

    app: Gateway
    make_ops: Callable[[], Gateway]
    background: Background
    credentials: Credentials
    rotation: Rotation
    exchange: Exchange
    watch: Watch
    watching: Watching
    store: Store
    standing: StandingParts
    settings: Settings

    @cached_property
    def ops(self) -> Gateway:
        """The ASGI application of the operator's listener, made when it is first asked for: not all have one."""
        return self.make_ops()


def build(settings: Settings, *, clock: Clock | None = None) -> Runtime:
    """Assemble the service.

    Args:
        settings: sound ones; with the sandbox's own in place where it stands in.
        clock: for everything that tells time.

    Raises:
        ValueError: there is no API key or secret; `tidegate.settings.load` does not let that happen.
        MapFileError: the file of assigned user ids cannot be used.
    """
    clock = clock or SystemClock()
    credentials, background = credentials_of(settings), Background()
    store, issuers = _store(settings, clock, background), _issuers(settings, clock, background)
    verifier = Verifier(issuers.issuers, clock, issuers.limits)
    client = _client(settings, credentials, clock, background)
    standing = standing_of(settings, store, client, credentials, background, clock)
    rotation = rotation_of(settings, credentials, client, store, background, clock)
    # The exchange, and the doors to all of it.
    exchange = _exchange(settings, credentials, verifier, client, background, clock, standing.memory)
    status, records = _status(settings, client, clock), ledger_of(settings, store.database, background, clock)
    distrust = KeyDistrust(issuers.issuers, store, clock)
    watched = Watched(settings, client, issuers, distrust, store, standing, rotation, records, credentials)
    watching = watching_of(watched, background, clock)
    doors = Doors(settings, credentials=credentials, clock=clock, background=background, log=_log(settings, clock))
    told = _told(watched, watching, exchange, background, clock)
    console = Consoling(watched, watching, background, clock)
    return Runtime(
        app=doors.main(exchange, watching.watch, status, records, told),
        make_ops=lambda: _ops(doors, watched, watching, console, clock),
        background=background,
        credentials=credentials,
        rotation=rotation,
        exchange=exchange,
        watch=watching.watch,
        watching=watching,
        store=store,
        standing=standing,
        settings=settings,
    )


def _told(
    watched: Watched, watching: Watching, exchange: Exchange, background: Background, clock: Clock
) -> list[APIRouter]:
    """What providers and apps tell this service."""
    told = telemetry_of(watched, watching.series, background, clock)
    if watched.settings.webhook_secrets:
        from tidegate.app.webhooks import webhooks_of

        told += webhooks_of(watched.settings, watched.store, watched.standing.service, exchange, clock)
    return told


def _ops(doors: Doors, watched: Watched, watching: Watching, console: Consoling, clock: Clock) -> Gateway:
    from tidegate.app.operated import operated

    return doors.ops(watching.watch, operated(watched, watching, clock), watched.records, console)


def _store(settings: Settings, clock: Clock, background: Background) -> Store:
    """Opened in the background, where it is wanted, and closed after everything else; nothing waits for it."""
    store = store_of(settings, clock)
    background.close_with(store.database.aclose)
    if store_wanted(settings):
        background.add("store", store.run)
    return store


def _issuers(settings: Settings, clock: Clock, background: Background) -> Issuers:
    issuers = assemble(settings, clock)
    background.close_with(issuers.aclose)
    for issuer in issuers.issuers:
        background.add(f"keys of {issuer.policy.name}", issuer.keys.run)
        if issuer.sessions is not None and issuer.sessions.vigil is not None:
            background.add(f"session route of {issuer.policy.name}", issuer.sessions.vigil.run)
    return issuers


def _client(settings: Settings, credentials: Credentials, clock: Clock, background: Background) -> StreamClient:
    client = stream_client(settings, credentials, clock, breaker_of(settings, clock), Quota(clock))
    background.close_with(client.aclose)
    return client


def _log(settings: Settings, clock: Clock) -> RequestLog:
    metrics.BUILD_INFO.labels(__version__, ".".join(map(str, sys.version_info[:3]))).set(1)
    as_json = wants_json(settings.log_format, sys.stdout)
    log = RequestLog(clock, sys.stdout, as_json=as_json, batch=settings.log_batch_lines)
    metrics.LOG_LINES_WAITING.set_function(log.__len__)
    return log


def _status(settings: Settings, client: StreamClient, clock: Clock) -> ChatStatus:
    return ChatStatus(client, clock, remembered=settings.status_cache_size, fresh_seconds=settings.status_fresh_seconds)


def _exchange(
    settings: Settings,
    credentials: Credentials,
    verifier: Verifier,
    client: StreamClient,
    background: Background,
    clock: Clock,
    standing: Standing,
) -> Exchange:
    minter = Minter(credentials, settings.token_cache_size)
    return Exchange(
        verifier=verifier,
        limits=ExchangeLimits(_rates(settings)),
        mapping=subject_mapping(settings),
        minter=minter,
        lives=LifeTable(settings.token_life_seconds, settings.life_by_risk),
        profiles=Profiles(settings.profile_rules, settings.profile_allow_admin),
        sessions=SessionCache(settings.session_cache_size),
        sync=_sync(settings, client, clock, background, lambda user_id: minter.rhythm(user_id).pseudonym),
        standing=standing,
        clock=clock,
        stopping=lambda: background.stopping,
    )


def credentials_of(settings: Settings) -> Credentials:
    """The app's keys and secrets at Stream, of which the one signs that this replica signed with last.

    Args:
        settings: with both.

    Raises:
        ValueError: one of them is not there.
    """
    if not settings.api_key or settings.api_secret is None:
        raise ValueError("a service needs an API key and secret")
    credentials = Credentials.of(settings.api_key, settings.api_secret.get_secret_value())
    if settings.next_api_key and settings.next_api_secret is not None:
        credentials.hold(Pair(settings.next_api_key, settings.next_api_secret.get_secret_value()))
    ring = KeptRing(settings.state_dir, settings.base_url, settings.credentials_max).read()
    if ring is not None and (name := signing(ring, (one.id for one in credentials.held))):
        credentials.sign_with(name)
    return credentials


def breaker_of(settings: Settings, clock: Clock) -> Breaker:
    """The circuit breaker that the settings describe.

    Args:
        settings: sound ones.
        clock: measures how long it has been open.
    """
    return Breaker(
        clock,
        threshold=settings.breaker_failures,
        open_seconds=settings.breaker_open_seconds,
        open_seconds_max=settings.breaker_open_max_seconds,
    )


def stream_client(
    settings: Settings, credentials: Credentials, clock: Clock, breaker: Breaker, quota: Quota
) -> StreamClient:
    """The client of Stream's server API that the settings describe.

    Args:
        settings: sound ones.
        credentials: of the app at Stream.
        clock: for durations and server tokens.
        breaker: asked before each attempt.
        quota: told what each answer says of the limits.
    """
    options = ClientOptions(
        base_url=settings.base_url,
        timeout_s=settings.timeout_ms / 1000,
        concurrency=settings.upstream_concurrency,
        connections=settings.upstream_connections,
        waiting=settings.upstream_waiting_calls,
        waiting_s=settings.upstream_waiting_ms / 1000,
        answer_bytes=settings.upstream_answer_bytes,
        enable_logging=settings.enable_logging,
        retry=RetryPolicy(attempts=settings.upstream_attempts, cap_s=settings.upstream_retry_max_ms / 1000),
    )
    return StreamClient(
        credentials.access(clock),
        options,
        clock=clock,
        breaker=breaker,
        quota=quota,
        log=structlog.get_logger("tidegate.upstream"),
    )


def _sync(
    settings: Settings, client: StreamClient, clock: Clock, background: Background, pseudonym: Callable[[str], str]
) -> ProfileOffers:
    if settings.profile_sync == "off":
        return NoSync()
    options = SyncOptions(
        queue_size=settings.sync_queue_size,
        memory_size=settings.sync_memory_size,
        calls_per_minute=settings.sync_calls_per_minute,
        reserve=settings.sync_reserve_percent / 100,
        linger_s=settings.sync_linger_ms / 1000,
        pause_max_s=settings.sync_pause_max_seconds,
    )
    sync = ProfileSync(client, client.quota, options, clock, hash_id=pseudonym)
    background.add("profile sync", sync.run)

    async def drain() -> None:
        await sync.drain(settings.sync_drain_seconds)

    background.close_with(drain)
    return sync


def _rates(settings: Settings) -> LimitRates:
    return LimitRates(
        address=settings.limit_address_per_minute,
        subject=settings.limit_subject_per_minute,
        issuer=settings.limit_issuer_per_minute,
        total=settings.limit_total_per_minute,
        entries=settings.limit_entries,
        lookup=settings.authjs_lookups_per_minute if any(app.session_url for app in authjs_apps.apps(settings)) else 0,
    )


def subject_mapping(settings: Settings) -> SubjectMapping:
    """The mapping of subjects to user ids that the settings describe.

    Args:
        settings: sound ones.

    Raises:
        MapFileError: the file of assigned user ids cannot be used.
    """
    path = settings.user_id_map_file
    if path is None:
        return SubjectMapping(escape_capitals=settings.escape_capitals)
    assigned = read_assigned(path, {issuer.name: issuer.namespace for issuer in settings.issuers})
    try:
        return SubjectMapping(escape_capitals=settings.escape_capitals, assigned=assigned)
    except ValueError as error:
        raise MapFileError(f"{path.name}: {error}") from None
