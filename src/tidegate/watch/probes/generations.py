"""Live calls through the generations of key and secret that do not sign, and of which tokens may be out."""

from typing import Final

from tidegate.clock import Clock
from tidegate.credentials.check import Outcome as Took
from tidegate.credentials.ring import State as Stage
from tidegate.credentials.service import Rotation
from tidegate.upstream.model import Operation
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong

GENERATIONS: Final = "generations"
PERIOD_S: Final = 300.0

_IN_USE: Final = frozenset({Stage.VERIFIED, Stage.DRAINING})


class GenerationsProbe:
    """``GET /app`` with each generation in use besides the one that signs, which the probe of the credentials tries.

    Args:
        rotation: knows the generations.
        clock: for the outcome.
        timeout_s: of the client.
    """

    def __init__(self, rotation: Rotation, clock: Clock, timeout_s: float) -> None:
        self._rotation = rotation
        self._clock = clock
        self._timeout_s = timeout_s + 5.0

    @property
    def spec(self) -> ProbeSpec:
        """What it costs depends on how many generations there are."""
        calls = {Operation.GET_APP.label: float(len(self._others()))}
        return ProbeSpec(
            GENERATIONS, "Stream takes the other generations", PERIOD_S, self._timeout_s, calls, each_replica=False
        )

    async def run(self) -> Outcome:
        """Try each in turn."""
        names = self._others()
        took = [verdict.outcome for name in names if (verdict := await self._rotation.tried(name)) is not None]
        figures = {"generations": float(len(names)), "refused": float(took.count(Took.REFUSED))}
        now = self._clock.now()
        if Took.REFUSED in took:
            return wrong(GENERATIONS, now, State.WARNING, Cause.GENERATION_REFUSED, figures=figures)
        if Took.UNKNOWN in took:
            return unknown(GENERATIONS, now, Cause.STREAM_UNREACHABLE, text="Stream could not be asked.")
        return fine(GENERATIONS, now, figures)

    def _others(self) -> list[str]:
        signs = self._rotation.signs()
        return [
            entry.id
            for entry in self._rotation.ring.entries
            if entry.state in _IN_USE and (signs is None or entry.id != signs.id) and self._rotation.is_here(entry.id)
        ]
