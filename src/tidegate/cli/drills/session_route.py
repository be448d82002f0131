"""The outage of the app whose session route is asked whose a session in its database is."""

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Final

from tidegate.cli.drills.copying import APP, Also, Copy, came, copied
from tidegate.cli.drills.model import HOUR, MINUTE, Moment, Mood, Progress, Report, Seen, first_bad
from tidegate.sandbox.authjs import DATABASE
from tidegate.settings import Settings, authjs_apps

ROWS: Final = MappingProxyType(
    {
        "asks": "asked a moment before, asks again",
        "newcomer": "session in the app's database",
        "sealed": "encrypted session",
        "chats": "in chat, gets no new session",
        "ready": "load balancer (/readyz)",
        "health": "health page",
    }
)
OUTAGE: Final = "The app that keeps the sessions does not answer at its session route any more."
_STEPS: Final = 24
_CLOSELY: Final = 1.5
"""How much longer than answers are fresh it is looked at every second."""

_RECOVERY_MAX: Final = 10 * MINUTE
_NOTICED_SECONDS: Final = 2.0
"""By the real clock."""


def horizon_of(settings: Settings) -> float:
    """How long to look where nobody says: somewhat longer than tokens live, seconds.

    Args:
        settings: of the instance.
    """
    return settings.token_life_seconds + HOUR


async def rehearse(settings: Settings, horizon: float, *, progress: Progress = lambda _: None) -> Report:
    """Break the session route under a copy of the service, and look until the horizon.

    Args:
        settings: of the instance.
        horizon: seconds to look ahead.
        progress: told how far it is.

    Raises:
        CommandFailed: the copy does not work even before anything is broken.
    """
    moments: list[Moment] = []
    sealed = any(app.secrets for app in authjs_apps.apps(settings))
    async with copied(settings, pem=True, also=Also.SESSION_ROUTE) as copy:
        app = copy.sandbox.app_as(APP)
        session = app.session(kind=DATABASE)
        members = await copy.works(session)
        until = datetime.fromisoformat(members["expires_at"]).timestamp() - copy.clock.now()
        app.fail("down")
        for at in _times(horizon, settings.authjs_fresh_seconds, until):
            moments.append(await _moment(copy, at, session, until, sealed=sealed))
            progress(at / horizon)
        recovers = await _recovery(copy, horizon, session)
    edge = first_bad(moments, "asks")
    rows = {key: title for key, title in ROWS.items() if sealed or key != "sealed"}
    survives = None if edge is None else edge[1]
    return Report("session-route-outage", OUTAGE, rows, tuple(moments), survives, recovers, tuple(_notes()))


def _times(horizon: float, fresh: int, until: float) -> Iterator[float]:
    """Each second at first, then evenly; and when the token ends."""
    closely = {float(second) for second in range(int(fresh * _CLOSELY) + 2)}
    evenly = {number * horizon / _STEPS for number in range(1, _STEPS + 1)}
    yield from sorted(at for at in closely | evenly | {until} if at <= horizon)


async def _moment(copy: Copy, at: float, session: str, until: float, *, sealed: bool) -> Moment:
    copy.clock.shift = at
    app = copy.sandbox.app_as(APP)
    seen = {
        "asks": (await copy.exchange(session))[0],
        "newcomer": (await copy.exchange(app.session(kind=DATABASE)))[0],
        "chats": Seen(Mood.GOOD, "chats on") if at < until else Seen(Mood.BAD, "the token has ended"),
    }
    if sealed:
        seen["sealed"] = (await copy.exchange(app.session()))[0]
    # Health says so once a question of the service's own had no answer, which takes a moment of the real clock.
    await came(lambda: any(one.route_fault for one in copy.runtime.watch.issuers()), _NOTICED_SECONDS)
    seen |= {"health": await copy.health(), "ready": await copy.ready()}
    return Moment(at, seen)


async def _recovery(copy: Copy, at: float, session: str) -> float | None:
    """Heal, and count the seconds until the session is taken again; None if that takes long."""
    copy.sandbox.app_as(APP).fail(None)
    return await copy.recovery(at, _RECOVERY_MAX, lambda: session)


def _notes() -> Iterator[str]:
    yield (
        "How long an answer of the app counts: TIDEGATE_AUTHJS_FRESH_SECONDS. Nothing outlives it, since a session in "
        "a database can end at any moment."
    )
    yield "How long chat goes on without a new session: TIDEGATE_TOKEN_LIFE_SECONDS."
