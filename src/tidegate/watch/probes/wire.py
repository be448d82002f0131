"""An outcome as other replicas read it."""

from collections.abc import Mapping
from typing import Any

from tidegate.watch.probes.model import Blame, Outcome, Ran, State


def encoded(outcome: Outcome) -> dict[str, Any]:
    """As JSON.

    Args:
        outcome: found here.
    """
    return {
        "probe": outcome.probe,
        "at": outcome.at,
        "state": outcome.state.value,
        "since": outcome.since,
        "cause": str(outcome.cause),
        "text": outcome.text,
        "blame": outcome.blame.value,
        "sure": outcome.sure,
        "figures": dict(outcome.figures),
    }


def decoded(members: Mapping[str, Any], now: float) -> Outcome:
    """What another replica found.

    Args:
        members: as it encoded them.
        now: seconds since the epoch; nothing is from later than now, or a replica whose clock is ahead would
            silence the others until then.

    Raises:
        ValueError: it is of a version that knows states or culprits that this one does not.
        KeyError: a member is missing.
    """
    return Outcome(
        probe=members["probe"],
        at=min(members["at"], now),
        state=State(members["state"]),
        since=min(members["since"], now),
        cause=members["cause"],
        text=members["text"],
        blame=Blame(members["blame"]),
        sure=members["sure"],
        figures=members["figures"],
        ran=Ran.ELSEWHERE,
    )
