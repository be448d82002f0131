"""What a probe is, and what it finds. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_HOUR: Final = 3_600.0
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class State(StrEnum):
    """What a probe found."""

    OK = "ok"
    WARNING = "warning"  # it works, and somebody should look
    FAILING = "failing"
    UNKNOWN = "unknown"  # it could not be found out


class Ran(StrEnum):
    """Who ran a probe, as seen from this replica."""

    HERE = "here"
    ELSEWHERE = "elsewhere"  # another replica, on behalf of all
    ALONE = "alone"  # here, since the other replicas cannot be heard of


class Blame(StrEnum):
    """Whose fault it is, as far as it can be told from here."""

    OURS = "ours"
    PROVIDER = "identity_provider"
    STREAM = "stream"
    NETWORK = "network"
    APPS = "apps"
    OUTSIDE = "outside"  # somebody who is no app of ours
    UNCLEAR = "unclear"  # somebody's, and it cannot be told whose
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What a probe does and costs.

    Attributes:
        name: what is probed; of an issuer's keys, ``keys:`` and the issuer's name.
        title: for a person.
        period_s: seconds from one run to the next.
        timeout_s: seconds after which a run counts as failing.
        calls: calls to Stream in one run, by operation.
        each_replica: whether every replica runs it, since it is about the replica itself; else one does for all.
    """

    name: str
    title: str
    period_s: float
    timeout_s: float
    calls: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    each_replica: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a probe found.

    Attributes:
        probe: its name.
        at: when it ended, seconds since the epoch.
        state: what was found.
        since: since when it has been in this state, seconds since the epoch.
        cause: why, one of the causes in `tidegate.watch.probes.causes`; empty where all is well.
        text: the same for a person, one sentence, without a secret or anything that a stranger can choose.
        blame: whose fault it is.
        sure: how sure that is, from 0 to 1.
        figures: what was measured, in base units, by name.
        ran: who ran it.
    """

    probe: str
    at: float
    state: State
    since: float
    cause: str = ""
    text: str = ""
    blame: Blame = Blame.NOBODY
    sure: float = 1.0
    figures: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    ran: Ran = Ran.HERE


def calls_per_hour(specs: Iterable[ProbeSpec]) -> dict[str, float]:
    """What probes cost at Stream, by operation: at most so many calls in an hour, for all replicas together.

    Args:
        specs: of all probes.
    """
    total: dict[str, float] = {}
    for spec in specs:
        for operation, calls in spec.calls.items():
            total[operation] = total.get(operation, 0.0) + calls * _HOUR / spec.period_s
    return total
