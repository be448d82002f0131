"""What the app's own settings at Stream mean: whether a token is worth anything there."""

from collections.abc import Callable, Iterator
from typing import Final

from tidegate.clock import Clock
from tidegate.watch.model import Posture, ProbeResult
from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong

POSTURE: Final = "app"
RECENT_S: Final = 86_400.0
"""Seconds for which a revocation that nobody here ordered is worth a warning."""

_SAME_S: Final = 1.0


class PostureProbe:
    """Reads the last answer of ``GET /app`` that this replica made or heard of; calls nobody.

    Args:
        last: gives it.
        ordered: the latest revocation for everybody that was ordered here, seconds since the epoch.
        clock: for what is recent.
        period_s: seconds between two looks; it also looks whenever an answer comes.
    """

    def __init__(
        self, last: Callable[[], ProbeResult | None], ordered: Callable[[], int], clock: Clock, period_s: float
    ) -> None:
        self.spec = ProbeSpec(
            POSTURE, "The app's settings at Stream", period_s=period_s, timeout_s=1.0, each_replica=True
        )
        self._last = last
        self._ordered = ordered
        self._clock = clock

    async def run(self) -> Outcome:
        """Look."""
        result, now = self._last(), self._clock.now()
        if result is None or result.posture is None:
            return unknown(POSTURE, now, Cause.NOT_YET_CHECKED)
        found = list(self._found(result.posture, now))
        figures = {**_figures(result.posture), "revoked_elsewhere": float(Cause.REVOKED_ELSEWHERE in found)}
        if not found:
            return fine(POSTURE, now, figures)
        worst = found[0]
        text = " ".join(CAUSES[cause].text for cause in found)
        state = State.WARNING if worst is Cause.REVOKED_ELSEWHERE else State.FAILING
        return wrong(POSTURE, now, state, worst, text=text, figures=figures)

    def _found(self, posture: Posture, now: float) -> Iterator[Cause]:
        """What deserves a word, the worst first."""
        if posture.suspended:
            yield Cause.APP_SUSPENDED
        if posture.disable_auth_checks:
            yield Cause.AUTH_CHECKS_OFF
        if posture.disable_permissions_checks:
            yield Cause.PERMISSION_CHECKS_OFF
        unordered = posture.revoked_before > self._ordered() + _SAME_S
        if unordered and posture.revoked_before > now - RECENT_S:
            yield Cause.REVOKED_ELSEWHERE


def _figures(posture: Posture) -> dict[str, float]:
    return {
        "auth_checks_disabled": float(posture.disable_auth_checks),
        "permission_checks_disabled": float(posture.disable_permissions_checks),
        "suspended": float(posture.suspended),
        "revoked_before": float(posture.revoked_before),
    }
