"""The command ``tidegate``: a file for each group of commands, nothing heavy imported before it is needed."""

import sys
from collections.abc import Sequence

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.serving import serve_until_ended
from tidegate.errors import TidegateError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process if None.

    Returns:
        the exit status, one of :class:`tidegate.cli.exits.Exit`.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if words == ["serve"]:  # nothing to parse, and 2 MB less for as long as the service runs
            serve_until_ended()
        else:
            from tidegate.cli.application import app

            app(args=words, prog_name="tidegate")
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    except CommandFailed as failure:
        print(f"tidegate: {failure}", file=sys.stderr)
        return failure.status
    except TidegateError as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return Exit.FAILED
    return Exit.OK
