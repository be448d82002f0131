"""The geometry of the picture: one drawing for wide screens, one for narrow ones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.console.picture import APPS, DELIVERY, IDENTITY, STREAM, Way


@dataclass(frozen=True, slots=True)
class Node:
    """A party.

    Attributes:
        name: what it is called.
        more: a second line.
        x, y: its middle.
    """

    name: str
    more: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A way as it is drawn.

    Attributes:
        way: how it is.
        path: of the line, as SVG writes it.
        x, y: the middle of its label.
    """

    way: Way
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture.

    Attributes:
        name: ``wide`` or ``tall``.
        width, height: of it.
        node_width, node_height: of each party.
        nodes: the parties.
        lines: the ways.
    """

    name: str
    width: int
    height: int
    node_width: int
    node_height: int
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]


_PARTIES: Final = (
    ("Apps", "phones and browsers"),
    ("Tidegate", "session in, token out"),
    ("Identity provider", "who people are"),
    ("Stream", "where they talk"),
)
_WIDE: Final = ((110, 150), (500, 150), (890, 58), (890, 242))
_TALL: Final = ((190, 46), (190, 226), (98, 420), (282, 420))
_WIDE_LINES: Final = {
    APPS: ("M200 150H410", 305, 150),
    IDENTITY: ("M590 138C680 126 690 58 800 58", 687, 94),
    STREAM: ("M590 162C680 174 690 242 800 242", 687, 206),
    DELIVERY: ("M800 262C560 330 230 320 130 190", 412, 300),
}
_TALL_LINES: Final = {
    APPS: ("M160 84V188", 160, 136),
    IDENTITY: ("M150 264C140 320 98 330 98 382", 112, 322),
    STREAM: ("M230 264C240 320 282 330 282 382", 268, 322),
    DELIVERY: ("M326 382C350 250 350 120 276 60", 337, 194),
}


def drawings(ways: Sequence[Way]) -> tuple[Drawing, Drawing]:
    """Both pictures.

    Args:
        ways: how they are.
    """
    return (
        Drawing("wide", 1000, 320, 180, 76, _nodes(_WIDE), _lines(ways, _WIDE_LINES)),
        Drawing("tall", 390, 470, 172, 76, _nodes(_TALL), _lines(ways, _TALL_LINES)),
    )


def _nodes(places: Sequence[tuple[int, int]]) -> tuple[Node, ...]:
    return tuple(Node(name, more, x, y) for (name, more), (x, y) in zip(_PARTIES, places, strict=True))


def _lines(ways: Sequence[Way], lines: dict[str, tuple[str, int, int]]) -> tuple[Line, ...]:
    return tuple(Line(way, *lines[way.name]) for way in ways)
