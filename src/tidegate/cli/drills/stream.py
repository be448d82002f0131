"""Stream's outage: every connection to it breaks."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from prometheus_client import Counter, Gauge

from tidegate import metrics
from tidegate.cli.drills.copying import Copy, came, copied
from tidegate.cli.drills.model import HOUR, MINUTE, Moment, Mood, Progress, Report, closely_first, first_bad
from tidegate.settings import Settings

ROWS: Final = MappingProxyType(
    {
        "asks": "signed in, asks for a token",
        "newcomer": "somebody new asks for a token",
        "status": "asks for their user at Stream",
        "ready": "load balancer (/readyz)",
        "health": "health page",
    }
)
OUTAGE: Final = "Every connection to Stream breaks."
HORIZON: Final = 24 * HOUR
_FIRST: Final = (0, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)
_STEPS: Final = 24
_ARRIVAL_SECONDS: Final = 10.0
"""By the real clock."""


async def rehearse(settings: Settings, horizon: float = HORIZON, *, progress: Progress = lambda _: None) -> Report:
    """Break Stream under a copy of the service, and look until the horizon.

    Args:
        settings: of the instance.
        horizon: seconds to look ahead.
        progress: told how far it is.

    Raises:
        CommandFailed: the copy does not work even before anything is broken.
    """
    moments: list[Moment] = []
    async with copied(settings) as copy:
        await copy.works(copy.sandbox.provider.session())
        dropped = _count(metrics.SYNC_DROPPED)
        copy.sandbox.stream.fault("drop")
        users: list[str] = []
        for number, at in enumerate(closely_first(horizon, _FIRST, _STEPS)):
            moments.append(await _moment(copy, at, number, users))
            progress(at / horizon)
        waiting, dropped = _count(metrics.SYNC_QUEUE_ENTRIES), _count(metrics.SYNC_DROPPED) - dropped
        notes = [*_notes(settings, waiting, dropped), *await _arrivals(copy, users)]
    edge = first_bad(moments, "asks")
    return Report("stream-outage", OUTAGE, ROWS, tuple(moments), None if edge is None else edge[1], None, tuple(notes))


async def _moment(copy: Copy, at: float, number: int, users: list[str]) -> Moment:
    """What all meet at a time; whoever is new is added to the users."""
    copy.clock.shift = at
    provider = copy.sandbox.provider
    newcomer, members = await copy.exchange(provider.session(sub=f"user_drill{number}", name=f"Newcomer {number}"))
    users += [members["user_id"]] if newcomer.mood is Mood.GOOD else []
    seen = {
        "asks": (await copy.exchange(provider.session()))[0],
        "newcomer": newcomer,
        "status": await copy.status(provider.session()),
        "ready": await copy.ready(),
        "health": await copy.health(),
    }
    return Moment(at, seen)


def _notes(settings: Settings, waiting: float, dropped: float) -> Iterator[str]:
    yield "Messages do not flow while Stream is down; the above is what Tidegate answers meanwhile."
    if settings.profile_sync == "background":
        yield (
            f"Names and images wait for Stream: {waiting:.0f} at the end, {dropped:.0f} were dropped; "
            f"TIDEGATE_SYNC_QUEUE_SIZE lets {settings.sync_queue_size} wait."
        )


async def _arrivals(copy: Copy, users: list[str]) -> Iterator[str]:
    """Heal, and see whether the profiles of the newcomers come to Stream."""
    if copy.runtime.settings.profile_sync != "background" or not users:
        return iter(())
    copy.sandbox.stream.clear_faults()
    copy.clock.shift += copy.runtime.settings.breaker_open_max_seconds
    at_stream = copy.sandbox.stream.users
    await came(lambda: all(one in at_stream for one in users), _ARRIVAL_SECONDS)
    arrived = sum(one in at_stream for one in users)
    return iter((f"Once Stream was back, {arrived} of the {len(users)} newcomers' profiles came there by themselves.",))


def _count(metric: Gauge | Counter) -> float:
    """What a metric stands at."""
    (family,) = metric.collect()
    return next((one.value for one in family.samples if one.name in {family.name, f"{family.name}_total"}), 0.0)
