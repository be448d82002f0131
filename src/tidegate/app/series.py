"""The figures of this replica over time, and the gauges that say the same to Prometheus."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import Gauge

from tidegate import metrics
from tidegate.app.lifespan import Background
from tidegate.clock import Clock
from tidegate.identity.keysource import KeyState
from tidegate.settings import Settings
from tidegate.upstream.quota import Quota
from tidegate.watch.model import Status
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome, State
from tidegate.watch.probes.stream import CREDENTIALS
from tidegate.watch.series.figures import PROBES
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Level, highest
from tidegate.watch.service import Watch

_DAY_SECONDS: Final = 86_400
_RECENT_S: Final = 120.0
"""Seconds for which what the canary measured says something about now."""

_STATUS: Final = {Status.HEALTHY: 0.0, Status.DEGRADED: 1.0, Status.UNHEALTHY: 2.0}
_STATES: Final = {State.OK: 0.0, State.WARNING: 1.0, State.FAILING: 2.0}
_POSTURE: Final = ("auth_checks_disabled", "permission_checks_disabled", "suspended")
_CANARY: Final = ("connect_seconds", "delivery_seconds")

_GAUGES: Final[Mapping[str, Gauge]] = {
    "health.status": metrics.HEALTH_STATUS,
    "quota.lowest_ratio": metrics.UPSTREAM_QUOTA_LOWEST,
    "keys.stale": metrics.JWKS_STALE_ISSUERS,
    "posture.unsafe": metrics.APP_UNSAFE,
    "credentials.max_age_seconds": metrics.CREDENTIAL_MAX_AGE,
    "plan.connections": metrics.PLAN_CONNECTIONS,
}


def series_of(
    settings: Settings, watch: Watch, quota: Quota, board: Board, background: Background, clock: Clock
) -> Series:
    """What is sampled, every ten seconds.

    Args:
        settings: sound ones.
        watch: judges health.
        quota: of Stream.
        board: what probes found.
        background: runs the sampler.
        clock: numbers the samples.
    """
    levels = _levels(settings, watch, quota, board, clock)
    for name, gauge in _GAUGES.items():
        gauge.set_function(_shown(levels[name]))
    series = Series(clock, levels, further=lambda: states_of(board))
    board.on_post(lambda _: series.note(states_of(board)))
    background.add("series", series.run)
    return series


def states_of(board: Board) -> dict[str, float]:
    """The worst state of each family of probes: 0 well, 1 a warning, 2 failing; without those not known.

    Args:
        board: what probes found.
    """
    found: dict[str, float] = {}
    for outcome in board.outcomes():
        if outcome.state in _STATES:
            name = f"{PROBES}{outcome.probe.partition(':')[0]}"
            found[name] = max(found.get(name, 0.0), _STATES[outcome.state])
    return found


def _levels(settings: Settings, watch: Watch, quota: Quota, board: Board, clock: Clock) -> dict[str, Level]:
    def canary(name: str) -> Level:
        return lambda: _figure(_recent(board.last("canary"), clock.now()), name)

    return {
        "health.status": lambda: _STATUS[watch.health().status],
        "quota.lowest_ratio": quota.lowest_ratio,
        "keys.stale": lambda: float(sum(one.keys is not KeyState.FRESH for one in watch.issuers())),
        "posture.unsafe": lambda: _unsafe(board.last(CREDENTIALS)),
        "credentials.max_age_seconds": lambda: float(settings.credential_max_age_days * _DAY_SECONDS),
        "plan.connections": lambda: float(settings.plan_connections),
        "notify.failing_seconds": lambda: highest(metrics.NOTIFY_FAILING),
        **{f"canary.{name}": canary(name) for name in _CANARY},
    }


def _unsafe(outcome: Outcome | None) -> float | None:
    if outcome is None or not any(name in outcome.figures for name in _POSTURE):
        return None
    return sum(outcome.figures.get(name, 0.0) for name in _POSTURE)


def _recent(outcome: Outcome | None, now: float) -> Outcome | None:
    return outcome if outcome is not None and now - outcome.at <= _RECENT_S else None


def _figure(outcome: Outcome | None, name: str) -> float | None:
    return None if outcome is None else outcome.figures.get(name)


def _shown(level: Level) -> Callable[[], float]:
    """A level as a gauge has it: not a number where it is not known."""

    def shown() -> float:
        value = level()
        return math.nan if value is None else value

    return shown
