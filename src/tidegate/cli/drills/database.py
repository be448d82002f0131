"""The outage of the service's own database: what was read goes on, what must be written waits."""

import contextlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from tidegate.cli.drills.copying import Also, Copy, DrillClock, came, copied
from tidegate.cli.drills.model import HOUR, MINUTE, Moment, Mood, Progress, Report, Seen, closely_first, first_bad
from tidegate.errors import Reason
from tidegate.settings import Settings
from tidegate.store import StoreUnavailable

ROWS: Final = MappingProxyType(
    {
        "asks": "signed in, asks for a token",
        "banned": "banned before the outage, asks",
        "bans": "an operator bans somebody",
        "restarted": "asks a replica that starts",
        "waited": "the same, once it waits no longer",
        "forgotten": "banned, asks such a replica",
        "ready": "load balancer (/readyz)",
        "health": "health page",
    }
)
OUTAGE: Final = "The database cannot be reached any more."
HORIZON: Final = 24 * HOUR
_FIRST: Final = (0, 10, 30, MINUTE, 5 * MINUTE)
_STEPS: Final = 12
_BY: Final = "drill"
_RECOVERY_SECONDS: Final = 10.0
"""By the real clock."""

_STARTED_SECONDS: Final = 2.0
"""The same."""


async def rehearse(settings: Settings, horizon: float = HORIZON, *, progress: Progress = lambda _: None) -> Report:
    """Take the database from a copy of the service, and look until the horizon.

    Args:
        settings: of the instance.
        horizon: seconds to look ahead.
        progress: told how far it is.

    Raises:
        CommandFailed: the copy does not work even before anything is broken.
    """
    moments: list[Moment] = []
    async with copied(settings, also=Also.DATABASE) as copy:
        provider = copy.sandbox.provider
        await copy.works(provider.session())
        banned = (await copy.works(provider.session("grace")))["user_id"]
        await copy.runtime.standing.service.ban(banned, _BY)
        copy.runtime.store.database.sever()
        for at in closely_first(horizon, _FIRST, _STEPS):
            moments.append(await _moment(copy, at, banned, starts=at in {0, horizon}))
            progress(at / horizon)
        notes = [*_notes(settings), await _back(copy)]
    edge = first_bad(moments, "asks")
    survives = None if edge is None else edge[1]
    return Report("database-outage", OUTAGE, ROWS, tuple(moments), survives, None, tuple(notes))


async def _moment(copy: Copy, at: float, banned: str, *, starts: bool) -> Moment:
    """What all meet at a time; whether a replica is started then too, which takes longest."""
    copy.clock.shift = at
    provider = copy.sandbox.provider
    with contextlib.suppress(StoreUnavailable):
        await copy.runtime.store.bus.catch_up()  # as the service does all the time
    seen = {
        "asks": (await copy.exchange(provider.session()))[0],
        "banned": _refused((await copy.exchange(provider.session("grace")))[0]),
        "bans": await _bans(copy, banned),
        "ready": await copy.ready(),
        "health": await copy.health(),
    }
    return Moment(at, seen | (await _of_a_replica_that_starts(copy) if starts else {}))


def _refused(seen: Seen) -> Seen:
    """Of somebody who is banned: to be refused is well."""
    if seen.mood is Mood.GOOD:
        return Seen(Mood.BAD, seen.said)
    return Seen(Mood.GOOD, f"{seen.said}, as it should be" if Reason.SUBJECT_BANNED in seen.said else seen.said)


async def _bans(copy: Copy, user_id: str) -> Seen:
    try:
        await copy.runtime.standing.service.ban(user_id, _BY)
    except StoreUnavailable:
        return Seen(Mood.BAD, "cannot be written, and is refused")
    return Seen(Mood.GOOD, "is done")


async def _of_a_replica_that_starts(copy: Copy) -> dict[str, Seen]:
    """At once, and when it waits for the database no longer; its clock is its own, so nobody else's goes back."""
    provider, clock = copy.sandbox.provider, DrillClock()
    clock.shift = copy.clock.shift
    async with copy.started(clock, severed=True) as fresh:
        await came(lambda: not fresh.store.database.healthy(), _STARTED_SECONDS)
        at_once = (await copy.exchange(provider.session(), fresh))[0]
        clock.shift += fresh.settings.standing_wait_seconds + 1
        await came(fresh.watch.can_exchange, _STARTED_SECONDS)
        waited = (await copy.exchange(provider.session(), fresh))[0]
        forgotten = _refused((await copy.exchange(provider.session("grace"), fresh))[0])
    return {"restarted": at_once, "waited": waited, "forgotten": forgotten}


def _notes(settings: Settings) -> Iterator[str]:
    yield (
        "A replica that runs goes on by what it has read. One that starts without the database does not know who is "
        "banned: restart none meanwhile."
    )
    yield "How long a replica that starts waits for the database: TIDEGATE_STANDING_WAIT_SECONDS."
    if settings.ledger == "database" and settings.ledger_durability == "batch":
        full = "tokens are refused" if settings.ledger_when_full == "refuse" else "entries are lost and counted"
        waiting = f"{settings.ledger_queue_size} entries wait (TIDEGATE_LEDGER_QUEUE_SIZE)"
        yield f"The ledger is in the database: {waiting}, then {full}."


async def _back(copy: Copy) -> str:
    """Give the database back, and see whether a ban can be written."""
    copy.runtime.store.database.rejoin()
    with contextlib.suppress(StoreUnavailable):
        await copy.runtime.store.bus.catch_up()
    healed = await came(copy.runtime.store.database.healthy, _RECOVERY_SECONDS)
    return f"Once the database was back, the replica {'used it again by itself' if healed else 'did not use it again'}."
