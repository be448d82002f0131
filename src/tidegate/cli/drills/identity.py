"""The identity provider's outage: its key server is gone, and what it signs with a new key cannot be checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from tidegate.cli.drills.copying import Copy, copied
from tidegate.cli.drills.model import HOUR, MINUTE, Moment, Mood, Progress, Report, Seen, first_bad
from tidegate.settings import Settings

ROWS: Final = MappingProxyType(
    {
        "asks": "signed in, asks for a token",
        "restarted": "the same, of a replica that starts",
        "new-key": "session of a key made since",
        "chats": "in chat, gets no new session",
        "ready": "load balancer (/readyz)",
        "health": "health page",
    }
)
OUTAGE: Final = (
    "The identity provider's key server does not answer any more, and from the same moment new sessions are signed "
    "with a new key."
)
_STEPS: Final = 240
_RESTARTS: Final = 8
_FINER: Final = 200
_BEYOND: Final = 2 * HOUR
_PEM_HORIZON: Final = 48 * HOUR
_RECOVERY_MAX: Final = 2 * HOUR


def horizon_of(settings: Settings, *, pem: bool) -> float:
    """How long to look where nobody says: somewhat longer than keys are used, seconds.

    Args:
        settings: of the instance.
        pem: whether no key server is asked.
    """
    return _PEM_HORIZON if pem else max(settings.keys_stale_seconds, settings.keys_fresh_max_seconds) + _BEYOND


async def rehearse(settings: Settings, horizon: float, *, pem: bool, progress: Progress = lambda _: None) -> Report:
    """Break the key server under a copy of the service, and look until the horizon.

    Args:
        settings: of the instance.
        horizon: seconds to look ahead.
        pem: whether no key server is asked.
        progress: told how far it is.

    Raises:
        CommandFailed: the copy does not work even before anything is broken.
    """
    moments: list[Moment] = []
    async with copied(settings, pem=pem) as copy:
        outage = await _begun(copy)
        for at, restart in _times(horizon, outage.until):
            moments.append(await outage.moment(at, restart=restart))
            progress(at / horizon)
        recovers = await outage.recovery(horizon) if moments[-1].seen["asks"].mood is Mood.BAD else None
    edge = first_bad(moments, "asks")
    survives = None if edge is None else await _exactly(settings, *edge, pem=pem)
    notes = tuple(_notes(settings, pem=pem))
    return Report("identity-outage", OUTAGE, ROWS, tuple(moments), survives, recovers, notes)


def _times(horizon: float, also: float) -> Iterator[tuple[float, bool]]:
    """Each time to look at, seconds, and whether a replica is started then.

    Args:
        horizon: the last time.
        also: a time to look at besides the regular ones.
    """
    step = max(MINUTE, horizon / _STEPS)
    last = int(horizon // step)
    every = max(1, last // _RESTARTS)
    regular = [(number * step, number % every == 0) for number in range(last + 1)]
    yield from sorted([*regular, (also, False)] if also < regular[-1][0] else regular)


@dataclass
class _Outage:
    """An outage under way.

    Attributes:
        copy: in which it is.
        kid: of the key that the service knows.
        until: seconds after its beginning at which the token ends that was handed out just before.
        before: what was met by those who asked last.
    """

    copy: Copy
    kid: str
    until: float
    before: Seen | None = None

    async def asks(self) -> Seen:
        """Somebody with a fresh session of the known key."""
        return (await self.copy.exchange(self.copy.sandbox.provider.session(kid=self.kid)))[0]

    async def moment(self, at: float, *, restart: bool) -> Moment:
        """What all meet at a time; a replica is also started when something has changed."""
        copy, provider = self.copy, self.copy.sandbox.provider
        copy.clock.shift = at
        seen = {
            "new-key": (await copy.exchange(provider.session()))[0],  # has the key server asked, as time would
            "asks": await self.asks(),
            "chats": Seen(Mood.GOOD, "chats on") if at < self.until else Seen(Mood.BAD, "the token has ended"),
            "health": await copy.health(),
            "ready": await copy.ready(),
        }
        if restart or seen["asks"] != self.before:
            seen["restarted"] = await copy.restarted(provider.session(kid=self.kid))
        self.before = seen["asks"]
        return Moment(at, seen)

    async def recovery(self, at: float) -> float | None:
        """Heal, and count the seconds until people get tokens again; None if that takes hours.

        Args:
            at: when the outage ends, seconds after its beginning.
        """
        provider = self.copy.sandbox.provider
        provider.fail(None)
        return await self.copy.recovery(at, _RECOVERY_MAX, lambda: provider.session(kid=self.kid))


async def _begun(copy: Copy) -> _Outage:
    """Hand out a token, then break the key server and let the provider sign with a new key."""
    provider = copy.sandbox.provider
    members = await copy.works(provider.session())
    ends = datetime.fromisoformat(members["expires_at"]).timestamp()
    provider.fail("down")
    return _Outage(copy, provider.rotate(), ends - copy.clock.now())


async def _exactly(settings: Settings, good: float, bad: float, *, pem: bool) -> float:
    """When people first get nothing, looked at more closely in another copy.

    Args:
        settings: of the instance.
        good: a time at which they did, seconds.
        bad: a later one at which they did not.
        pem: whether no key server is asked.
    """
    finer = max(1.0, (bad - good) / _FINER)
    async with copied(settings, pem=pem) as copy:
        outage = await _begun(copy)
        at = good
        while at < bad:
            copy.clock.shift = at
            if (await outage.asks()).mood is Mood.BAD:
                return at
            at += finer
    return bad


def _notes(settings: Settings, *, pem: bool) -> Iterator[str]:
    own = ", ".join(one.name for one in settings.issuers if not one.fetched())
    if own:
        yield f"No key server is asked for {own}: what checks its sessions is configured, and changed by hand."
    if settings.keys_stale_seconds and not pem:
        yield "How long keys outlive their server: TIDEGATE_KEYS_STALE_SECONDS."
    yield "How long chat goes on without a new session: TIDEGATE_TOKEN_LIFE_SECONDS."
