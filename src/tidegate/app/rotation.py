"""The credentials that the settings describe, and the live call by which a generation shows itself."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator

from tidegate.app.lifespan import Background
from tidegate.app.stores import store_wanted
from tidegate.clock import Clock
from tidegate.credentials import Access, Credentials, Pair
from tidegate.credentials.agreement import TOPIC, Alone, Shared
from tidegate.credentials.check import LiveCheck, Outcome, Verdict
from tidegate.credentials.kept import KeptRing
from tidegate.credentials.service import Rotation, RotationRules
from tidegate.credentials.sources import source_of
from tidegate.settings import Settings
from tidegate.settings.credential_rules import faults
from tidegate.store import Change, Store
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import (
    AccessKeyError,
    AuthFailed,
    TokenDateWrong,
    TokenExpired,
    TokenNotYetValid,
    UpstreamError,
)
from tidegate.watch.model import Remark
from tidegate.watch.probes.causes import Cause

_DAY = 86_400
_CLOCK_ERRORS = (TokenDateWrong, TokenExpired, TokenNotYetValid)


def rotation_of(
    settings: Settings,
    credentials: Credentials,
    client: StreamClient,
    store: Store,
    background: Background,
    clock: Clock,
) -> Rotation:
    """The rotation of these credentials, shared by all replicas of the store; it runs in the background.

    Args:
        settings: sound ones.
        credentials: what signs.
        client: to Stream, for live calls with other pairs than those in use.
        store: that the replicas share.
        background: runs it.
        clock: for states and ages.
    """
    rules = RotationRules(
        period_s=settings.credentials_poll_seconds,
        timeout_s=settings.credentials_timeout_ms / 1000,
        most=settings.credentials_max,
        faults=pair_faults(settings),
    )
    kept = KeptRing(settings.state_dir, settings.base_url, settings.credentials_max)
    agreement = Shared(store, clock, settings.credentials_max) if store_wanted(settings) else Alone()
    rotation = Rotation(credentials, source_of(settings), live_check(client), kept, rules, clock, agreement)

    def changed(_change: Change) -> Awaitable[None]:
        return rotation.reload()

    store.bus.subscribe(TOPIC, changed, reload=rotation.reload)
    background.add("credentials", rotation_job(rotation))
    return rotation


def rotation_job(rotation: Rotation) -> Callable[[], Coroutine[None, None, None]]:
    """What runs beside the requests: the looks at the source, at once on SIGHUP where there are signals.

    Args:
        rotation: to run.
    """

    async def run() -> None:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as cleanup:
            # Another thread's loop gets no signals, and Windows has none of this name.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError, AttributeError):
                loop.add_signal_handler(signal.SIGHUP, rotation.wake)
                cleanup.callback(loop.remove_signal_handler, signal.SIGHUP)
            await rotation.run()

    return run


def live_check(client: StreamClient) -> LiveCheck:
    """``GET /app`` with a server token of the pair.

    Args:
        client: to Stream.
    """

    async def check(access: Access) -> Verdict:
        try:
            app = await client.app(probe=True, access=access)
        except UpstreamError as error:
            refused = isinstance(error, (AccessKeyError, AuthFailed)) and not isinstance(error, _CLOCK_ERRORS)
            return Verdict(Outcome.REFUSED if refused else Outcome.UNKNOWN, why=str(error))
        named = None if app.name is None else (app.organization or "", app.name)
        return Verdict(Outcome.ACCEPTED, named)

    return check


def remarks_of(rotation: Rotation, clock: Clock, settings: Settings) -> Callable[[], tuple[Remark, ...]]:
    """What health says of the credentials. Anybody can read it, so it names none.

    Args:
        rotation: knows them.
        clock: for ages.
        settings: from which age on a secret is too old.
    """

    def remarks() -> tuple[Remark, ...]:
        return tuple(_remarks(rotation, clock.now(), settings.credential_max_age_days))

    return remarks


def _remarks(rotation: Rotation, now: float, max_age_days: int) -> Iterator[Remark]:
    primary, signs = rotation.ring.primary, rotation.signs()
    if rotation.trouble:
        mend = "Run `tidegate keys add`: it reads the source again and says what is wrong."
        yield Remark("The source of the credentials at Stream gives nothing to use; the last good ones are used.", mend)
    if primary is not None and (signs is None or signs.id != primary.id):
        mend = "Give this replica the pair that `tidegate keys status` calls primary."
        yield Remark("This replica has not the secret that the others sign with, and signs with another one.", mend)
    if signs is not None and max_age_days and now - signs.made_at >= max_age_days * _DAY:
        mend = "Rotate it: docs/how-to/rotate-credentials.md."
        text = f"The secret in use at Stream is {max_age_days} days old or older."
        yield Remark(text, mend, degraded=False, cause=Cause.CREDENTIAL_OLD)


def pair_faults(settings: Settings) -> Callable[[Pair], list[str]]:
    """What keeps a pair of a source from being used at all, besides what Stream says of it.

    Args:
        settings: sound ones.
    """
    # Anybody on this machine can make sessions of such an issuer: they may become tokens of the app that was
    # configured with it by hand, and of no other.
    by_hand = settings.base_url.startswith("https:") and any(one.is_sandbox_like() for one in settings.issuers)

    def found(pair: Pair) -> list[str]:
        wrong = [
            f"the {'key' if key else 'secret'} {fault.wrong}"
            for key, fault in faults(settings, pair.api_key, pair.secret)
        ]
        if by_hand and settings.api_key is not None and pair.api_key != settings.api_key:
            wrong.append("the key is another app's while an issuer is any program on this machine")
        return wrong

    return found
