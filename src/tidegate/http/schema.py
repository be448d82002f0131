"""What the answers' documented shapes have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidegate.errors import Reason

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-01T12:00:00Z"])]
"""RFC 3339, UTC, whole seconds."""


class Closed(BaseModel):
    """An answer with exactly these members."""

    model_config = ConfigDict(extra="forbid")


class ProblemBody(Closed):
    """Errors outside ``/api/`` (RFC 9457)."""

    type: str = Field(
        description="Names the reason, and leads to its documentation where that is published.",
        json_schema_extra={"format": "uri"},
    )
    title: str
    status: int
    detail: str
    reason: Reason
    request_id: str


class WebErrorBody(Closed):
    """Errors of everything under ``/api/``."""

    success: Literal[False]
    error: str
    reason: Reason
    timestamp: Timestamp
