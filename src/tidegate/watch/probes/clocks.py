"""This machine's clock against those of others: heard in answers that came anyway, so it costs nothing."""

from collections.abc import Callable, Iterable
from typing import Final

from tidegate.clock import Clock
from tidegate.identity.keysource import KeySource
from tidegate.watch.probes.blame import of_clock
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong
from tidegate.watch.thresholds import CLOCK_TOLERANCE_S

CLOCK: Final = "clock"
PERIOD_S: Final = 15.0
HEARD_FOR_S: Final = 600.0
"""Seconds for which an answer of Stream's says how the clocks are."""

KEYS_HEARD_FOR_S: Final = 3_700.0
"""The same for answers of key servers, which come once an hour at least."""

_REFUSED_S: Final = 5.0
"""Seconds. Tokens are dated so far back; a clock further ahead of Stream's makes tokens that it refuses."""


class StreamTime:
    """The last that was heard of Stream's clock.

    Args:
        clock: for its age.
    """

    __slots__ = ("_at", "_clock", "_difference")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._difference: float | None = None
        self._at = 0.0

    def hear(self, difference_s: float) -> None:
        """Take note of Stream's clock less ours, in seconds."""
        self._difference, self._at = difference_s, self._clock.monotonic()

    def difference(self) -> float | None:
        """Stream's clock less ours, in seconds; None where nothing was heard lately."""
        return self._difference if self._clock.monotonic() - self._at <= HEARD_FOR_S else None


def others_difference(sources: Iterable[KeySource]) -> float | None:
    """The key servers' clocks less ours, in seconds: of the one that is nearest to ours.

    One that agrees is enough to show that ours is right.

    Args:
        sources: of keys.

    Returns:
        None where none was heard lately.
    """
    heard = [
        status.clock_difference_s
        for status in (source.status() for source in sources)
        if status.clock_difference_s is not None and (status.age_seconds or 0.0) <= KEYS_HEARD_FOR_S
    ]
    return min(heard, key=abs, default=None)


class ClockProbe:
    """Compares what was heard.

    Args:
        stream: Stream's clock less ours; None where not known.
        others: the same of key servers.
        clock: for the outcome.
    """

    def __init__(self, stream: Callable[[], float | None], others: Callable[[], float | None], clock: Clock) -> None:
        self.spec = ProbeSpec(CLOCK, "This machine's clock", PERIOD_S, timeout_s=1.0, each_replica=True)
        self._stream = stream
        self._others = others
        self._clock = clock

    async def run(self) -> Outcome:
        """Compare."""
        stream, others, now = self._stream(), self._others(), self._clock.now()
        if stream is None and others is None:
            return unknown(CLOCK, now, Cause.NOT_YET_CHECKED, text="Nothing was heard of other clocks lately.")
        figures = {
            name: value
            for name, value in (("stream_difference_seconds", stream), ("others_difference_seconds", others))
            if value is not None
        }
        verdict = of_clock(stream, others, CLOCK_TOLERANCE_S)
        if verdict is None:
            return fine(CLOCK, now, figures)
        state = State.FAILING if stream is not None and stream < -_REFUSED_S else State.WARNING
        text = _sentence(verdict.cause, stream, others)
        return wrong(
            CLOCK, now, state, verdict.cause, text=text, blame=verdict.blame, sure=verdict.sure, figures=figures
        )


def _sentence(cause: Cause, stream: float | None, others: float | None) -> str:
    if cause is Cause.CLOCK_WRONG:
        return f"This machine's clock differs from Stream's by {abs(stream or 0):.0f} s, and from that of others."
    if stream is not None and abs(stream) > CLOCK_TOLERANCE_S:
        return f"This machine's clock and Stream's differ by {abs(stream):.0f} s."
    return f"This machine's clock and that of the identity providers differ by {abs(others or 0):.0f} s."
