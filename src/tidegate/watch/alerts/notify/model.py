"""What a notification says, for machines and for people. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from tidegate.clock import rfc3339
from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.rules import BY_NAME
from tidegate.watch.probes.model import Blame

TEST: Final = "alerts.test"
CHANGED: Final = "alerts.changed"
RUNBOOK_FILE: Final = "docs/alerts.md"
"""The runbook in the repository, named where it is not published anywhere."""


class Cause(StrEnum):
    """Why a receiver was not reached; the metric's ``result`` when it is not ``delivered``."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    FAILED = "failed"


class NotDelivered(Exception):
    """A receiver did not take a notification.

    Args:
        cause: one of the closed set.
        detail: for the log; never an address or anything that was answered.
    """

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Place:
    """Where alerts come from, and where the runbook is.

    Attributes:
        environment: as configured.
        host: the name by which people know this deployment.
        runbook: URL of the page, or `RUNBOOK_FILE`; the alert's section follows it.
    """

    environment: str
    host: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One message.

    Attributes:
        id: the same each time that it is tried again.
        at: when it was made, seconds since the epoch.
        kind: `TEST` or `CHANGED`.
        alerts: that it tells of, the gravest first.
        place: where they come from.
    """

    id: str
    at: float
    kind: str
    alerts: Sequence[AlertState]
    place: Place

    def members(self) -> dict[str, Any]:
        """For machines."""
        return {
            "type": self.kind,
            "timestamp": rfc3339(self.at),
            "data": {
                "environment": self.place.environment,
                "source": self.place.host,
                "alerts": [alert_members(one, self.place.runbook) for one in self.alerts],
            },
        }

    def title(self) -> str:
        """One line for people."""
        where = f"Tidegate, {self.place.environment}"
        if self.kind == TEST:
            return f"Test notification of {where}"
        firing = [one for one in self.alerts if one.phase is Phase.FIRING]
        names = ", ".join(one.name for one in firing or self.alerts)
        state = "firing" if firing else "resolved"
        page = "PAGE: " if any(one.severity is Severity.PAGE for one in firing) else ""
        return f"{page}{names} {state} ({where})"

    def text(self) -> str:
        """The rest for people, in plain text."""
        if self.kind == TEST:
            return f"An operator asked for it. Nothing is wrong. Runbook: {self.place.runbook}"
        return "\n\n".join(_paragraph(one, self.place.runbook) for one in self.alerts)


class Channel(Protocol):
    """A receiver of notifications."""

    @property
    def name(self) -> str:
        """Of the metric and the log: never an address."""
        ...

    async def send(self, notification: Notification) -> None:
        """Deliver it, within a bounded time.

        Raises:
            NotDelivered: it did not get there, or nobody can say.
        """
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


def runbook_of(page: str, name: str) -> str:
    """The section of an alert.

    Args:
        page: URL or file of the runbook.
        name: of the alert.
    """
    return f"{page}#{name.lower()}"


def alert_members(alert: AlertState, page: str) -> dict[str, Any]:
    """One alert, for machines; the operator's API says the same.

    Args:
        alert: that it is about.
        page: URL or file of the runbook.
    """
    rule = BY_NAME[alert.name]
    return {
        "id": alert.id,
        "name": alert.name,
        "severity": alert.severity.value,
        "state": alert.phase.value,
        "summary": rule.summary,
        "text": alert.text,
        "blame": alert.blame.value,
        "sure": round(alert.sure, 2),
        "figures": dict(alert.figures),
        "pending_at": rfc3339(alert.pending_at),
        "started_at": None if alert.fired_at is None else rfc3339(alert.fired_at),
        "ended_at": None if alert.resolved_at is None else rfc3339(alert.resolved_at),
        "alone": alert.alone,
        "runbook": runbook_of(page, alert.name),
    }


def gravest_first(alerts: Iterable[AlertState]) -> tuple[AlertState, ...]:
    """Firing before resolved, pages before tickets, then by name."""
    return tuple(
        sorted(alerts, key=lambda one: (one.phase is not Phase.FIRING, one.severity is not Severity.PAGE, one.name))
    )


def _paragraph(alert: AlertState, page: str) -> str:
    start = rfc3339(alert.fired_at or alert.pending_at)
    span = f"since {start}" if alert.resolved_at is None else f"{start} to {rfc3339(alert.resolved_at)}"
    figures = ", ".join(f"{name} {value:g}" for name, value in alert.figures.items())
    lines = [
        f"{alert.name} ({alert.severity}) is {alert.phase}, {span}.",
        BY_NAME[alert.name].summary,
        alert.text,
        _whose(alert),
        f"Figures: {figures}." if figures else "",
        "This replica could not hear of the others." if alert.alone else "",
        f"Runbook: {runbook_of(page, alert.name)}",
    ]
    return "\n".join(line for line in lines if line)


def _whose(alert: AlertState) -> str:
    if alert.blame is Blame.NOBODY:
        return ""
    if alert.blame is Blame.UNCLEAR:
        return "Whose fault it is, is unclear; the lines above say why."
    return f"Whose fault, as far as can be seen: {alert.blame} ({alert.sure:.0%} sure)."
