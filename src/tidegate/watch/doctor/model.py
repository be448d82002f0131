"""What is looked for in an app's files, and what was found. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad something is."""

    ERROR = "error"  # it harms: a secret is out, or anybody can be anybody
    WARNING = "warning"  # it may harm; somebody should look


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that should not be in an app.

    Attributes:
        id: its name; never changes.
        severity: how bad it is.
        what: what was found, a sentence.
        why: what it does, a sentence.
        mend: what to do, a sentence.
    """

    id: str
    severity: Severity
    what: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A place at which a rule does not hold.

    Attributes:
        path: of the file, from the root of the tree, with slashes; as the file system has it, so to be escaped.
        line: from 1.
        rule: its id.
        name: of the setting or variable that is meant; empty where there is none. Never its value.
    """

    path: str
    line: int
    rule: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is looked at.

    Attributes:
        files: at most so many.
        file_octets: a larger file is not looked at.
        octets: of all files together.
        depth: folders within folders.
        findings: for each rule.
    """

    files: int = 20_000
    file_octets: int = 4 * 1024 * 1024
    octets: int = 512 * 1024 * 1024
    depth: int = 24
    findings: int = 50


@dataclass(slots=True)
class Survey:
    """What came of a look at a tree.

    Attributes:
        findings: in the order of paths and lines.
        files: looked at.
        octets: the same.
        left_out: what was not looked at, by why, with how often.
    """

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    octets: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, why: str) -> None:
        """Count something that was not looked at."""
        self.left_out[why] = self.left_out.get(why, 0) + 1
