"""What a drill saw, moment by moment, and what follows from it. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

Progress = Callable[[float], None]
"""Told the part that is done, from 0 to 1."""

MINUTE: Final = 60
HOUR: Final = 3_600
_DAY: Final = 86_400


class Mood(StrEnum):
    """How good something is for whoever meets it."""

    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody met.

    Attributes:
        mood: how good it is.
        said: what it was, in a few words.
    """

    mood: Mood
    said: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What all met at one time.

    Attributes:
        at: seconds since the outage began.
        seen: by row; a row that was not looked at is not in it.
    """

    at: float
    seen: Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a row met the same.

    Attributes:
        begins: seconds since the outage began.
        ends: of the last moment at which it was so.
        mood: how good it is.
        said: what it was.
    """

    begins: float
    ends: float
    mood: Mood
    said: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a drill.

    Attributes:
        drill: its name.
        outage: what was broken, a sentence.
        rows: key to title, in the order in which they are shown.
        moments: in the order of time, the first at 0.
        survives: seconds until the row ``asks`` first met something bad; None: as long as was looked at.
        recovers: seconds from the end of the outage until it was good again; None where it never was bad.
        notes: what else should be known, a sentence each.
    """

    drill: str
    outage: str
    rows: Mapping[str, str]
    moments: tuple[Moment, ...]
    survives: float | None
    recovers: float | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def horizon(self) -> float:
        """Seconds that were looked at."""
        return self.moments[-1].at

    def spans(self, row: str) -> list[Span]:
        """A row's moments, joined where it met the same."""
        spans: list[Span] = []
        for moment in self.moments:
            seen = moment.seen.get(row)
            if seen is None:
                continue
            if spans and (spans[-1].mood, spans[-1].said) == (seen.mood, seen.said):
                spans[-1] = Span(spans[-1].begins, moment.at, seen.mood, seen.said)
            else:
                spans.append(Span(moment.at, moment.at, seen.mood, seen.said))
        return spans

    def held(self, seconds: float) -> bool:
        """Whether people who are signed in got tokens for so long."""
        return self.survives is None or self.survives >= seconds

    def as_members(self) -> dict[str, object]:
        """For programs."""
        return {
            "drill": self.drill,
            "outage": self.outage,
            "looked_at_seconds": round(self.horizon),
            "survives_seconds": None if self.survives is None else round(self.survives),
            "recovers_seconds": None if self.recovers is None else round(self.recovers),
            "rows": [
                {"row": key, "title": title, "spans": [asdict(span) for span in self.spans(key)]}
                for key, title in self.rows.items()
            ],
            "notes": list(self.notes),
        }


def closely_first(horizon: float, first: Iterable[float], steps: int) -> Iterator[float]:
    """Times to look at, seconds: some at the beginning, then evenly.

    Args:
        horizon: the last of them.
        first: of the beginning, as far as they come before the even ones.
        steps: how many even ones.
    """
    step = horizon / steps
    yield from (float(at) for at in first if at < step)
    yield from (number * step for number in range(1, steps + 1))


def first_bad(moments: Iterable[Moment], row: str) -> tuple[float, float] | None:
    """When a row first met something bad.

    Args:
        moments: in the order of time.
        row: its key.

    Returns:
        the last moment before at which it was looked at, and the moment itself, in seconds; None if it never was bad.
    """
    before = 0.0
    for moment in moments:
        seen = moment.seen.get(row)
        if seen is not None and seen.mood is Mood.BAD:
            return before, moment.at
        if seen is not None:
            before = moment.at
    return None


def told(seconds: float) -> str:
    """A length of time for people, its two greatest units: ``23 h 59 min``.

    Args:
        seconds: the length; fractions are cut off.
    """
    left, parts = int(seconds), []
    for size, unit in ((_DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"
