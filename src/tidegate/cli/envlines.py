"""Lines of a file of settings: written so that they are read back as they were meant, and changed in place."""

import os
import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from tidegate import ownfiles
from tidegate.cli.exits import CommandFailed, Exit

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+,=~-]*")


def line(name: str, text: str) -> str:
    """A line that gives a variable a text; quoted where it has to be.

    Args:
        name: of the variable.
        text: without line breaks.
    """
    if _PLAIN.fullmatch(text):
        return f"{name}={text}"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"


def changed(text: str, variables: Mapping[str, str]) -> str:
    """A file's text with some variables set anew, and everything else as it was.

    A variable that is there is changed where it stands last; what is new comes at the end.

    Args:
        text: of the file.
        variables: name to text.
    """
    left = dict(variables)
    kept: list[str] = []
    for binding in reversed(list(parse_stream(StringIO(text)))):
        original = binding.original.string
        if binding.key not in variables:
            kept.append(original)
        elif binding.key in left:
            before = original[: len(original) - len(original.lstrip())]
            kept.append(f"{before}{line(binding.key, left.pop(binding.key))}\n")
    found = "".join(reversed(kept))
    if left and found and not found.endswith("\n"):
        found += "\n"
    return found + "".join(f"{line(name, value)}\n" for name, value in left.items())


def write(path: Path, text: str) -> None:
    """Put a file in place in one step, readable by its owner alone: there may be secrets beside these lines.

    Args:
        path: of the file; where it is a link, what it leads to.
        text: all of it.

    Raises:
        CommandFailed: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        ownfiles.replace(target, text.encode())
    except OSError as error:
        raise CommandFailed(
            f"the file cannot be written: {error.strerror}", "name another with --write", status=Exit.WRONG
        ) from None
