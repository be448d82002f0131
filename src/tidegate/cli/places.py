"""Options and look-ups that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StateDir = Annotated[
    Path,
    typer.Option(
        "--state-dir",
        envvar="TIDEGATE_STATE_DIR",
        metavar="DIRECTORY",
        help="Where the sandbox keeps its runtime file.",
    ),
]

EnvFile = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="A file of settings; counts before TIDEGATE_ENV_FILE.")
]

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="For programs.")]

USUAL_STATE_DIR = Path(".tidegate")


def runtime_file(state_dir: Path) -> Path:
    """The file by which the commands find a running sandbox.

    Args:
        state_dir: of the service that the sandbox stands behind.
    """
    from tidegate.sandbox.runtime import FILE_NAME

    return state_dir / FILE_NAME
