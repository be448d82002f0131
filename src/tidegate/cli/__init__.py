"""The command ``tidegate``: a file for each group of commands, nothing heavy imported before it is needed."""

import sys
from collections.abc import Sequence

from tidegate.cli.application import app
from tidegate.cli.exits import CommandFailed, Exit
from tidegate.errors import TidegateError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process if None.

    Returns:
        the exit status, one of :class:`tidegate.cli.exits.Exit`.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="tidegate")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    except CommandFailed as failure:
        print(f"tidegate: {failure}", file=sys.stderr)
        return failure.status
    except TidegateError as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return Exit.FAILED
    return Exit.OK
