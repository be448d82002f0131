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
_WIDE: Final = ((116, 150), (500, 150), (884, 58), (884, 242))
_TALL: Final = ((222, 46), (222, 226), (112, 420), (332, 420))
_WIDE_LINES: Final = {
    APPS: ("M220 150H396", 308, 150),
    IDENTITY: ("M604 138C692 126 692 58 780 58", 692, 94),
    STREAM: ("M604 162C692 174 692 242 780 242", 692, 206),
    DELIVERY: ("M784 264C560 330 230 320 132 190", 410, 301),
}
_TALL_LINES: Final = {
    APPS: ("M190 84V188", 190, 136),
    IDENTITY: ("M175 264C165 320 112 330 112 382", 130, 322),
    STREAM: ("M269 264C279 320 332 330 332 382", 314, 322),
    DELIVERY: ("M376 382C392 250 392 120 324 60", 382, 194),
}


def drawings(ways: Sequence[Way]) -> tuple[Drawing, Drawing]:
    """Both pictures.

    Args:
        ways: how they are.
    """
    return (
        Drawing("wide", 1000, 320, 208, 76, _nodes(_WIDE), _lines(ways, _WIDE_LINES)),
        Drawing("tall", 444, 470, 204, 76, _nodes(_TALL), _lines(ways, _TALL_LINES)),
    )


def _nodes(places: Sequence[tuple[int, int]]) -> tuple[Node, ...]:
    return tuple(Node(name, more, x, y) for (name, more), (x, y) in zip(_PARTIES, places, strict=True))


def _lines(ways: Sequence[Way], lines: dict[str, tuple[str, int, int]]) -> tuple[Line, ...]:
    return tuple(Line(way, *lines[way.name]) for way in ways)
