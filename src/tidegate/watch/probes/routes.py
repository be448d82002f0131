"""The operator's routes to the probes, and to the judgement on what they find."""

from typing import Annotated

import structlog
from fastapi import APIRouter

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.watch.probes import present
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.present import OperatorHealthBody, ProbeBody, ProbesBody
from tidegate.watch.probes.service import Runner
from tidegate.watch.service import Watch


def operator_routes(runner: Runner, board: Board, watch: Watch, clock: Clock) -> APIRouter:
    """The routes.

    Args:
        runner: of the probes.
        board: what they found.
        watch: judges it.
        clock: for ages.
    """
    routes = APIRouter(prefix=PREFIX, tags=["watch"])

    @routes.get("/health", summary="How the service is: each cause, whose fault, since when, how sure")
    async def health(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> OperatorHealthBody:
        return present.health_body(watch.health(public=False), clock.now())

    @routes.get("/probes", summary="What is probed, what it costs and what was found")
    async def probes(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> ProbesBody:
        return present.probes_body(runner, board, clock.now())

    @routes.post("/probes/{name}/run", summary="Run a probe now, on this replica")
    async def run(name: str, acting: Annotated[Operator, dependency(Role.OPERATOR)]) -> ProbeBody:
        outcome = await runner.run_now(name)
        if outcome is None:
            raise Refusal(Reason.NOT_FOUND, "There is no probe of this name; GET /operator/v1/probes lists them.")
        structlog.get_logger("tidegate.watch").info("probe_run", probe=outcome.probe, operator=acting.name)
        return present.probe_body(runner.spec(outcome.probe), outcome, clock.now())

    return routes
