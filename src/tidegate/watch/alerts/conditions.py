"""What a rule asks of the figures; each condition says the same to Prometheus. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from tidegate.watch.series.figures import figure
from tidegate.watch.series.ring import Merge

RECENT_S: Final = 30.0
"""Seconds whose worst value says how something is now. A replica's figures may come a slot late."""

_SECONDS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))


class Windows(Protocol):
    """Where the figures' values are."""

    def window(self, name: str, seconds: float) -> list[float]:
        """The values of a figure in the last seconds, oldest first; none where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """What a condition found.

    Attributes:
        met: whether it holds.
        figures: what it looked at, by name.
    """

    met: bool
    figures: Mapping[str, float] = field(default_factory=dict)


class Condition(Protocol):
    """Something that holds or does not."""

    def judge(self, windows: Windows) -> Judged:
        """Look at the figures. What is not known meets nothing."""
        ...

    def promql(self) -> str:
        """The same as an expression of Prometheus, which has a value where it holds."""
        ...

    def names(self) -> frozenset[str]:
        """The figures that it looks at."""
        ...

    def longest(self) -> float:
        """The longest window, seconds."""
        ...


def duration(seconds: float) -> str:
    """A duration as Prometheus writes it.

    Args:
        seconds: whole ones.
    """
    whole = int(seconds)
    return next((f"{whole // size}{unit}" for unit, size in _SECONDS if whole and whole % size == 0), f"{whole}s")


def expression(name: str, seconds: float) -> str:
    """A figure of a window, as an expression of Prometheus.

    Args:
        name: of the figure.
        seconds: the window; what is measured has none.
    """
    return figure(name).promql.replace("{window}", duration(seconds))


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what was counted is too great, and enough was counted to say so.

    Attributes:
        part: what is counted of it.
        of: everything.
        seconds: the window.
        above: the share that is not yet too great.
        least: how many of everything there must be.
        least_part: how many of the part there must be.
    """

    part: str
    of: str
    seconds: float
    above: float
    least: int
    least_part: int = 1

    def judge(self, windows: Windows) -> Judged:
        """Both sums over the same window."""
        part, whole = (sum(windows.window(name, self.seconds)) for name in (self.part, self.of))
        share = part / whole if whole else 0.0
        span = duration(self.seconds)
        figures = {f"share_{span}": round(share, 6), f"{self.part}_{span}": part, f"{self.of}_{span}": whole}
        return Judged(whole >= self.least and part >= self.least_part and share > self.above, figures)

    def promql(self) -> str:
        """The quotient, where there is enough of both. What is extrapolated from samples is no whole number."""
        part, whole = (expression(name, self.seconds) for name in (self.part, self.of))
        enough = f"{whole} > {self.least - 0.5:g}"
        if self.least_part > 1:
            enough = f"{enough} and {part} > {self.least_part - 0.5:g}"
        return f"({part} / {whole} > {self.above:g} and {enough})"

    def names(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.part, self.of})

    def longest(self) -> float:
        """The one that there is."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Counted:
    """Something was counted more often than it may be.

    Attributes:
        name: of the figure.
        seconds: the window.
        above: how often is not yet too often.
    """

    name: str
    seconds: float
    above: float = 0.0

    def judge(self, windows: Windows) -> Judged:
        """The sum of the window."""
        count = sum(windows.window(self.name, self.seconds))
        return Judged(count > self.above, {f"{self.name}_{duration(self.seconds)}": count})

    def promql(self) -> str:
        """The increase."""
        return f"{expression(self.name, self.seconds)} > {self.above:g}"

    def names(self) -> frozenset[str]:
        """The one."""
        return frozenset({self.name})

    def longest(self) -> float:
        """The one that there is."""
        return self.seconds


class Side(StrEnum):
    """On which side of a bound it is too much."""

    ABOVE = ">"
    BELOW = "<"


@dataclass(frozen=True, slots=True)
class Level:
    """What is measured is beyond a bound.

    Attributes:
        name: of the figure.
        side: on which it may not be.
        bound: that it may touch.
    """

    name: str
    side: Side
    bound: float

    def judge(self, windows: Windows) -> Judged:
        """The worst of the values of now."""
        values = windows.window(self.name, RECENT_S)
        if not values:
            return Judged(met=False)
        above = self.side is Side.ABOVE
        worst = max(values) if above else min(values)
        return Judged(worst > self.bound if above else worst < self.bound, {self.name: worst})

    def promql(self) -> str:
        """The comparison."""
        return f"{expression(self.name, RECENT_S)} {self.side} {self.bound:g}"

    def names(self) -> frozenset[str]:
        """The one."""
        return frozenset({self.name})

    def longest(self) -> float:
        """That of what is recent."""
        return RECENT_S


@dataclass(frozen=True, slots=True)
class Against:
    """What is measured is beyond a part of another figure, which says how much it may be.

    Attributes:
        name: of the figure.
        allowed: of the other; not there, or 0: nobody said.
        above: the part that is not yet too much.
    """

    name: str
    allowed: str
    above: float

    def judge(self, windows: Windows) -> Judged:
        """The greatest values of now."""
        found, allowed = (max(windows.window(name, RECENT_S), default=0.0) for name in (self.name, self.allowed))
        if allowed <= 0:
            return Judged(met=False)
        share = found / allowed
        return Judged(share > self.above, {self.name: found, self.allowed: allowed, "share": round(share, 6)})

    def promql(self) -> str:
        """The quotient."""
        allowed = expression(self.allowed, RECENT_S)
        return f"({expression(self.name, RECENT_S)} / {allowed} > {self.above:g} and {allowed} > 0)"

    def names(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.name, self.allowed})

    def longest(self) -> float:
        """That of what is recent."""
        return RECENT_S


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions hold, as where a burn rate is looked at over a long and a short window.

    Attributes:
        one: the first.
        other: the second.
    """

    one: Condition
    other: Condition

    def judge(self, windows: Windows) -> Judged:
        """Each."""
        first, second = self.one.judge(windows), self.other.judge(windows)
        return Judged(first.met and second.met, {**first.figures, **second.figures})

    def promql(self) -> str:
        """Where both have a value."""
        return f"({self.one.promql()} and {self.other.promql()})"

    def names(self) -> frozenset[str]:
        """Those of both."""
        return self.one.names() | self.other.names()

    def longest(self) -> float:
        """The longer one."""
        return max(self.one.longest(), self.other.longest())


def counted(names: frozenset[str]) -> frozenset[str]:
    """Those figures that are sums over a window, and so have to outlive a restart.

    Args:
        names: of figures.
    """
    return frozenset(name for name in names if figure(name).merge is Merge.SUM and "{window}" in figure(name).promql)
