"""A drill's report for people: a line of time for each row, then the same in words."""

import math
import sys
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from tidegate.cli.drills.model import HOUR, MINUTE, Mood, Report, Seen, told
from tidegate.cli.screen import Screen

CELLS: Final = 60
_STYLES: Final = {Mood.GOOD: "green", Mood.WEAK: "yellow", Mood.BAD: "bold red"}
_BLOCKS: Final = {Mood.GOOD: "█", Mood.WEAK: "▒", Mood.BAD: "·"}
_LETTERS: Final = {Mood.GOOD: "#", Mood.WEAK: "+", Mood.BAD: "."}
_WORST: Final = (Mood.BAD, Mood.WEAK, Mood.GOOD)
_TICKS: Final = 4


def show(report: Report, screen: Screen, *, blocks: bool) -> None:
    """Draw and tell a report.

    Args:
        report: of a drill.
        screen: where to.
        blocks: whether the terminal can show block characters.
    """
    signs = _BLOCKS if blocks else _LETTERS
    width = max(len(title) for title in report.rows.values())
    screen.title(report.outage)
    screen.blank()
    for key, title in report.rows.items():
        screen.parts(f"{title:<{width}}", _line(report, key, signs))
    screen.parts(" " * width, Text(_axis(report.horizon), "dim"))
    screen.line(f"{signs[Mood.GOOD]} as always   {signs[Mood.WEAK]} degraded   {signs[Mood.BAD]} refused", style="dim")
    screen.blank()
    for key, title in report.rows.items():
        screen.parts(f"{title:<{width}}", "; ".join(_words(report, key)))
    screen.blank()
    screen.lines(report.notes)
    screen.blank()


def can_show_blocks() -> bool:
    """Whether standard output takes block characters."""
    try:
        "".join(_BLOCKS.values()).encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def summary(report: Report) -> str:
    """The outcome in a line.

    Args:
        report: of a drill.
    """
    if report.survives is None:
        said = f"People who are signed in get tokens for all of the {told(report.horizon)} that were looked at."
    else:
        said = f"People who are signed in get tokens for {told(report.survives)}."
    return said if report.recovers is None else f"{said} {told(report.recovers)} after its end they get them again."


def _line(report: Report, row: str, signs: dict[Mood, str]) -> Text:
    """One cell for each part of the time: the worst that was met in it, or what was met last."""
    line = Text()
    last: Mood | None = None
    for cell in range(CELLS):
        within = [seen.mood for seen in _within(report, row, cell)]
        mood = next((one for one in _WORST if one in within), last)
        line.append(" " if mood is None else signs[mood], "" if mood is None else _STYLES[mood])
        last = within[-1] if within else last
    return line


def _within(report: Report, row: str, cell: int) -> Iterator[Seen]:
    for moment in report.moments:
        position = min(CELLS - 1, int(moment.at / report.horizon * CELLS))
        if position == cell and row in moment.seen:
            yield moment.seen[row]


def _axis(horizon: float) -> str:
    """Times under the cells, the last one at their end."""
    axis = [" "] * CELLS
    for tick in range(_TICKS + 1):
        text = _short(horizon * tick / _TICKS)
        begins = min(CELLS - len(text), math.ceil(tick * CELLS / _TICKS))
        axis[begins : begins + len(text)] = text
    return "".join(axis)


def _short(seconds: float) -> str:
    if seconds >= HOUR or seconds == 0:
        return f"{seconds / HOUR:.3g} h"
    return f"{seconds / MINUTE:.3g} min"


def _words(report: Report, row: str) -> Iterator[str]:
    spans = report.spans(row)
    for position, span in enumerate(spans):
        if position == 0:
            yield span.said
        else:
            yield f"from {told(span.begins)} on {span.said}"
