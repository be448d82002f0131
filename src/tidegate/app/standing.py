"""Revocations and bans, put together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tidegate.app.lifespan import Background
from tidegate.app.stores import store_wanted
from tidegate.clock import Clock
from tidegate.credentials import Credentials
from tidegate.settings import Settings
from tidegate.store import Store
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.push import LEASE, LEASE_SECONDS, Pusher
from tidegate.tokens.standing.service import StandingOptions, StandingService
from tidegate.tokens.standing.tell import Teller, moment_at_stream
from tidegate.upstream.client import StreamClient
from tidegate.upstream.model import StreamApp, StreamUser
from tidegate.watch.model import Remark
from tidegate.watch.probes.causes import Cause

_DAY_SECONDS = 86_400
_NOT_READ = Remark(
    "What the database holds of revocations and bans was not read since the start of this replica.",
    "Run `tidegate db status`: it says why. Check the database that TIDEGATE_DATABASE_URL names.",
    cause=Cause.BANS_NOT_READ,
)
_NEARLY_FULL = Remark(
    "There is hardly room for further revocations and bans; those of webhooks are refused.",
    "Raise TIDEGATE_STANDING_SIZE, or lower TIDEGATE_STANDING_KEEP_DAYS.",
    cause=Cause.BANS_NEARLY_FULL,
)

Remarks = Callable[[], tuple[Remark, ...]]


@dataclass(frozen=True, slots=True)
class StandingParts:
    """What belongs to revocations and bans.

    Attributes:
        memory: what the exchange asks.
        service: what operators and webhooks change.
        pusher: tells Stream.
        clock: for what Stream says of users.
        expired: has the next server token dated as late as it can be; for when Stream refuses the present one as too
            old, since somebody else revoked the app's tokens there.
    """

    memory: Standing
    service: StandingService
    pusher: Pusher
    clock: Clock
    expired: Callable[[], None]

    def heard(self, app: StreamApp) -> None:
        """Take note of what Stream itself says: others can revoke the app's tokens there."""
        self.memory.stream_says(moment_at_stream(app.revoked_before))

    def heard_of(self, users: Iterable[StreamUser]) -> None:
        """Take note of what Stream says of users whenever it is asked for them: others can revoke their tokens too."""
        now = self.clock.now()
        for user in users:
            if user.revoked_before is not None:
                self.memory.stream_says_of(user.id, moment_at_stream(user.revoked_before), now)

    def remarked(self, remarks: Remarks) -> Remarks:
        """What health says, and what it says of revocations and bans.

        Args:
            remarks: of others.
        """

        def all_remarks() -> tuple[Remark, ...]:
            own = ((_NOT_READ, self.memory.knowledge == "unknown"), (_NEARLY_FULL, not self.service.has_room()))
            return (*remarks(), *(remark for remark, holds in own if holds))

        return all_remarks


def standing_of(
    settings: Settings,
    store: Store,
    client: StreamClient,
    credentials: Credentials,
    background: Background,
    clock: Clock,
) -> StandingParts:
    """The parts that the settings describe.

    Args:
        settings: sound ones.
        store: keeps it and tells other replicas.
        client: to Stream.
        credentials: of the client's server tokens.
        background: runs the job that tells Stream.
        clock: for all of it.
    """
    memory = Standing()
    options = StandingOptions(
        keep_s=settings.standing_keep_days * _DAY_SECONDS,
        capacity=settings.standing_size,
    )
    service = StandingService(store.database, store.bus, memory, clock, options)
    pusher = Pusher(
        store.database,
        service,
        Teller(client, clock),
        store.lease(LEASE, LEASE_SECONDS),
        clock,
        pause_max_s=settings.standing_pause_max_seconds,
    )
    memory.on_app_before(credentials.app_revoked)
    if store_wanted(settings):
        memory.expect_load(clock, settings.standing_wait_seconds, store.database.healthy)
        background.add("standing", pusher.run)
    parts = StandingParts(memory, service, pusher, clock, lambda: credentials.app_revoked(int(clock.now())))
    client.on_users(parts.heard_of)
    return parts
