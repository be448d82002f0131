"""What the console looks at and acts upon; `app` puts it together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidegate.clock import Clock
from tidegate.console.refusals import Refusals
from tidegate.credentials.service import Rotation
from tidegate.identity.distrust.service import KeyDistrust
from tidegate.identity.service import Issuer
from tidegate.tokens.standing.service import StandingService
from tidegate.watch.alerts.model import AlertState
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome, ProbeSpec


class ProbeRunner(Protocol):
    """What runs the probes."""

    def specs(self) -> tuple[ProbeSpec, ...]:
        """What they do and cost."""
        ...

    async def run_now(self, name: str) -> Outcome | None:
        """Run one by hand; None where there is no such probe."""
        ...


class Alarms(Protocol):
    """The alerts."""

    def current(self) -> tuple[AlertState, ...]:
        """Those that are pending or firing."""
        ...

    def history(self) -> tuple[AlertState, ...]:
        """Those that are over, the newest first."""
        ...


class Figures(Protocol):
    """Figures over time."""

    def names(self) -> Sequence[str]:
        """Of all figures that there are."""
        ...

    def recent(self, name: str, seconds: float) -> list[tuple[float, float]]:
        """A figure's last values, each with its time, seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The rooms that the console looks into.

    Attributes:
        board: what the probes found.
        runner: runs them.
        series: figures over time.
        alerts: judged by them.
        runbook: address of the page of alerts, or its file in the repository.
        issuers: with their keys.
        distrust: refuses keys of theirs.
        rotation: of the credentials at Stream.
        max_age_days: from which on a secret is too old; 0 for never.
        standing: revokes and bans.
        refusals: the last ones; None where the ledger is off.
        stopping: whether this replica is shutting down.
        clock: for all of it.
        documentation: address of the page of reasons; empty where no documentation is published.
        told: whether apps may tell anything.
    """

    board: Board
    runner: ProbeRunner
    series: Figures
    alerts: Alarms
    runbook: str
    issuers: Sequence[Issuer]
    distrust: KeyDistrust
    rotation: Rotation
    max_age_days: int
    standing: StandingService
    refusals: Refusals | None
    stopping: Callable[[], bool]
    clock: Clock
    documentation: str
    told: bool
