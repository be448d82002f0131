"""Making outcomes: what a cause says anyway need not be said again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Blame, Outcome, State

_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


def fine(probe: str, now: float, figures: Mapping[str, float] = _NOTHING) -> Outcome:
    """All is well.

    Args:
        probe: its name.
        now: seconds since the epoch.
        figures: what was measured.
    """
    return Outcome(probe, now, State.OK, now, figures=figures)


def wrong(
    probe: str,
    now: float,
    state: State,
    cause: Cause,
    *,
    text: str = "",
    blame: Blame | None = None,
    sure: float = 0.9,
    figures: Mapping[str, float] = _NOTHING,
) -> Outcome:
    """Something is not as it should be.

    Args:
        probe: its name.
        now: seconds since the epoch.
        state: how bad it is.
        cause: why.
        text: a sentence that says more than the cause's own.
        blame: whose fault it is, where that is known better than by the cause.
        sure: how sure that is, from 0 to 1.
        figures: what was measured.
    """
    known = CAUSES[cause]
    return Outcome(probe, now, state, now, cause, text or known.text, blame or known.blame, sure, figures)


def unknown(probe: str, now: float, cause: Cause, *, text: str = "", blame: Blame = Blame.NOBODY) -> Outcome:
    """It could not be found out; another probe says what stands in the way.

    Args:
        probe: its name.
        now: seconds since the epoch.
        cause: what stands in the way.
        text: a sentence that says more than the cause's own.
        blame: whose fault it is.
    """
    return Outcome(probe, now, State.UNKNOWN, now, cause, text or CAUSES[cause].text, blame, 0.5)
