"""Liveness, readiness and metrics: for orchestrators and Prometheus, not for people."""

from collections.abc import Callable
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from tidegate.app.framework import call_of
from tidegate.http.hosts import HostRule
from tidegate.http.schema import Closed
from tidegate.metrics import REGISTRY
from tidegate.watch.service import Watch


class LiveBody(Closed):
    """Answer of ``GET /livez``."""

    status: Literal["ok"]


class ReadyBody(Closed):
    """Answer of ``GET /readyz``; ``checks`` only when asked for."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str] | None = Field(default=None, description="With `?verbose`: each check and what it found.")


def liveness() -> APIRouter:
    """``/livez``: the process answers; nothing it depends on is looked at."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/livez", summary="Liveness of the process", response_model=LiveBody)
    async def livez() -> Response:
        return _json({"status": "ok"}, 200)

    return routes


def readiness(watch: Watch, stopping: Callable[[], bool]) -> APIRouter:
    """``/readyz``: can this replica exchange tokens. Stream being down does not make it unready.

    Args:
        watch: knows the issuers' keys.
        stopping: whether the replica is shutting down.
    """
    routes = APIRouter(tags=["operations"])

    @routes.get(
        "/readyz",
        summary="Can this replica exchange tokens",
        response_model=ReadyBody,
        response_model_exclude_none=True,
        responses={503: {"model": ReadyBody, "description": "Not ready"}},
    )
    async def readyz(
        verbose: Annotated[str | None, Query(description="Present, with any value: name each check.")] = None,
    ) -> Response:
        ready = watch.can_exchange() and not stopping()
        body: dict[str, object] = {"status": "ready" if ready else "not_ready"}
        if verbose is not None:
            body["checks"] = {
                "configuration": "valid",
                "signer": "ready",
                "shutdown": "draining" if stopping() else "no",
                "standing": watch.standing(),
                **{f"issuer {issuer.name}": issuer.keys.value for issuer in watch.issuers()},
                **{
                    f"session route of {issuer.name}": issuer.route_fault or "answers"
                    for issuer in watch.issuers()
                    if issuer.asks_app
                },
            }
        return _json(body, 200 if ready else 503)

    return routes


def metrics_route(hosts: HostRule) -> APIRouter:
    """``/metrics`` in Prometheus's text format; for no page in a browser, whatever name it reaches this machine by.

    Args:
        hosts: names under which it may be asked.
    """
    routes = APIRouter(tags=["operations"])

    @routes.get(
        "/metrics",
        summary="Metrics in Prometheus's text format",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics(request: Request) -> Response:
        hosts.check(request.scope["headers"], call_of(request).scheme)
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return routes


def _json(body: dict[str, object], status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
