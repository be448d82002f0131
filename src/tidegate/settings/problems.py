"""What is wrong with the configuration: all of it at once, one line each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.errors import TidegateError

EXIT_CODE: Final = 2
"""The exit status of a process whose configuration is wrong."""

NAME_MAX: Final = 64
"""What of a variable's name is shown, in characters."""

_NOT_NAME: Final = re.compile(r"[^\w.-]")


def name_in(name: str) -> str:
    """What of a variable's name somebody can have meant as a name.

    ``NAME: value=`` is a variable too, with the value in its name, and secrets in Base64 end like that.
    """
    return _NOT_NAME.split(name, maxsplit=1)[0]


def printable(name: str) -> str:
    """A variable's name as it may stand in a message.

    Names come from the environment, where anything but ``=`` and NUL is possible:
    control characters are escaped and long names cut.
    """
    shown = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= NAME_MAX else f"{shown[:NAME_MAX]}..."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stops the service from starting.

    No field ever holds a variable's value: a secret pasted into the wrong
    variable must not reach a terminal or a log by way of its complaint.

    Attributes:
        variable: the name to look at.
        wrong: what is wrong with it, as a predicate ("is not an integer").
        mend: what to do, as an imperative ("write ten seconds as 10000").
    """

    variable: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{printable(self.variable)} {self.wrong}; {self.mend}"


class Unfit(ValueError):
    """A text cannot be a value of its setting. Becomes a ``Problem`` once the variable is known.

    Args:
        wrong: what is wrong, without the text itself.
        mend: what to do.
    """

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.mend = mend

    def at(self, variable: str) -> Problem:
        """This fault as the problem of a variable."""
        return Problem(variable, self.wrong, self.mend)


class SettingsError(TidegateError):
    """The configuration is wrong, and this is everything that is.

    Args:
        problems: at least one, in the order in which they are to be read.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))
