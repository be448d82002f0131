"""The door of identity providers' webhooks."""

from collections.abc import Sequence
from typing import Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.call import SCOPE_KEY, Call
from tidegate.http.proxy import limit_key
from tidegate.http.schema import Closed
from tidegate.limits import Gcra
from tidegate.tokens.standing.routes import translated
from tidegate.tokens.webhooks.arrivals import Arrivals
from tidegate.tokens.webhooks.room import Room
from tidegate.tokens.webhooks.service import WebhookIssuer, WebhookService

_DEAR: Final = frozenset({Reason.WEBHOOK_REFUSED, Reason.REQUEST_INVALID})
"""What a sender pays for: a signature that is none, and a body that never came."""


class WebhookBody(Closed):
    """Answer of ``POST /webhooks/identity/{issuer}``."""

    outcome: Literal["revoke", "ban", "sync", "ignored", "repeated"] = Field(description="What was done.")


def webhook_routes(
    service: WebhookService,
    issuers: Sequence[WebhookIssuer],
    failures: Gcra,
    arrivals: Arrivals,
    room: Room,
    clock: Clock,
) -> APIRouter:
    """The route.

    Args:
        service: judges and acts.
        issuers: whose webhooks are accepted.
        failures: the limit of refused ones, by client address.
        arrivals: reads their bodies.
        room: for those that are acted upon.
        clock: for the limit.
    """
    routes = APIRouter(tags=["webhooks"])
    by_name = {issuer.name: issuer for issuer in issuers}

    @routes.post("/webhooks/identity/{issuer}", summary="What an identity provider tells of its users, signed")
    async def receive(issuer: str, request: Request) -> WebhookBody:
        call: Call = request.scope[SCOPE_KEY]
        known = _known(by_name.get(issuer))
        call.issuer = known.name
        key = limit_key(call.client)
        try:
            announced = service.announced(known, request.headers)
            body = await arrivals.body(key, request)
            delivery = service.verified(known, announced, body)
            with room.taken(key), translated():
                done = await service.receive(known, delivery, body)
        except Refusal as refusal:
            if refusal.reason in _DEAR:
                failures.spend(key, clock.monotonic())
            raise
        return WebhookBody.model_validate({"outcome": done})

    return routes


def _known(issuer: WebhookIssuer | None) -> WebhookIssuer:
    if issuer is None:
        raise Refusal(Reason.NOT_FOUND, "No webhooks of an issuer of this name are accepted here.")
    return issuer
