"""Acting upon identity providers' webhooks: at most once each, and only together with having noted that they came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.identity.strictjson import StrictJsonError, parse_json
from tidegate.identity.webhooks import Announced, Delivery, WebhookVerifier
from tidegate.store import Change, ChangeBus, Database
from tidegate.tokens.mapping import SubjectMapping
from tidegate.tokens.standing.service import (
    BANNED_BY_WEBHOOKS,
    REVOKED_BY_WEBHOOKS,
    StandingFull,
    StandingService,
)
from tidegate.tokens.webhooks.events import Act, Event, EventUnreadable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

TOPIC: Final = "profiles"
"""Of the changes on the bus: whose profile is to be brought to Stream anew."""

_PRUNE_SECONDS: Final = 3_600.0

Reader = Callable[[Mapping[str, Any]], Event | None]


@dataclass(frozen=True, slots=True)
class WebhookIssuer:
    """One issuer whose webhooks are accepted.

    Attributes:
        name: as configured.
        namespace: of its users' ids.
        verifier: of its signatures.
        reader: of its events.
        claimed_ids: whether a claim decides its users' ids, so that a subject does not tell them.
    """

    name: str
    namespace: str | None
    verifier: WebhookVerifier
    reader: Reader
    claimed_ids: bool = False


class WebhookService:
    """What happens on a webhook.

    Args:
        database: remembers which ones came.
        bus: tells other replicas whose profile to bring anew.
        standing: revokes and bans.
        mapping: subject to user id.
        clock: for the moments.
        keep_s: seconds for which an id is remembered.
        absent_ok: whether users whom Stream does not know need not be made there: where profiles are synced,
            whoever got a token is known.
        forget: has a user's profile brought to Stream anew.
    """

    def __init__(
        self,
        database: Database,
        bus: ChangeBus,
        standing: StandingService,
        mapping: SubjectMapping,
        clock: Clock,
        *,
        keep_s: float,
        absent_ok: bool,
        forget: Callable[[str], None],
    ) -> None:
        self._database = database
        self._bus = bus
        self._standing = standing
        self._mapping = mapping
        self._clock = clock
        self._keep_s = keep_s
        self._absent_ok = absent_ok
        self._forget = forget
        self._prune_at = clock.monotonic() + _PRUNE_SECONDS
        self._log = structlog.get_logger("tidegate.webhooks")
        bus.subscribe(TOPIC, self._take_note)

    def announced(self, issuer: WebhookIssuer, headers: Mapping[str, str]) -> Announced:
        """Judge a webhook by its headers.

        Args:
            issuer: whose it says it is.
            headers: of the request.

        Raises:
            Refusal: ``webhook_refused``.
        """
        return issuer.verifier.announced(headers, self._clock.now())

    def verified(self, issuer: WebhookIssuer, announced: Announced, body: bytes) -> Delivery:
        """Judge the whole webhook.

        Args:
            issuer: whose it says it is.
            announced: by its headers.
            body: of the request.

        Raises:
            Refusal: ``webhook_refused``.
        """
        return issuer.verifier.verify(announced, body)

    async def receive(self, issuer: WebhookIssuer, delivery: Delivery, body: bytes) -> str:
        """Act upon a webhook.

        Args:
            issuer: whose it is.
            delivery: what was verified.
            body: with it.

        Returns:
            what was done: the act, ``ignored`` or ``repeated``.

        Raises:
            Refusal: ``request_invalid`` for one that cannot be understood.
            StoreUnavailable: nothing was done; the provider tries again.
            StandingRefused, StandingFull: nothing was done.
        """
        from tidegate.tokens.webhooks import repo

        now = self._clock.now()
        event = _understood(issuer.reader, body)
        if event is None:
            metrics.WEBHOOKS.labels(issuer.name, "ignored").inc()
            return "ignored"
        user_id = self._user(issuer, event.subject)
        async with self._database.begin() as connection:
            first = await repo.note(connection, self._database.dialect, issuer.name, delivery.id, now)
            if first:
                try:
                    await self._act(connection, issuer, event, user_id)
                except StandingFull:
                    metrics.WEBHOOKS.labels(issuer.name, "full").inc()
                    raise
            if self._clock.monotonic() >= self._prune_at:
                self._prune_at = self._clock.monotonic() + _PRUNE_SECONDS
                await repo.prune(connection, now - self._keep_s)
        outcome = event.act.value if first else "repeated"
        metrics.WEBHOOKS.labels(issuer.name, outcome).inc()
        self._log.info("webhook", issuer=issuer.name, outcome=outcome)
        return outcome

    async def _act(self, connection: "AsyncConnection", issuer: WebhookIssuer, event: Event, user_id: str) -> None:
        by = f"webhook:{issuer.name}"
        match event.act:
            case Act.REVOKE:
                await self._standing.revoke(
                    user_id, by, part=REVOKED_BY_WEBHOOKS, absent_ok=self._absent_ok, within=connection
                )
            case Act.BAN if event.until is None or event.until > self._clock.now():
                # A deactivation has no end at Stream, so it goes with a ban that has none. What an operator said
                # already, or an event that was sent later, is not shortened.
                await self._standing.ban(
                    user_id,
                    by,
                    until=event.until,
                    deactivate=event.until is None,
                    adds=True,
                    part=BANNED_BY_WEBHOOKS,
                    absent_ok=self._absent_ok,
                    within=connection,
                )
            case Act.BAN | Act.SYNC:
                await self._bus.publish(connection, TOPIC, {"user": user_id})

    def _user(self, issuer: WebhookIssuer, subject: str) -> str:
        if issuer.claimed_ids:
            raise Refusal(
                Reason.REQUEST_INVALID,
                "TIDEGATE_USER_ID_CLAIM is set, so a subject does not tell whom at Stream this is about.",
            )
        return self._mapping.user_id(issuer.namespace, subject)

    def _take_note(self, change: Change) -> None:
        self._forget(change.body["user"])


def _understood(reader: Reader, body: bytes) -> Event | None:
    try:
        members = parse_json(body)
    except StrictJsonError:
        members = None
    if not isinstance(members, dict):
        raise Refusal(Reason.REQUEST_INVALID, "The body is no JSON object of the strict kind.")
    try:
        return reader(members)
    except EventUnreadable as error:
        raise Refusal(Reason.REQUEST_INVALID, f"The event concerns us, but {error}.") from None
