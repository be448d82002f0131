"""What apps tell, put together; nothing of it is loaded where nobody may tell anything."""

from collections.abc import Iterator

from fastapi import APIRouter

from tidegate.app.lifespan import Background
from tidegate.app.watched import Watched
from tidegate.clock import Clock
from tidegate.credentials import Generation
from tidegate.credentials.ring import State
from tidegate.errors import Reason
from tidegate.http.cors import Cors
from tidegate.limits import Gcra
from tidegate.settings import Environment, Settings
from tidegate.tokens.routes import DoorRules
from tidegate.watch.series.service import Series

_SAMPLE = "telemetry sample"


def telemetry_of(watched: Watched, series: Series, background: Background, clock: Clock) -> list[APIRouter]:
    """The route of beacons; none where telemetry is off.

    Args:
        watched: whose tokens are believed.
        series: samples what they come to.
        background: ends each window.
        clock: for windows, limits and tokens.
    """
    settings = watched.settings
    if settings.telemetry == "off":
        return []
    from tidegate.watch.telemetry.admission import TOKEN_BYTES, BeaconAdmission, BeaconLimits
    from tidegate.watch.telemetry.caller import Callers
    from tidegate.watch.telemetry.routes import telemetry_routes
    from tidegate.watch.telemetry.service import Telemetry, TelemetryRules

    counted = TelemetryRules(
        sample=settings.telemetry_sample_percent / 100,
        period_s=settings.telemetry_seconds,
        window_s=settings.telemetry_window_seconds,
        users=settings.telemetry_users,
    )
    telemetry = Telemetry(counted, lambda: watched.credentials.primary.signer.derive(_SAMPLE), clock)
    background.add("telemetry", telemetry.run)
    series.ask(telemetry.levels())
    rules = DoorRules(
        https=settings.environment is Environment.PRODUCTION,
        cors=Cors(settings.cors_origins),
        token_bytes=TOKEN_BYTES,
        body_bytes=settings.telemetry_body_bytes,
    )
    limits = BeaconLimits(
        _limit(settings, "telemetry_address", Reason.LIMIT_ADDRESS, settings.telemetry_address_per_minute),
        _limit(settings, "telemetry_user", Reason.LIMIT_SUBJECT, settings.telemetry_user_per_minute),
    )
    callers = Callers(lambda: in_use(watched), watched.standing.memory.floor)
    admission = BeaconAdmission(rules, limits, callers, clock)
    return [telemetry_routes(telemetry, admission, settings.telemetry_body_bytes)]


def in_use(watched: Watched) -> Iterator[Generation]:
    """The generations whose tokens are good: the one that signs here, and those that sign elsewhere or drain.

    Not those that were never promoted, which can be another app's, nor those that were retired, whose secret may
    have been the reason.

    Args:
        watched: its credentials and their rotation.
    """
    credentials, ring = watched.credentials, watched.rotation.ring
    for generation in credentials.held:
        entry = ring.get(generation.id)
        signed = entry is not None and entry.state in (State.PRIMARY, State.DRAINING)
        if signed or generation is credentials.primary:
            yield generation


def _limit(settings: Settings, scope: str, reason: Reason, per_minute: int) -> Gcra | None:
    return Gcra(scope, reason, limit=per_minute, entries=settings.limit_entries) if per_minute else None
