"""Health on the wire, and the models that document it."""

from typing import Literal

import orjson
from pydantic import Field

from tidegate import __version__
from tidegate.clock import rfc3339
from tidegate.http.schema import Closed, Timestamp
from tidegate.watch.model import Checks, Health, KeyType, Status

SERVICE = "Stream Chat Token Service"
"""What the mobile face's root page has always called itself."""


class RootBody(Closed):
    """Answer of ``GET /``."""

    status: Status
    service: Literal["Stream Chat Token Service"]
    version: str


class ChecksBody(Closed):
    """The three questions."""

    configurationValid: bool
    connectionEstablished: bool
    authenticationWorking: bool


class PerformanceBody(Closed):
    """How fast Stream answered the last probe."""

    responseTimeMs: float = Field(ge=0)
    healthy: bool = Field(description="Below 2000 ms.")


class MetadataBody(Closed):
    """What answered, and when."""

    environment: str
    timestamp: Timestamp
    version: str


class TroubleshootingBody(Closed):
    """What is wrong and how to mend it."""

    status: Status
    issues: list[str]
    solutions: list[str]
    recommendations: list[str]


class HealthBody(Closed):
    """Answer of ``GET /api/chat/health``."""

    service: Literal["stream-chat"]
    status: Status
    checks: ChecksBody
    message: str
    warnings: list[str]
    performance: PerformanceBody
    metadata: MetadataBody
    troubleshooting: TroubleshootingBody


class ConnectionDetails(ChecksBody):
    """The checks again, and what kind of key is configured."""

    keyType: KeyType


class ConnectionBody(Closed):
    """Answer of ``GET /api/chat/test-connection``."""

    success: bool
    configured: bool
    environment: str
    status: Status
    message: str
    healthChecks: ChecksBody
    details: ConnectionDetails
    timestamp: Timestamp


def root(health: Health) -> bytes:
    """The mobile face's root page."""
    return orjson.dumps({"status": health.status, "service": SERVICE, "version": __version__})


def page(health: Health, environment: str, now: float) -> bytes:
    """The health page.

    Args:
        health: the judgement.
        environment: as configured.
        now: seconds since the epoch.
    """
    trouble = health.troubleshooting
    return orjson.dumps(
        {
            "service": "stream-chat",
            "status": health.status,
            "checks": _checks(health.checks),
            "message": health.message,
            "warnings": health.warnings,
            "performance": {"responseTimeMs": health.response_time_ms, "healthy": health.fast},
            "metadata": {"environment": environment, "timestamp": rfc3339(now), "version": __version__},
            "troubleshooting": {
                "status": trouble.status,
                "issues": trouble.issues,
                "solutions": trouble.solutions,
                "recommendations": trouble.recommendations,
            },
        }
    )


def connection(health: Health, key_type: KeyType, environment: str, now: float) -> bytes:
    """The answer of the connection test.

    Args:
        health: the judgement, after a live test.
        key_type: of the configured key.
        environment: as configured.
        now: seconds since the epoch.
    """
    checks = _checks(health.checks)
    return orjson.dumps(
        {
            "success": health.checks.connection_established and health.checks.authentication_working,
            "configured": health.checks.configuration_valid,
            "environment": environment,
            "status": health.status,
            "message": health.message,
            "healthChecks": checks,
            "details": {**checks, "keyType": key_type},
            "timestamp": rfc3339(now),
        }
    )


def _checks(checks: Checks) -> dict[str, bool]:
    return {
        "configurationValid": checks.configuration_valid,
        "connectionEstablished": checks.connection_established,
        "authenticationWorking": checks.authentication_working,
    }
