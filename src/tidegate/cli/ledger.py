"""``tidegate ledger``: prove the ledger, and look things up in it. Works on files, also on a copy elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile, operated

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
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Entries from then on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Entries up to then.")]


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
    from tidegate.cli.ledger_shown import show_findings
    from tidegate.cli.ledger_work import open_ledger, reading, run
    from tidegate.cli.screen import Screen
    from tidegate.tokens.ledger.audit import audit, read_checkpoints

    checkpoints = {} if against is None else read_checkpoints(against)
    opened = open_ledger(folder, key_file, env_file)
    with reading(opened) as told:
        findings = run(lambda: audit(opened.chains, opened.keys, checkpoints=checkpoints, told=told))
    show_findings(findings, Screen())
    if any(finding.wrong for finding in findings):
        raise typer.Exit(Exit.FAILED)


@ledger.command()
def query(
    user: Annotated[str | None, typer.Option(metavar="ID", help="The user id at Stream.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="SUBJECT", help="As the issuer names the person.")] = None,
    address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of the client.")] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="A session's id; it is hashed before.")] = None,
    request: Annotated[str | None, typer.Option(metavar="ID", help="A request's id, from a log line.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="CODE", help="Of a refusal.")] = None,
    operator: Annotated[str | None, typer.Option(metavar="NAME", help="The operator whose calls these are.")] = None,
    event: Annotated[str | None, typer.Option(metavar="EVENT", help="For instance issued or refused.")] = None,
    since: Since = None,
    until: Until = None,
    newest: Annotated[int, typer.Option(metavar="COUNT", min=1, max=100_000, help="How many at most.")] = 100,
    as_json: AsJson = False,
    folder: Folder = None,
    key_file: KeyFile = None,
    env_file: EnvFile = None,
) -> None:
    """Look entries up; the newest that fit are printed, oldest first.

    Names are found as they are and as keyed hashes. With --json the entries are printed as they are written.
    """
    from tidegate.cli.ledger_shown import show_entries
    from tidegate.cli.ledger_work import found_newest, open_ledger
    from tidegate.cli.screen import Screen
    from tidegate.tokens.ledger.search import wanted

    span = _span(since, until)
    opened = open_ledger(folder, key_file, env_file)
    given = {"user_id": user, "subject": subject, "address": address, "session": session}
    given |= {"request": request, "reason": reason, "operator": operator, "event": event}
    found = found_newest(opened, wanted(opened.keys, given, since=span[0], until=span[1]), newest)
    if as_json:
        for entry in found:
            typer.echo(entry.line)
    else:
        show_entries(found, Screen())


@ledger.command()
def export(
    since: Since = None,
    until: Until = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", metavar="", help="For spreadsheets, rather than the lines as they are written.")
    ] = False,
    folder: Folder = None,
    key_file: KeyFile = None,
    env_file: EnvFile = None,
) -> None:
    """Print entries, chain by chain, as they are written: one line of JSON for each; or as CSV.

    Each seal is checked before its line is printed. The lines of a whole chain prove as the files do.
    """
    from tidegate.cli.ledger_work import exported, open_ledger
    from tidegate.tokens.ledger.search import wanted

    span = _span(since, until)
    opened = open_ledger(folder, key_file, env_file)
    exported(opened, wanted(opened.keys, {}, since=span[0], until=span[1]), as_csv=as_csv)


@ledger.command()
def who(
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="The first moment.")],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="The last moment.")],
    as_json: AsJson = False,
    folder: Folder = None,
    key_file: KeyFile = None,
    env_file: EnvFile = None,
) -> None:
    """Print who could have held a valid token between two moments.

    A token counts whose iat is not after the last moment and whose exp is not before the first.
    """
    from tidegate.cli.ledger_shown import holders_as_json, show_holders
    from tidegate.cli.ledger_work import open_ledger, reading, run
    from tidegate.cli.moments import moment
    from tidegate.cli.screen import Screen
    from tidegate.tokens.ledger.search import holders

    span = (moment(since, "--from"), moment(until, "--to"))
    if span[1] < span[0]:
        raise CommandFailed("--to is before --from", "exchange them", status=Exit.WRONG)
    opened = open_ledger(folder, key_file, env_file)
    with reading(opened) as told:
        found = run(lambda: holders(opened.chains, opened.keys, span, told))
    if as_json:
        typer.echo(holders_as_json(found))
    else:
        show_holders(found, Screen())


@ledger.command()
def prune(
    before: Annotated[str, typer.Option(metavar="TIME", help="Files go whose entries are all older.")],
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Do not ask.")] = False,
    folder: Folder = None,
    key_file: KeyFile = None,
    env_file: EnvFile = None,
) -> None:
    """Remove whole files from the beginning of each chain; what is left still proves.

    What goes is checked before, and a record under the chain's seal says through which entry it is gone. Nothing of
    the last 24 hours goes: it tells of tokens that may still be valid. The file in use stays. A running service is not
    disturbed.
    """
    from tidegate.cli.ledger_work import pruned
    from tidegate.cli.moments import moment

    pruned(folder, key_file, env_file, before=moment(before, "--before"), ask=not yes)


def _span(since: str | None, until: str | None) -> tuple[float | None, float | None]:
    from tidegate.cli.moments import moment

    return (
        None if since is None else moment(since, "--since"),
        None if until is None else moment(until, "--until"),
    )


@ledger.command()
def head(env_file: EnvFile = None) -> None:
    """Ask a running service where its chain stands, and print that as a checkpoint: one line of JSON.

    It goes through the operator's API, so it needs neither the folder nor the ledger's key. Keep the lines where nobody
    who can write to the ledger can reach them; `tidegate ledger verify --against FILE` shows later what is missing.
    """
    import json

    with operated(env_file) as service:
        typer.echo(json.dumps(service.get("ledger", "head"), separators=(",", ":")))


@ledger.command()
def checkpoint(folder: Folder = None, key_file: KeyFile = None, env_file: EnvFile = None) -> None:
    """Print where each chain stands, one line of JSON for each, to be kept elsewhere.

    Each chain is checked from its beginning. Append the lines to a file on another machine, by cron for instance;
    `tidegate ledger verify --against FILE` shows later whether anything up to there is missing.
    """
    from tidegate.cli.ledger_work import open_ledger, reading, run
    from tidegate.tokens.ledger.audit import checkpoint_lines, heads

    opened = open_ledger(folder, key_file, env_file)
    with reading(opened) as told:
        found = run(lambda: heads(opened.chains, opened.keys, told))
    typer.echo(checkpoint_lines(found), nl=False)
