"""What is sampled: the counters that are there anyway, and what can be asked at no cost."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import CollectorRegistry

from tidegate import metrics
from tidegate.watch.series.figures import (
    AUTH_REASONS,
    FAILED_CALLS,
    ISSUER_REFUSED,
    METHODS,
    REFUSALS,
    ROUTES,
    SLOW_S,
    UNJUDGED_CALLS,
)

_CLIENT_CONNECTIONS: Final = "tidegate_client_connections"
_OUTCOMES: Final = frozenset({"issued", "refused", "unavailable"})
_AUTH: Final = frozenset(AUTH_REASONS)
_FAILED: Final = frozenset(FAILED_CALLS)
_UNJUDGED: Final = frozenset(UNJUDGED_CALLS)


@dataclass(slots=True)
class Buckets:
    """A histogram's observations so far.

    Attributes:
        bounds: upper bounds, ascending, without infinity.
        counts: observations in each bucket alone; the last is above all bounds.
    """

    bounds: tuple[float, ...]
    counts: list[float]

    def add(self, counts: Iterable[float]) -> None:
        """Count other observations of the same bounds in."""
        self.counts = [one + other for one, other in zip(self.counts, counts, strict=True)]

    def since(self, before: "Buckets | None") -> "Buckets":
        """What came after an earlier reading; everything, where that is of another histogram."""
        if before is None or before.bounds != self.bounds:
            return self
        return Buckets(
            self.bounds, [max(0.0, one - other) for one, other in zip(self.counts, before.counts, strict=True)]
        )

    def above(self, bound: float) -> float:
        """How many lie above one of the bounds."""
        return sum(self.counts[self.bounds.index(bound) + 1 :])

    def quantile(self, quantile: float) -> float | None:
        """A quantile, as Prometheus estimates it: evenly spread within a bucket.

        Args:
            quantile: from 0 to 1.

        Returns:
            seconds; None where nothing was observed. Above all bounds it is the last bound.
        """
        rank, below, lower = quantile * sum(self.counts), 0.0, 0.0
        if not rank:
            return None
        for bound, count in zip(self.bounds, self.counts, strict=False):
            if count and below + count >= rank:
                return lower + (bound - lower) * (rank - below) / count
            below, lower = below + count, bound
        return self.bounds[-1]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was counted since the process began.

    Attributes:
        counts: by figure.
        exchange: time of the exchanges.
        stream: time of the calls to Stream.
    """

    counts: Mapping[str, float]
    exchange: Buckets
    stream: Buckets


def read() -> Reading:
    """Read the counters as they stand."""
    counts: dict[str, float] = {
        "sessions.hits": metrics.SESSION_CACHE_HITS.value,
        "sessions.misses": metrics.SESSION_CACHE_MISSES.value,
        "ledger.lost": highest(metrics.LEDGER_LOST) or 0.0,
    }
    _exchanges(counts)
    _answers(counts)
    exchange = Buckets(metrics.EXCHANGE_DURATION.bounds, [0.0] * (len(metrics.EXCHANGE_DURATION.bounds) + 1))
    for _, spread in metrics.EXCHANGE_DURATION.children():
        exchange.add(spread.buckets)
    return Reading(counts, exchange, _stream(counts))


def highest(metric: MetricWrapperBase) -> float | None:
    """The greatest value of a metric over its labels; None where there is none, or it is not a number.

    Args:
        metric: a gauge or a counter.
    """
    return max(_values(metric), default=None)


def lowest(metric: MetricWrapperBase) -> float | None:
    """The least value of a gauge over its labels; None where there is none, or it is not a number."""
    return min(_values(metric), default=None)


def client_connections(registry: CollectorRegistry = metrics.REGISTRY) -> float | None:
    """Connections to Stream that apps report; None where they report none.

    Args:
        registry: in which the figure is, where anything counts it.
    """
    samples = [
        sample.value
        for family in registry.restricted_registry([_CLIENT_CONNECTIONS]).collect()
        for sample in family.samples
        if not math.isnan(sample.value)
    ]
    return sum(samples) if samples else None


