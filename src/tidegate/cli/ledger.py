"""``tidegate ledger``: prove the ledger, and look things up in it. Works on files, also on a copy elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.exits import Exit
from tidegate.cli.places import EnvFile

ledger = typer.Typer(
    name="ledger", help="Prove the ledger of issuances and refusals, and look things up in it.", no_args_is_help=True
)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIRECTORY", help="The ledger's folder, or a copy; else as the settings say."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="FILE", help="A file with the ledger's key; else as the settings say."),
]


@ledger.command()
def verify(
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoints that were kept elsewhere: shows what was cut off.")
    ] = None,
    folder: Folder = None,
    key_file: KeyFile = None,
    env_file: EnvFile = None,
) -> None:
    """Check every seal of every chain; exits with 1 if one does not hold.

    A chain proves that nothing in it was changed, left out or put in. That nothing was cut off at its end shows only
    a checkpoint that was kept where whoever cuts cannot reach it.
    """
    from tidegate.cli.ledger_shown import show_findings  # noqa: PLC0415 - heavy
    from tidegate.cli.ledger_work import open_ledger, reading, run  # noqa: PLC0415 - heavy
    from tidegate.cli.screen import Screen  # noqa: PLC0415 - heavy
    from tidegate.tokens.ledger.audit import audit, read_checkpoints  # noqa: PLC0415 - heavy

    checkpoints = {} if against is None else read_checkpoints(against)
    opened = open_ledger(folder, key_file, env_file)
    with reading(opened) as told:
        findings = run(lambda: audit(opened.chains, opened.keys, checkpoints=checkpoints, told=told))
    show_findings(findings, Screen())
    if any(finding.wrong for finding in findings):
        raise typer.Exit(Exit.FAILED)


@ledger.command()
def checkpoint(folder: Folder = None, key_file: KeyFile = None, env_file: EnvFile = None) -> None:
    """Print where each chain stands, one line of JSON for each, to be kept elsewhere.

    Each chain is checked from its beginning. Append the lines to a file on another machine, by cron for instance;
    `tidegate ledger verify --against FILE` shows later whether anything up to there is missing.
    """
    from tidegate.cli.ledger_work import open_ledger, reading, run  # noqa: PLC0415 - heavy
    from tidegate.tokens.ledger.audit import checkpoint_lines, heads  # noqa: PLC0415 - heavy

    opened = open_ledger(folder, key_file, env_file)
    with reading(opened) as told:
        found = run(lambda: heads(opened.chains, opened.keys, told))
    typer.echo(checkpoint_lines(found), nl=False)
