"""The state in one glance: four parties, the ways between them, and how each way is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.watch.probes.model import Blame, Outcome, State

_SEVERITY: Final = {State.OK: 0, State.UNKNOWN: 1, State.WARNING: 2, State.FAILING: 3}

APPS: Final = "apps"
IDENTITY: Final = "identity"
STREAM: Final = "stream"
DELIVERY: Final = "delivery"

_WAY_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "keys": IDENTITY,
        "canary": DELIVERY,
        "credentials": STREAM,
        "generations": STREAM,
        "app": STREAM,
        "quota": STREAM,
    }
)
"""Where a probe looks, by its name up to the colon; what is not here looks at this service itself."""

_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        APPS: "Apps and Tidegate",
        IDENTITY: "Tidegate and the identity provider",
        STREAM: "Tidegate and Stream",
        DELIVERY: "Messages by way of Stream",
    }
)

_CALM: Final[Mapping[str, str]] = MappingProxyType(
    {
        APPS: "Sessions become tokens here.",
        IDENTITY: "Keys are fresh; sessions can be verified.",
        STREAM: "Stream answers, and takes our key and secret.",
        DELIVERY: "Test messages arrive.",
    }
)

_UNWATCHED: Final[Mapping[str, str]] = MappingProxyType(
    {
        APPS: "Nothing is known yet.",
        IDENTITY: "Nothing is known yet.",
        STREAM: "Nothing is known yet.",
        DELIVERY: "Not watched: the canary is off.",
    }
)

WHOSE: Final[Mapping[Blame, str]] = MappingProxyType(
    {
        Blame.OURS: "ours",
        Blame.PROVIDER: "the identity provider's",
        Blame.STREAM: "Stream's",
        Blame.NETWORK: "the network's",
        Blame.APPS: "the apps'",
        Blame.OUTSIDE: "somebody's outside",
        Blame.UNCLEAR: "unclear",
        Blame.NOBODY: "nobody's",
    }
)
"""Whose fault something is, for a sentence."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one way between two parties is.

    Attributes:
        name: one of the four.
        title: for a person.
        state: the worst of what was found on it.
        watched: whether anything looks at it.
        text: one sentence.
        since: since when it is so, seconds since the epoch; None: it is not known.
        blame: whose fault it is.
        sure: how sure that is, from 0 to 1.
        cause: the cause's name, or empty.
        figure: what was measured last, in a few letters; empty where nothing was.
    """

    name: str
    title: str
    state: State
    watched: bool
    text: str
    since: float | None
    blame: Blame
    sure: float
    cause: str
    figure: str


def way_of(outcome: Outcome) -> str:
    """On which way a probe looks.

    Args:
        outcome: of the probe.
    """
    head, _, rest = outcome.probe.partition(":")
    if head == "certificate":
        return STREAM if rest == "stream" else APPS if rest == "own" else IDENTITY
    return _WAY_OF.get(head, APPS)


def ways(outcomes: Iterable[Outcome], figures: Mapping[str, str]) -> tuple[Way, ...]:
    """The four ways.

    Args:
        outcomes: the last ones of all probes.
        figures: what to write beside each way, by its name.
    """
    found: dict[str, list[Outcome]] = {name: [] for name in _TITLES}
    for outcome in outcomes:
        found[way_of(outcome)].append(outcome)
    return tuple(_way(name, those, figures.get(name, "")) for name, those in found.items())


def _way(name: str, outcomes: Sequence[Outcome], figure: str) -> Way:
    if not outcomes:
        return Way(name, _TITLES[name], State.UNKNOWN, False, _UNWATCHED[name], None, Blame.NOBODY, 1.0, "", figure)
    worst = max(outcomes, key=lambda one: (_SEVERITY[one.state], -one.since))
    calm = worst.state is State.OK
    return Way(
        name=name,
        title=_TITLES[name],
        state=worst.state,
        watched=True,
        text=_CALM[name] if calm else worst.text or _UNWATCHED[name],
        since=max(one.since for one in outcomes) if calm else worst.since,
        blame=Blame.NOBODY if calm else worst.blame,
        sure=worst.sure,
        cause=worst.cause,
        figure=figure,
    )


_LOOK: Final = "Chat works; something wants a look."


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence on top.

    Attributes:
        state: of everything.
        text: the sentence.
        more: a second one; may be empty.
        since: since when, seconds since the epoch; None: it is not known.
    """

    state: State
    text: str
    more: str
    since: float | None


def headline(found: Sequence[Way], firing: Sequence[tuple[str, float | None]] = ()) -> Headline:
    """What to say first.

    Args:
        found: the ways.
        firing: what each alert says that fires, and since when.
    """
    watched = [way for way in found if way.watched]
    if not watched:
        return Headline(State.UNKNOWN, "Nothing is known yet.", "The first probes are under way.", None)
    worst = max(watched, key=lambda way: _SEVERITY[way.state])
    if worst.state is State.OK and firing:
        return Headline(State.WARNING, _LOOK, *firing[0])
    if worst.state is State.OK:
        since = max((way.since for way in watched if way.since is not None), default=None)
        return Headline(State.OK, "Chat works.", "", since)
    if worst.state is State.FAILING:
        return Headline(State.FAILING, "Chat is in trouble.", worst.text, worst.since)
    if worst.state is State.WARNING:
        return Headline(State.WARNING, _LOOK, worst.text, worst.since)
    return Headline(State.UNKNOWN, "Not everything is known.", worst.text, worst.since)
