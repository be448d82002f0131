"""The live series: which figures stand in which chart. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.console.sources import Figures
from tidegate.watch.series.figures import APP_FAILURES, REFUSALS

LINES_MOST: Final = 4
"""Lines of one chart."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        name: of it.
        title: for a person.
        unit: ``s`` for seconds, ``%`` for a part of one, or what is counted.
        lines: name of each figure, and what it is called here.
        scale: what a value is multiplied with; slots hold the counts of ten seconds.
        family: begin of the names of figures of which those that were most are shown, too.
        nothing: what to say where there is no value.
    """

    name: str
    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    scale: float = 1.0
    family: str = ""
    nothing: str = "Nothing in this hour"


CHARTS: Final = (
    Chart(
        "exchanges", "Exchanges", "/s", (("exchanges.issued", "tokens issued"), ("exchanges.refused", "refused")), 0.1
    ),
    Chart("refusals", "Refusals by reason", "/s", (), 0.1, family=REFUSALS),
    Chart("latency", "Time of an exchange", "s", (("exchange.p50", "median"), ("exchange.p99", "99 %"))),
    Chart("stream", "Stream's time to answer", "s", (("stream.p50", "median"), ("stream.p95", "95 %"))),
    Chart("canary", "A message by way of Stream", "s", (("canary.delivery_seconds", "until it arrives"),)),
    Chart("quota", "Left of Stream's limits", "%", (("quota.lowest_ratio", "the smallest part"),)),
)
"""The charts, in their order on the page."""

TOO_FEW: Final = "Too few users to say"
"""Instead of a figure of what apps tell that fewer than 20 users told of."""

_TWO: Final = (("p50", "median"), ("p95", "95 %"))


def _told(name: str, title: str, unit: str = "s", scale: float = 1.0) -> Chart:
    lines = tuple((f"client.{name}.{short}", label) for short, label in _TWO)
    return Chart(f"apps-{name}", title, unit, lines, scale, nothing=TOO_FEW)


APP_CHARTS: Final = (
    Chart(
        "apps-connections",
        "Open connections to Stream",
        "",
        (("client.connections", "on average"),),
        nothing=TOO_FEW,
    ),
    _told("connect", "Time to connect"),
    _told("delivery", "Until a message arrives"),
    _told("session", "How long an app is open", "min", 1 / 60),
    Chart(
        "apps-failures",
        "Users who met a failure",
        "",
        (("client.failed", "all"),),
        family=APP_FAILURES,
        nothing=TOO_FEW,
    ),
)
"""The charts of what apps tell; each value is that of the last whole window."""


def charts_of(*, told: bool) -> tuple[Chart, ...]:
    """The charts of a page.

    Args:
        told: whether apps may tell anything.
    """
    return (*CHARTS, *APP_CHARTS) if told else CHARTS


def figures(charts: Sequence[Chart], series: Figures, seconds: float) -> dict[str, object]:
    """What the page's script draws.

    Args:
        charts: that there are.
        series: figures over time.
        seconds: how far back.

    Returns:
        for each chart the times, and for each line its label and values, None where there is none.
    """
    return {chart.name: _drawn(chart, series, seconds) for chart in charts}


def _drawn(chart: Chart, series: Figures, seconds: float) -> dict[str, object]:
    most = _most(chart.family, series, seconds) if chart.family else ()
    wanted = [*chart.lines, *most][:LINES_MOST]
    found = {label: dict(series.recent(name, seconds)) for name, label in wanted}
    times = sorted({at for points in found.values() for at in points})
    return {
        "times": times,
        "lines": [
            {"label": label, "values": [_scaled(points.get(at), chart.scale) for at in times]}
            for label, points in found.items()
        ],
    }


def _most(family: str, series: Figures, seconds: float) -> Sequence[tuple[str, str]]:
    """The figures of a family that were most, the first one first."""
    sums = {
        name: sum(value for _, value in series.recent(name, seconds) if not math.isnan(value))
        for name in series.names()
        if name.startswith(family) and name != "refusals.auth"
    }
    most = sorted((name for name, total in sums.items() if total), key=lambda name: (-sums[name], name))
    return [(name, name.removeprefix(family).replace("_", " ")) for name in most[:LINES_MOST]]


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None or math.isnan(value) else value * scale