Level = Callable[[], float | None]
"""A figure that can be asked for at any time; None where it is not known."""

LEVELS: Final[Mapping[str, Level]] = {
    "keys.age_seconds": lambda: highest(metrics.JWKS_AGE),
    "credentials.age_seconds": lambda: highest(metrics.CREDENTIAL_AGE),
    "ledger.lag_seconds": lambda: highest(metrics.LEDGER_LAG),
    "ledger.waiting": lambda: highest(metrics.LEDGER_QUEUE),
    "standing.owed_seconds": lambda: highest(metrics.STANDING_OWED_SECONDS),
    "store.up": lambda: lowest(metrics.STORE_UP),
    "store.waker_up": lambda: lowest(metrics.CHANGES_WAKER_UP),
    "stream.breaker": lambda: highest(metrics.UPSTREAM_BREAKER_STATE),
    "sync.waiting": lambda: highest(metrics.SYNC_QUEUE_ENTRIES),
    "http.connections": lambda: highest(metrics.HTTP_CONNECTIONS),
    "client.connections": client_connections,
}
"""Those that stand in the metrics."""


def _values(metric: MetricWrapperBase) -> list[float]:
    return [
        sample.value
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created") and not math.isnan(sample.value)
    ]


def _exchanges(counts: dict[str, float]) -> None:
    for name in ("exchanges", "exchanges.issued", "exchanges.refused", "exchanges.unavailable", "refusals.auth"):
        counts[name] = 0.0
    for (_, issuer, outcome, reason), child in metrics.EXCHANGE_TOTAL.children():
        counts["exchanges"] += child.value
        if outcome in _OUTCOMES:
            counts[f"exchanges.{outcome}"] += child.value
        if outcome != "issued":
            counts[f"{REFUSALS}{reason}"] = counts.get(f"{REFUSALS}{reason}", 0.0) + child.value
        if reason in _AUTH:
            counts["refusals.auth"] += child.value
            of = f"{ISSUER_REFUSED}{issuer}"
            counts[of] = counts.get(of, 0.0) + child.value


def _answers(counts: dict[str, float]) -> None:
    counts.update({"answers": 0.0, "answers.failed": 0.0, "answers.slow": 0.0})
    slow_from = metrics.REQUEST_DURATION.bounds.index(SLOW_S) + 1
    for (method, route, status), child in metrics.REQUEST_DURATION.children():
        if route not in ROUTES or method not in METHODS or status.startswith("4"):
            continue
        counts["answers"] += sum(child.buckets)
        counts["answers.slow"] += sum(child.buckets[slow_from:])
        if status.startswith("5"):
            counts["answers.failed"] += sum(child.buckets)


def _stream(counts: dict[str, float]) -> Buckets:
    """Calls to Stream: prometheus-client's own histogram, whose buckets are cumulative."""
    by_code: dict[tuple[str, str], list[float]] = {}
    for family in metrics.UPSTREAM_DURATION.collect():
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                of = (sample.labels["operation"], sample.labels["code"])
                by_code.setdefault(of, []).append(sample.value)
    found = Buckets(metrics.UPSTREAM_BUCKETS, [0.0] * (len(metrics.UPSTREAM_BUCKETS) + 1))
    counts.update({"stream.calls": 0.0, "stream.failed": 0.0, "stream.slow": 0.0})
    for (_, code), cumulative in by_code.items():
        if code in _UNJUDGED:
            continue
        alone = [one - before for one, before in zip(cumulative, [0.0, *cumulative], strict=False)]
        found.add(alone)
        counts["stream.calls"] += cumulative[-1]
        if code in _FAILED:
            counts["stream.failed"] += cumulative[-1]
    counts["stream.slow"] = found.above(SLOW_S)
    return found
