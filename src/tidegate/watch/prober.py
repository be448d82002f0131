"""Asks Stream how it is: for the probe of the credentials, and for the live test that borrows from it."""

import asyncio
from collections.abc import Callable
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.tokens.standing.tell import moment_at_stream
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
    """``GET /app``, one at a time, and the live test that borrows from it.

    Args:
        client: to Stream.
        clock: for the results' times.
        live_gap_s: seconds that a result serves every live test, however many ask.
        live_wait_s: seconds that a live test waits at most.
        heard: told what Stream says of the app.
        expired: told that Stream takes our server token for an old one, as after a revocation for the whole app.
        told: told of the result of each live test that asked.
    """

    def __init__(
        self,
        client: StreamClient,
        clock: Clock,
        *,
        live_gap_s: float = 5.0,
        live_wait_s: float = 3.0,
        heard: Callable[[StreamApp], None] = lambda _: None,
        expired: Callable[[], None] = lambda: None,
        told: Callable[[ProbeResult], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._live_gap = live_gap_s
        self._live_wait = live_wait_s
        self._heard = heard
        self._expired = expired
        self._told = told
        self._under_way: asyncio.Task[ProbeResult] | None = None
        self._last: ProbeResult | None = None

    @property
    def last(self) -> ProbeResult | None:
        """The last result; None before the first."""
        return self._last

    def age(self, result: ProbeResult) -> float:
        """Seconds since a result."""
        return max(0.0, self._clock.monotonic() - result.ended)

    async def probe(self) -> ProbeResult:
        """Ask now, or wait for the answer that is under way.

        Returns:
            what came of it.
        """
        return await asyncio.shield(self._probe_once())

    def take(self, result: ProbeResult) -> None:
        """Take over what another replica found; what is older than one's own changes nothing.

        Args:
            result: with its end by this replica's monotonic clock.
        """
        if self._last is None or self._last.ended < result.ended:
            self._last = result

    async def aclose(self) -> None:
        """End what is under way."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

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
                result = await asyncio.shield(self._probe_once())
        except TimeoutError:
            metrics.LIVE_TESTS.labels("waited_out").inc()
        else:
            metrics.LIVE_TESTS.labels("probed").inc()
            self._told(result)
        return self._last

    def _probe_once(self) -> asyncio.Task[ProbeResult]:
        """The probe under way, or a new one."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.get_running_loop().create_task(self._probe())
        return self._under_way

    async def _probe(self) -> ProbeResult:
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
            posture = Posture(
                app.disable_auth_checks,
                app.disable_permissions_checks,
                app.suspended,
                moment_at_stream(app.revoked_before),
            )
        ended, at = self._clock.monotonic(), self._clock.now()
        difference = None if server_time is None else server_time + _DATE_ROUNDING - (began_at + at) / 2
        result = self._last = ProbeResult(
            at=at,
            ended=ended,
            duration_ms=(ended - began) * 1000,
            failure=failure,
            code=code,
            posture=posture,
            clock_difference_s=difference,
        )
        return result


def failure_of(error: UpstreamError) -> Failure:
    """What an error of a call says about Stream."""
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), Failure.OTHER)
