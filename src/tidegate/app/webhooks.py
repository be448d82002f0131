"""Identity providers' webhooks, put together."""

from fastapi import APIRouter

from tidegate.clock import Clock
from tidegate.errors import Reason
from tidegate.identity.webhooks import WebhookVerifier
from tidegate.limits import Gcra
from tidegate.settings import Settings
from tidegate.settings.webhook_section import webhook_key
from tidegate.store import Store
from tidegate.tokens.service import Exchange
from tidegate.tokens.standing.service import StandingService
from tidegate.tokens.webhooks.arrivals import Arrivals
from tidegate.tokens.webhooks.events import READERS, generic
from tidegate.tokens.webhooks.room import Room
from tidegate.tokens.webhooks.routes import webhook_routes
from tidegate.tokens.webhooks.service import WebhookIssuer, WebhookService

_DAY_SECONDS = 86_400


def webhooks_of(
    settings: Settings, store: Store, standing: StandingService, exchange: Exchange, clock: Clock
) -> list[APIRouter]:
    """The routes that the settings describe; none where no secret is set.

    Args:
        settings: sound ones.
        store: remembers which webhooks came.
        standing: revokes and bans.
        exchange: maps subjects, and brings profiles to Stream.
        clock: for all of it.
    """
    issuers = _issuers(settings)
    if not issuers:
        return []
    service = WebhookService(
        store.database,
        store.bus,
        standing,
        exchange.mapping,
        clock,
        keep_s=settings.webhook_keep_days * _DAY_SECONDS,
        absent_ok=settings.profile_sync != "off",
        forget=exchange.sync.forget,
    )
    failures = Gcra(
        "webhook", Reason.LIMIT_ADDRESS, limit=settings.webhook_failures_per_minute, entries=settings.limit_entries
    )
    most = settings.webhooks_max
    arrivals = Arrivals(most, settings.webhook_body_bytes, settings.webhook_body_ms / 1000)
    return [webhook_routes(service, issuers, failures, arrivals, Room(most), clock)]


def _issuers(settings: Settings) -> list[WebhookIssuer]:
    keys: dict[str, list[bytes]] = {}
    for one in settings.webhook_secrets:
        name, _, secret = one.get_secret_value().partition(":")
        keys.setdefault(name, []).append(webhook_key(secret))
    return [
        WebhookIssuer(
            issuer.name,
            issuer.namespace,
            WebhookVerifier(keys[issuer.name], settings.webhook_tolerance_seconds),
            READERS.get(issuer.preset, generic),
            claimed_ids=bool(settings.user_id_claim),
        )
        for issuer in settings.issuers
        if issuer.name in keys
    ]
