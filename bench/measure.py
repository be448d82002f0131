"""One measurement of one service: warmed up, loaded, its processor time divided by its answers."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from load import Target, load
from process import Service
from services import target

WARM_UP_SECONDS = 1.5

_RECENT = 1000
"""Tokens that count as recent: so many are behind the first new one, or the first few would be asked for too often."""


def closed_loop(service: Service, pool: Path, *, seconds: float, seen_percent: int = 0) -> dict[str, Any]:
    """Full load: microseconds of processor time for an answer, rate and percentiles."""
    asked = target(service, pool)
    warm = load(asked, seconds=WARM_UP_SECONDS, seen_percent=seen_percent, start=_RECENT if seen_percent else 0)
    before = service.cpu_seconds()
    figures = load(asked, seconds=seconds, seen_percent=seen_percent, start=warm["next"])
    spent = service.cpu_seconds() - before
    _no_error(service, figures)
    return {
        "cpu_us": round(spent * 1e6 / figures["requests"], 2),
        "rate": figures["rate"],
        "p50_ms": figures["p50_ms"],
        "p99_ms": figures["p99_ms"],
        "requests": figures["requests"],
        "rss_mb": round(service.rss_bytes() / 1e6, 1),
        "start_seconds": round(service.start_seconds, 3),
    }


def constant_rate(
    service: Service, pool: Path, *, seconds: float, rate: float, seen_percent: int = 0
) -> dict[str, Any]:
    """A constant rate, latency counted from when each request was due."""
    asked = target(service, pool)
    warm = load(asked, seconds=WARM_UP_SECONDS, rate=rate, seen_percent=seen_percent)
    figures = load(asked, seconds=seconds, rate=rate, seen_percent=seen_percent, start=warm["next"])
    _no_error(service, figures)
    return {name: figures[name] for name in ("rate", "requests", "p50_ms", "p99_ms", "p999_ms", "max_ms")}


def _no_error(service: Service, figures: dict[str, Any]) -> None:
    if figures["errors"]:
        raise SystemExit(f"bench: {figures['errors']} wrong answers of {service.name}: {figures['first_error']}")


def alternated(
    rounds: int, makers: dict[str, Callable[[], Service]], measure: Callable[[str, Service], dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Measure services in turn, A B A B, each time in a fresh process.

    Returns:
        for each name its figures, one a round.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in makers}
    for number in range(rounds):
        for name, make in makers.items():
            with make() as service:
                figures = measure(name, service)
            found[name].append(figures)
            shown = ", ".join(f"{key} {value}" for key, value in figures.items())
            print(f"  {number + 1}/{rounds} {name}: {shown}", flush=True)
    return found


def median(rounds: list[dict[str, Any]], figure: str) -> float:
    """The median of one figure."""
    return round(float(statistics.median(each[figure] for each in rounds)), 3)


def filled(service: Service, asked: Target, sessions: int) -> dict[str, Any]:
    """Memory for each session that the service has newly come to know."""
    warm = load(asked, requests=2000)
    before = service.rss_bytes()
    figures = load(asked, requests=sessions, start=warm["next"])
    _no_error(service, figures)
    grown = service.rss_bytes() - before
    return {"sessions": sessions, "grown_mb": round(grown / 1e6, 1), "bytes_per_session": round(grown / sessions)}
