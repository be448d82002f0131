"""Writing for people: the same words with and without colours."""

import sys
from collections.abc import Iterable
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST: Final = 10_000  # columns; longer values are broken
_WORDS: Final = {True: ("pass", "green"), False: ("FAIL", "bold red"), None: ("-", "dim")}


def verdict(passed: bool | None) -> Text:  # noqa: FBT001 - the value itself
    """``pass``, ``FAIL`` or a dash for what was not reached; the word says it, the colour only underlines it."""
    word, style = _WORDS[passed]
    return Text(f"{word:<4}", style)


class Screen:
    """A terminal, or a file in its place.

    Nothing is taken as markup and no line to be pasted is broken.

    Args:
        stream: where to; standard output if None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._console = Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False)

    def line(self, text: str, *, indent: int = 0, style: str = "") -> None:
        """One line, whole however wide the terminal is."""
        self._console.print(Text(" " * indent + text, style), soft_wrap=True)

    def lines(self, texts: Iterable[str], *, indent: int = 0, style: str = "") -> None:
        """Several such lines."""
        for text in texts:
            self.line(text, indent=indent, style=style)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def title(self, text: str) -> None:
        """A line that stands out."""
        self.line(text, style="bold")

    def warning(self, text: str) -> None:
        """Something to look at, broken into lines as wide as the terminal."""
        self._console.print(Text.assemble(("Warning: ", "bold yellow"), text))

    def parts(self, *parts: Text | str) -> None:
        """One line of several parts, two spaces between them."""
        joined = Text("  ").join(Text(part) if isinstance(part, str) else part for part in parts)
        self._console.print(joined, soft_wrap=True)

    def table(self, table: Table) -> None:
        """A table, as wide as it needs to be where there is no terminal."""
        if not self._console.is_terminal:
            unbound = self._console.options.update(width=_WIDEST)
            self._console.width = max(self._console.width, self._console.measure(table, options=unbound).maximum)
        self._console.print(table)
