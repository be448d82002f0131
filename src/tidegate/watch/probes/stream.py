"""The probe of the credentials: a live call with key and secret, which shows everything else about Stream too."""

from collections.abc import Awaitable, Callable, Mapping

from tidegate.clock import Clock
from tidegate.upstream.model import Operation
from tidegate.watch.model import Failure, Posture, ProbeResult
from tidegate.watch.prober import Prober
from tidegate.watch.probes.blame import Around, of_stream
from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, Ran, State

CREDENTIALS = "credentials"
"""The name of the probe."""

_MARGIN_S = 5.0
_FAILURES: Mapping[str, Failure] = {
    Cause.API_KEY_REFUSED: Failure.KEY_REFUSED,
    Cause.API_SECRET_REFUSED: Failure.SECRET_REFUSED,
    Cause.CLOCK_REFUSED: Failure.CLOCK_REFUSED,
    Cause.APP_SUSPENDED: Failure.SUSPENDED,
    Cause.STREAM_ERRORS: Failure.SERVER_FAULT,
    Cause.STREAM_LIMITED: Failure.RATE_LIMITED,
    Cause.STREAM_UNREACHABLE: Failure.UNREACHABLE,
    Cause.NETWORK_DOWN: Failure.UNREACHABLE,
    Cause.STREAM_TIMED_OUT: Failure.SLOW,
}


class StreamProbe:
    """``GET /app`` with the generation that signs.

    Args:
        prober: makes the call.
        period_s: seconds between two.
        timeout_s: of the client.
        around: looks what else can be seen, once something is wrong.
    """

    def __init__(
        self, prober: Prober, period_s: float, timeout_s: float, around: Callable[[], Awaitable[Around]]
    ) -> None:
        self.spec = ProbeSpec(
            CREDENTIALS,
            "Stream takes key and secret",
            period_s=period_s,
            timeout_s=timeout_s + _MARGIN_S,
            calls={Operation.GET_APP.label: 1},
        )
        self._prober = prober
        self._around = around

    async def run(self) -> Outcome:
        """Make the call."""
        result = await self._prober.probe()
        around = Around() if result.ok else await self._around()
        return outcome_of(result, around)


def outcome_of(result: ProbeResult, around: Around) -> Outcome:
    """What a call says of Stream.

    Args:
        result: of the call.
        around: what else was seen.
    """
    verdict, figures = of_stream(result, around), figures_of(result)
    if verdict is None:
        return Outcome(CREDENTIALS, result.at, State.OK, result.at, figures=figures)
    text = CAUSES[verdict.cause].text
    if verdict.cause is Cause.STREAM_SLOW:
        text = f"Stream took {result.duration_ms:.0f} ms to answer; 2000 ms and more count as slow."
    state = State.WARNING if result.ok else State.FAILING
    return Outcome(CREDENTIALS, result.at, state, result.at, verdict.cause, text, verdict.blame, verdict.sure, figures)


def figures_of(result: ProbeResult) -> dict[str, float]:
    """What was measured."""
    figures = {"response_seconds": result.duration_ms / 1000}
    if result.code is not None:
        figures["code"] = result.code
    if result.clock_difference_s is not None:
        figures["clock_difference_seconds"] = result.clock_difference_s
    if result.posture is not None:
        figures |= {
            "auth_checks_disabled": float(result.posture.disable_auth_checks),
            "permission_checks_disabled": float(result.posture.disable_permissions_checks),
            "suspended": float(result.posture.suspended),
            "revoked_before": float(result.posture.revoked_before),
        }
    return figures


def result_of(outcome: Outcome, clock: Clock) -> ProbeResult | None:
    """The call that another replica made, from its outcome.

    Args:
        outcome: of this probe.
        clock: of this replica, by which the result has its age.

    Returns:
        None where there was none to learn of.
    """
    figures = outcome.figures
    if "response_seconds" not in figures:
        return None
    posture = None
    if "suspended" in figures:
        posture = Posture(
            disable_auth_checks=bool(figures["auth_checks_disabled"]),
            disable_permissions_checks=bool(figures["permission_checks_disabled"]),
            suspended=bool(figures["suspended"]),
            revoked_before=int(figures["revoked_before"]),
        )
    failure = None if posture is not None else _FAILURES.get(outcome.cause, Failure.OTHER)
    return ProbeResult(
        at=outcome.at,
        ended=clock.monotonic() - max(0.0, clock.now() - outcome.at),
        duration_ms=figures["response_seconds"] * 1000,
        failure=failure,
        code=int(figures["code"]) if "code" in figures else None,
        posture=posture,
        clock_difference_s=figures.get("clock_difference_seconds"),
    )


def is_elsewhere(outcome: Outcome) -> bool:
    """Whether another replica made this probe's call."""
    return outcome.probe == CREDENTIALS and outcome.ran is Ran.ELSEWHERE
