"""The door of beacons."""

from fastapi import APIRouter, Request
from pydantic import Field

from tidegate import metrics_telemetry as metrics
from tidegate.errors import Refusal
from tidegate.http.body import body_of
from tidegate.http.call import SCOPE_KEY
from tidegate.http.schema import Closed
from tidegate.watch.telemetry import PATH
from tidegate.watch.telemetry.admission import BeaconAdmission
from tidegate.watch.telemetry.present import described_beacon
from tidegate.watch.telemetry.reading import read_beacon
from tidegate.watch.telemetry.service import Telemetry


class ReceiptBody(Closed):
    """Answer of ``POST /telemetry``."""

    counted: bool = Field(description="Whether what was told was counted.")
    sample_rate: float = Field(description="The part of the users that is asked, above 0 and at most 1.")
    next_seconds: int = Field(description="After how many seconds to tell again.")


def telemetry_routes(telemetry: Telemetry, admission: BeaconAdmission, body_bytes: int) -> APIRouter:
    """The route.

    Args:
        telemetry: counts.
        admission: of the request, before its body is read.
        body_bytes: the most that a body may have.
    """
    routes = APIRouter(tags=["telemetry"])

    @routes.post(
        PATH,
        status_code=202,
        summary="What an app tells of its connections to Stream",
        openapi_extra={"security": [{"stream": []}], "requestBody": described_beacon()},
    )
    async def take(request: Request) -> ReceiptBody:
        try:
            user_id = admission.user(request.scope[SCOPE_KEY])
            beacon = read_beacon(await body_of(request, body_bytes))
        except Refusal:
            metrics.CLIENT_BEACONS.labels("refused").inc()
            raise
        receipt = telemetry.take(user_id, beacon)
        return ReceiptBody(counted=receipt.counted, sample_rate=telemetry.sample, next_seconds=receipt.next_seconds)

    return routes
