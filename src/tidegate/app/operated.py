"""The rooms' routes for operators. Loaded where there is an operator's listener, and nowhere else."""

from fastapi import APIRouter

from tidegate.app.watched import Watched
from tidegate.app.watching import Watching
from tidegate.clock import Clock
from tidegate.credentials.routes import operator_routes as credential_routes
from tidegate.identity.routes import operator_routes as issuer_routes
from tidegate.tokens.ledger.routes import ledger_routes
from tidegate.tokens.standing.routes import standing_routes
from tidegate.watch.alerts.routes import operator_routes as alert_routes
from tidegate.watch.probes.routes import operator_routes as probe_routes


def operated(watched: Watched, watching: Watching, clock: Clock) -> list[APIRouter]:
    """Every room's routes for operators.

    Args:
        watched: what they act upon.
        watching: the watch.
        clock: for all of it.
    """
    return [
        issuer_routes(watched.issuers.issuers, watched.distrust),
        credential_routes(watched.rotation, clock, max_age_days=watched.settings.credential_max_age_days),
        *standing_routes(watched.standing.service, clock),
        ledger_routes(watched.records),
        probe_routes(watching.runner, watching.board, watching.watch, clock),
        alert_routes(watching.alerts),
    ]
