"""What the last whole window came to: medians and counts, of figures that enough users told of."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tidegate import metrics_telemetry as metrics
from tidegate.tally import SpreadFamily
from tidegate.watch.series.figures import APP_FAILURES
from tidegate.watch.series.sources import Buckets
from tidegate.watch.telemetry.model import Failure

_TIMES: Final[Mapping[str, SpreadFamily]] = MappingProxyType(
    {
        "client.connect": metrics.CLIENT_CONNECT,
        "client.delivery": metrics.CLIENT_DELIVERY,
        "client.session": metrics.CLIENT_SESSION,
    }
)
_QUANTILES: Final = (("p50", 0.5), ("p95", 0.95))
_NONE: Final[Mapping[str, float]] = MappingProxyType({})


class Lately:
    """The figures of the last whole window.

    A time is counted only once 20 users told of its kind in one window, so what was counted in a window is of that
    many users, and a figure that is missing is of too few.
    """

    def __init__(self) -> None:
        self._last = _NONE
        self._times, self._failures = _times(), _failures()

    def turn(self, *, told: bool, enough: bool) -> None:
        """A window has ended.

        Args:
            told: whether it is the last whole one; else nobody told anything for longer than a window.
            enough: whether enough users told anything, so that failures count.
        """
        times, failures = _times(), _failures()
        found: dict[str, float] = {}
        for name, spread in times.items():
            since = spread.since(self._times[name])
            for short, quantile in _QUANTILES:
                value = since.quantile(quantile)
                if value is not None:
                    found[f"{name}.{short}"] = value
        if enough:
            met = {reason: count - self._failures[reason] for reason, count in failures.items()}
            found.update({f"{APP_FAILURES}{reason}": count for reason, count in met.items()})
            found["client.failed"] = sum(met.values())
        self._last = MappingProxyType(found) if told else _NONE
        self._times, self._failures = times, failures

    def levels(self) -> dict[str, Callable[[], float | None]]:
        """Every figure, to be asked for at any time; None where too few users told of it."""
        names = [f"{name}.{short}" for name in _TIMES for short, _ in _QUANTILES]
        names += ["client.failed", *(f"{APP_FAILURES}{reason}" for reason in Failure)]
        return {name: self._level(name) for name in names}

    def _level(self, name: str) -> Callable[[], float | None]:
        return lambda: self._last.get(name)


def _times() -> dict[str, Buckets]:
    return {name: Buckets(family.bounds, [*family.labels().buckets]) for name, family in _TIMES.items()}


def _failures() -> dict[str, float]:
    return {reason.value: metrics.CLIENT_FAILURES.labels(reason.value).value for reason in Failure}
