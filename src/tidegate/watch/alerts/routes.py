"""The operator's routes to alerts."""

from typing import Annotated

import structlog
from fastapi import APIRouter

from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.watch.alerts.present import AlertBody, AlertsBody, TestedBody
from tidegate.watch.alerts.service import Alerts


def operator_routes(alerts: Alerts) -> APIRouter:
    """The routes.

    Args:
        alerts: as this replica knows them.
    """
    routes = APIRouter(prefix=f"{PREFIX}/alerts", tags=["alerts"])
    page = alerts.notifier.place.runbook

    @routes.get("", summary="Alerts that are pending or firing, and their history")
    async def listed(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> AlertsBody:
        return AlertsBody(
            alerts=[AlertBody.of(one, page) for one in alerts.current()],
            history=[AlertBody.of(one, page) for one in alerts.history()],
        )

    @routes.post("/test", summary="Send a test notification to every receiver")
    async def test(acting: Annotated[Operator, dependency(Role.OPERATOR)]) -> TestedBody:
        structlog.get_logger("tidegate.operator").info("alerts_tested", operator=acting.name)
        return TestedBody(receivers=await alerts.notifier.test())

    return routes
