"""``tidegate serve``: the service, with a banner for people and log lines for machines."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.serving import serve_until_ended


def serve(
    bind: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen; counts before TIDEGATE_BIND.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of settings; counts before TIDEGATE_ENV_FILE.")
    ] = None,
    next_free_port: Annotated[
        bool, typer.Option("--next-free-port", metavar="", help="Where the port is taken, take the next free one.")
    ] = False,
    elsewhere: Annotated[str | None, typer.Option("--port", "--host", "-p", hidden=True)] = None,
) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Where nothing at all is configured, in development, the sandbox stands in for the identity provider and for Stream.
    """
    if elsewhere is not None:
        raise CommandFailed("There is no --port and no --host", "give both as --bind HOST:PORT", status=Exit.WRONG)
    overrides = {} if bind is None else {"bind": bind}
    serve_until_ended(env_file=env_file, overrides=overrides, next_free_port=next_free_port)
