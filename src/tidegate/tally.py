"""Counters and histograms for the hot path: plain numbers, read out when Prometheus asks.

prometheus-client takes a lock for each increment, which an event loop does not
need: an exchange counts eight times, and the locks cost as much as minting.
These are used from one thread; reading them from another sees each number whole.
"""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Count:
    """One counter.

    Attributes:
        value: so far.
    """

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self, amount: int = 1) -> None:
        """Count ``amount`` more."""
        self.value += amount


class Spread:
    """One histogram.

    Args:
        bounds: upper bounds of the buckets, ascending, without infinity.

    Attributes:
        buckets: how many observations fell into each bucket alone; the last is above all bounds.
        total: sum of all observations.
    """

    __slots__ = ("_bounds", "buckets", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Note one observation; a bucket's upper bound belongs to it."""
        self.buckets[bisect_left(self._bounds, value)] += 1
        self.total += value


T = TypeVar("T", Count, Spread)


class _Labelled(Collector, Generic[T]):
    """Children by the values of their labels."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], make: Callable[[], T], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = tuple(labels)
        self._make: Callable[[], T] = make
        self._children: dict[tuple[str, ...], T] = {}
        if not labels:
            self.labels()
        registry.register(self)

    def labels(self, *values: str) -> T:
        """The child of these values, in the order of the labels; worth keeping.

        Raises:
            ValueError: another number of values than of labels.
        """
        if len(values) != len(self._labels):
            raise ValueError(f"{self._name} has {len(self._labels)} labels")
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._make()
        return child

    def children(self) -> tuple[tuple[tuple[str, ...], T], ...]:
        """Every child so far, with the values of its labels."""
        return tuple(self._children.items())

    def describe(self) -> Iterable[Metric]:
        """The family without samples, so that the registry knows its name."""
        return [self._family()]

    @abstractmethod
    def _family(self) -> Metric: ...


class CountFamily(_Labelled[Count]):
    """A counter with labels.

    Args:
        name: ends in ``_total``.
        documentation: one sentence.
        labels: their names.
        registry: that exposes it.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str], *, registry: CollectorRegistry) -> None:
        super().__init__(name, documentation, labels, Count, registry)

    def collect(self) -> Iterable[Metric]:
        """All children, read now."""
        family = self._family()
        for values, child in self.children():
            family.add_metric(values, child.value)
        return [family]

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._name, self._documentation, labels=self._labels)


class SpreadFamily(_Labelled[Spread]):
    """A histogram with labels.

    Args:
        name: ends in its base unit.
        documentation: one sentence.
        labels: their names.
        bounds: upper bounds of the buckets, ascending, without infinity.
        registry: that exposes it.

    Attributes:
        bounds: the same.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self.bounds = tuple(bounds)
        super().__init__(name, documentation, labels, lambda: Spread(self.bounds), registry)

    def collect(self) -> Iterable[Metric]:
        """All children, read now; buckets are cumulative on the wire."""
        family = self._family()
        names = [*map(floatToGoString, self.bounds), "+Inf"]
        for values, child in self.children():
            cumulative = 0
            buckets = []
            for name, count in zip(names, tuple(child.buckets), strict=True):
                cumulative += count
                buckets.append((name, cumulative))
            family.add_metric(values, buckets, child.total)
        return [family]

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
