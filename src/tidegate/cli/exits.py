"""How a command ends: its exit status, and the error that chooses one."""

from enum import IntEnum
from types import MappingProxyType
from typing import Final

from tidegate.errors import TidegateError


class Exit(IntEnum):
    """The exit statuses of every command."""

    OK = 0
    FAILED = 1
    WRONG = 2
    INTERRUPTED = 130


MEANINGS: Final = MappingProxyType(
    {
        Exit.OK: "Done; for a command that checks something: everything holds.",
        Exit.FAILED: (
            "The command could not do its work, or something that it checks does not hold: "
            "a step of the demo, a line of the checklist, a token that would be refused."
        ),
        Exit.WRONG: "The command line or the settings are wrong; nothing was started.",
        Exit.INTERRUPTED: "Interrupted from the keyboard before the end. (A running service ends with 0.)",
    }
)
"""What each status means; the page of the command line shows it."""


class CommandFailed(TidegateError):
    """A command cannot do what it was asked to.

    Args:
        wrong: what is wrong, a sentence without its full stop.
        mend: what to do about it, an imperative without its full stop; "" where there is nothing to say.
        status: the exit status.
    """

    def __init__(self, wrong: str, mend: str = "", *, status: Exit = Exit.FAILED) -> None:
        super().__init__(f"{wrong}. Mend: {mend}." if mend else f"{wrong}.")
        self.status = status
