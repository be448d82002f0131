"""What an alert is, and how it goes from pending to firing to resolved. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from tidegate.watch.alerts.conditions import Condition, Windows
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Blame

RESOLVE_S: Final = 60.0
"""Seconds for which nothing must be wrong before an alert counts as resolved, so that it does not flap."""


class Severity(StrEnum):
    """What an alert asks for."""

    PAGE = "page"  # somebody is woken
    TICKET = "ticket"  # somebody looks in working hours


class Phase(StrEnum):
    """How far an alert is."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


USUALLY: Final = 0.7
"""How sure it is that something is the fault of whose it usually is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose fault something is.

    Attributes:
        blame: whose; `Blame.UNCLEAR` where that cannot be told.
        sure: how sure that is, from 0 to 1.
        text: why, one sentence or two.
    """

    blame: Blame
    sure: float
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a rule comes to fire.

    Attributes:
        condition: that holds then.
        blame: whose fault it usually is, where neither probe nor figures know better.
        text: what is wrong then, one sentence.
        judge: finds in the figures whose fault it is.
        evidence: the figures that it looks at for that.
    """

    condition: Condition
    blame: Blame
    text: str
    judge: Callable[[Windows, Board], Verdict] | None = None
    evidence: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
        name: as the seeds, Prometheus and the metric have it.
        severity: what it asks for.
        ways: in which it fires; the first that holds says whose fault it is.
        for_s: seconds for which it must hold.
        summary: one sentence.
        meaning: what it says and what it does not, for the runbook.
        steps: what to do, in order.
        probes: families of probes that know better whose fault it is.
        inside: whether Tidegate itself judges it; else it is Prometheus's business.
        expr: the expression, where it is no condition of figures.
    """

    name: str
    severity: Severity
    ways: tuple[Way, ...]
    for_s: float
    summary: str
    meaning: str
    steps: tuple[str, ...]
    probes: tuple[str, ...] = ()
    inside: bool = True
    expr: str = ""

    def promql(self) -> str:
        """The rule as an expression of Prometheus."""
        return self.expr or " or ".join(way.condition.promql() for way in self.ways)

    def names(self) -> frozenset[str]:
        """The figures that it looks at."""
        return frozenset().union(*(way.condition.names() for way in self.ways))

    def evidence(self) -> frozenset[str]:
        """The figures that tell whose fault it is."""
        return frozenset().union(*(way.evidence for way in self.ways))


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at a rule found.

    Attributes:
        met: whether it holds.
        figures: what was looked at.
        blame: whose fault it is.
        text: what is wrong, one sentence.
        sure: how sure it is whose fault it is, from 0 to 1.
    """

    met: bool
    figures: Mapping[str, float] = field(default_factory=dict)
    blame: Blame = Blame.NOBODY
    text: str = ""
    sure: float = 1.0


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert, from when it was pending until it is over.

    Attributes:
        name: of its rule.
        severity: of its rule.
        phase: how far it is.
        pending_at: since when it holds, seconds since the epoch.
        fired_at: since when it fires; None: not yet.
        resolved_at: when it ended; None: not yet.
        clear_since: since when nothing is wrong while it still counts as firing.
        figures: those of the last time that it held.
        blame: whose fault it is, as far as that is known.
        text: what is wrong, one sentence.
        told_at: when somebody was last told of it; None: nobody was.
        told_end: whether somebody was told that it is over.
        alone: whether one replica says so that could not hear of the others.
        sure: how sure it is whose fault it is, from 0 to 1.
    """

    name: str
    severity: Severity
    phase: Phase
    pending_at: float
    fired_at: float | None = None
    resolved_at: float | None = None
    clear_since: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    blame: Blame = Blame.NOBODY
    text: str = ""
    told_at: float | None = None
    told_end: bool = False
    alone: bool = False
    sure: float = 1.0

    @property
    def id(self) -> str:
        """The same from the first to the last word of it."""
        return f"{self.name}-{int(self.pending_at)}"


def step(rule: Rule, state: AlertState | None, found: Found, now: float) -> AlertState | None:
    """One step of an alert.

    Args:
        rule: of which it is.
        state: before; None: nothing was wrong.
        found: what was found now.
        now: seconds since the epoch.

    Returns:
        after; resolved only once, then it is None again.
    """
    if state is None or state.phase is Phase.RESOLVED:
        if not found.met:
            return None
        state = AlertState(rule.name, rule.severity, Phase.PENDING, now)
    # A clock that was set back begins the wait anew.
    state = replace(state, pending_at=min(state.pending_at, now)) if state.phase is Phase.PENDING else state
    if found.met:
        state = replace(state, figures=dict(found.figures), text=found.text, clear_since=None)
        state = replace(state, blame=found.blame, sure=found.sure)
        if state.phase is Phase.PENDING and now - state.pending_at >= rule.for_s:
            return replace(state, phase=Phase.FIRING, fired_at=now)
        return state
    if state.phase is Phase.PENDING:
        return None
    clear_since = now if state.clear_since is None else min(state.clear_since, now)
    if now - clear_since < RESOLVE_S:
        return replace(state, clear_since=clear_since)
    return replace(state, phase=Phase.RESOLVED, resolved_at=clear_since, clear_since=None)
