"""Asks Stream at regular intervals how it is, so that no stranger's request has to."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import (
    AccessKeyError,
    AppSuspended,
    AuthFailed,
    RateLimited,
    ServerFault,
    TokenDateWrong,
    TokenExpired,
    TokenNotYetValid,
    UpstreamBusy,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tidegate.upstream.model import StreamApp
from tidegate.watch.model import Failure, Posture, ProbeResult

# The first kind that fits counts, so the special stands before the general.
_FAILURES: Final[tuple[tuple[type[UpstreamError], Failure], ...]] = (
    (AccessKeyError, Failure.KEY_REFUSED),
    (TokenExpired, Failure.CLOCK_REFUSED),
    (TokenNotYetValid, Failure.CLOCK_REFUSED),
    (TokenDateWrong, Failure.CLOCK_REFUSED),
    (AuthFailed, Failure.SECRET_REFUSED),
    (AppSuspended, Failure.SUSPENDED),
    (RateLimited, Failure.RATE_LIMITED),
    (ServerFault, Failure.SERVER_FAULT),
    (UpstreamTimeout, Failure.SLOW),
    (UpstreamBusy, Failure.SLOW),
    (UpstreamUnreachable, Failure.UNREACHABLE),
)

_DATE_ROUNDING: Final = 0.5
"""Seconds. A ``Date`` header has its fraction cut off; half a second more is the best guess."""


class Prober:
    """The one regular probe of Stream, and the live test that borrows from it.

    Args:
        client: to Stream.
        clock: for the results' times.
        period_s: seconds between probes.
        live_gap_s: seconds that a result serves every live test, however many ask.
        live_wait_s: seconds that a live test waits at most.
        heard: told what Stream says of the app.
        expired: told that Stream takes our server token for an old one, as after a revocation for the whole app.
        jitter: a number from 0 to 1; up to 10 % is added to each period so that
            replicas do not probe together.
    """

    def __init__(
        self,
        client: StreamClient,
        clock: Clock,
        period_s: float,
        *,
        live_gap_s: float = 5.0,
        live_wait_s: float = 3.0,
        heard: Callable[[StreamApp], None] = lambda _: None,
        expired: Callable[[], None] = lambda: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._clock = clock
        self._period = period_s
        self._live_gap = live_gap_s
        self._live_wait = live_wait_s
        self._heard = heard
        self._expired = expired
        self._jitter = jitter
        self._under_way: asyncio.Task[None] | None = None
        self._last: ProbeResult | None = None

    @property
    def last(self) -> ProbeResult | None:
        """The last result; None before the first."""
        return self._last

    def age(self, result: ProbeResult) -> float:
        """Seconds since a result."""
        return max(0.0, self._clock.monotonic() - result.ended)

    async def run(self) -> None:
        """Probe until cancelled."""
        try:
            while True:
                await asyncio.shield(self._probe_once())
                await asyncio.sleep(self._period * (1 + 0.1 * self._jitter()))
        finally:
            if self._under_way is not None:
                self._under_way.cancel()

    async def live_test(self) -> ProbeResult | None:
        """A result of now, or almost: any number of callers cause at most one call in five seconds.

        Returns:
            a result of the last few seconds; where Stream does not answer in the
            time a caller can be kept waiting, the last one there is, or None.
        """
        if self._last is not None and self.age(self._last) < self._live_gap:
            metrics.LIVE_TESTS.labels("remembered").inc()
            return self._last
        try:
            async with asyncio.timeout(self._live_wait):
                await asyncio.shield(self._probe_once())
        except TimeoutError:
            metrics.LIVE_TESTS.labels("waited_out").inc()
        else:
            metrics.LIVE_TESTS.labels("probed").inc()
        return self._last

    def _probe_once(self) -> asyncio.Task[None]:
        """The probe under way, or a new one."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.get_running_loop().create_task(self._probe())
        return self._under_way

    async def _probe(self) -> None:
        began, began_at = self._clock.monotonic(), self._clock.now()
        failure: Failure | None = None
        code: int | None = None
        posture: Posture | None = None
        try:
            app = await self._client.app(probe=True)
        except UpstreamError as error:
            failure, code, server_time = failure_of(error), error.code, error.server_time
            if isinstance(error, TokenExpired):
                self._expired()
        else:
            server_time = app.server_time
            self._heard(app)
            posture = Posture(app.disable_auth_checks, app.disable_permissions_checks, app.suspended)
        ended, at = self._clock.monotonic(), self._clock.now()
        difference = None if server_time is None else server_time + _DATE_ROUNDING - (began_at + at) / 2
        self._last = ProbeResult(
            at=at,
            ended=ended,
            duration_ms=(ended - began) * 1000,
            failure=failure,
            code=code,
            posture=posture,
            clock_difference_s=difference,
        )


def failure_of(error: UpstreamError) -> Failure:
    """What an error of a call says about Stream."""
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), Failure.OTHER)
