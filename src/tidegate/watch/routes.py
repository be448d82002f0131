"""The doors of health. All are public; none of them is a lever against Stream."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from tidegate.clock import Clock
from tidegate.watch import present
from tidegate.watch.health import key_type
from tidegate.watch.model import Failure, Health, Status
from tidegate.watch.service import Watch

_NO_STORE = "no-cache, no-store, must-revalidate"


def router(watch: Watch, clock: Clock, *, environment: str, key: Callable[[], str], words_accepted: bool) -> APIRouter:
    """The routes of the health pages.

    Args:
        watch: judges.
        clock: for time stamps.
        environment: shown as it is configured.
        key: the API key in use, of which only the kind is shown.
        words_accepted: whether demo, test and dev in a key count as chance.
    """
    routes = APIRouter(tags=["health"])

    @routes.get("/", summary="What this is, and how it is", response_model=present.RootBody)
    async def root() -> Response:
        return Response(present.root(watch.health()), media_type="application/json")

    @routes.get(
        "/api/chat/health",
        summary="Health with causes and their mend",
        response_model=present.HealthBody,
        responses={503: {"model": present.HealthBody, "description": "Unhealthy"}},
    )
    async def health() -> Response:
        found = watch.health()
        return _answer(present.page(found, environment, clock.now()), found)

    @routes.get(
        "/api/chat/test-connection",
        summary="A live test of the connection to Stream, at most one every few seconds",
        response_model=present.ConnectionBody,
        responses={503: {"model": present.ConnectionBody, "description": "Unhealthy"}},
    )
    async def test_connection() -> Response:
        found = await watch.tested()
        refused = watch.failure() in {Failure.KEY_REFUSED, Failure.SECRET_REFUSED}
        kind = key_type(key(), problem=refused, words_accepted=words_accepted)
        return _answer(present.connection(found, kind, environment, clock.now()), found)

    return routes


def _answer(body: bytes, health: Health) -> Response:
    status = 503 if health.status is Status.UNHEALTHY else 200
    headers = {"Cache-Control": _NO_STORE, "X-Health-Status": health.status.value}
    return Response(body, status, headers, "application/json")
