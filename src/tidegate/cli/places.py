"""Options and look-ups that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tidegate.cli.operating import OperatorClient

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


def operated(env_file: Path | None) -> "OperatorClient":
    """The running service, to be asked as its operator in a ``with`` block.

    Args:
        env_file: a file of settings named on the command line.

    Raises:
        CommandFailed: there is no key, or it is not safe to send it where it would go.
    """
    from tidegate.cli.operating import OperatorClient, access_from_environment

    return OperatorClient(access_from_environment(env_file))


def runtime_file(state_dir: Path) -> Path:
    """The file by which the commands find a running sandbox.

    Args:
        state_dir: of the service that the sandbox stands behind.
    """
    from tidegate.sandbox.runtime import FILE_NAME

    return state_dir / FILE_NAME
