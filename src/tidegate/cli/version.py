"""``tidegate version``."""

import typer

from tidegate import __version__


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
