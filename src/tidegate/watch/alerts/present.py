"""Alerts on the operators' wire."""

from typing import Literal, Self

from pydantic import Field

from tidegate.http.schema import Closed, Timestamp
from tidegate.watch.alerts.model import AlertState
from tidegate.watch.alerts.notify.model import alert_members


class AlertBody(Closed):
    """One alert."""

    id: str = Field(description="The same from its first to its last word.")
    name: str
    severity: Literal["page", "ticket"]
    state: Literal["pending", "firing", "resolved"]
    summary: str
    text: str = Field(description="What is wrong, one sentence.")
    blame: Literal["ours", "identity_provider", "stream", "network", "apps", "outside", "unclear", "nobody"]
    sure: float = Field(ge=0, le=1, description="How sure it is whose fault it is.")
    figures: dict[str, float] = Field(description="Those of the last time that its condition held.")
    pending_at: Timestamp = Field(description="Since when the condition holds.")
    started_at: Timestamp | None = Field(description="Since when it fires; null: not yet, or it never did.")
    ended_at: Timestamp | None
    alone: bool = Field(description="Whether one replica says so that could not hear of the others.")
    runbook: str = Field(
        description="Where it says what to do: a URL, or a file of the repository where no documentation is published.",
        json_schema_extra={"format": "uri-reference"},
    )

    @classmethod
    def of(cls, alert: AlertState, page: str) -> Self:
        """The body of an alert.

        Args:
            alert: that it is about.
            page: URL or file of the runbook.
        """
        return cls.model_validate(alert_members(alert, page))


class AlertsBody(Closed):
    """Answer of ``GET /operator/v1/alerts``."""

    alerts: list[AlertBody] = Field(description="Pending or firing, by name.")
    history: list[AlertBody] = Field(description="Over, the newest first; at most 200.")


class TestedBody(Closed):
    """Answer of ``POST /operator/v1/alerts/test``."""

    receivers: dict[str, str] = Field(description="What came of it, by receiver: `delivered`, or why not.")
