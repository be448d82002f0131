"""What the doctor found, and how bad it is. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tidegate.cli.exits import Exit

VERSION: Final = 1
"""Of the form of the answer for programs; a change that a program could notice makes a new one."""


class State(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"  # it was not looked at, and the text says why


class Section(StrEnum):
    """Where something was looked for."""

    SETTINGS = "settings"
    CHECKLIST = "checklist"
    PROBES = "probes"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at.

    Attributes:
        section: where.
        id: a variable, a line of the checklist, a probe, or a rule for source trees.
        state: how it stands.
        text: what was found, or should hold; printable.
        mends: what to do, the likeliest first.
        blame: whose fault it is; empty where nobody's, or not known.
        file: of a source tree, printable; empty elsewhere.
        line: of the file, from 1; 0 elsewhere.
    """

    section: Section
    id: str
    state: State
    text: str
    mends: tuple[str, ...] = ()
    blame: str = ""
    file: str = ""
    line: int = 0

    def as_members(self) -> dict[str, object]:
        """For programs: always the same members."""
        return {
            "section": self.section.value,
            "id": self.id,
            "state": self.state.value,
            "text": self.text,
            "mends": list(self.mends),
            "blame": self.blame or None,
            "file": self.file or None,
            "line": self.line or None,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """How much of a source tree was looked at.

    Attributes:
        files: their number.
        octets: in them.
        left_out: what was not looked at, by why, with how often.
    """

    files: int
    octets: int
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All of it.

    Attributes:
        environment: production, staging or development.
        live: whether anybody else was asked.
        items: in the order in which they are shown.
        notes: what was done and should be known, a sentence each.
        source: of the source tree; None where none was looked at.
    """

    environment: str
    live: bool
    items: tuple[Item, ...]
    notes: tuple[str, ...] = field(default=())
    source: Source | None = None

    def count(self, state: State) -> int:
        """How many things stand so."""
        return sum(item.state is state for item in self.items)

    def exit(self, *, strict: bool) -> Exit:
        """The exit status that follows.

        Args:
            strict: whether a warning counts as an error.
        """
        if _wrong(self.items):
            return Exit.WRONG
        failed = self.count(State.ERROR) or (strict and self.count(State.WARNING))
        return Exit.FAILED if failed else Exit.OK

    def as_members(self, *, strict: bool) -> dict[str, object]:
        """For programs: always the same members, whatever was found.

        Args:
            strict: as for `exit`.
        """
        counts = Counter(item.state for item in self.items)
        source = None
        if self.source is not None:
            left_out = [{"why": why, "count": count} for why, count in sorted(self.source.left_out.items())]
            source = {"files": self.source.files, "octets": self.source.octets, "left_out": left_out}
        return {
            "version": VERSION,
            "environment": self.environment,
            "live": self.live,
            "exit": int(self.exit(strict=strict)),
            "counts": {state.value: counts[state] for state in State},
            "items": [item.as_members() for item in self.items],
            "notes": list(self.notes),
            "source": source,
        }


def _wrong(items: Iterable[Item]) -> bool:
    """Whether the service would not start with these settings."""
    return any(item.section is Section.SETTINGS and item.state is State.ERROR for item in items)
