"""``tidegate config``: the effective settings, and the production checklist gone through."""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tidegate.cli.exits import Exit
from tidegate.cli.places import EnvFile

if TYPE_CHECKING:
    from tidegate.cli.screen import Screen
    from tidegate.settings import Loaded
    from tidegate.settings.checklist import Facts, Line

_DAY: Final = 86_400

config = typer.Typer(name="config", help="Show the settings, and check them.", no_args_is_help=True)


@config.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="For programs.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Print every effective setting with where it came from. Secrets are not shown."""
    from rich.table import Table

    from tidegate.app.run import load_or_exit
    from tidegate.cli.screen import Screen
    from tidegate.settings.show import render

    loaded = load_or_exit(env_file=env_file)
    rows = render(loaded)
    if as_json:
        typer.echo(json.dumps([{"name": one.name, "value": one.value, "origin": one.origin} for one in rows], indent=2))
        return
    table = Table("Setting", box=None, pad_edge=False)
    for title in ("Value", "Origin"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(row.name, row.value, row.origin, style="dim" if row.origin == "default" else "")
    screen = Screen()
    screen.table(table)
    for warning in loaded.warnings:
        screen.warning(warning)


@config.command()
def check(
    live: Annotated[
        bool,
        typer.Option("--live", metavar="", help="Ask Stream and the issuers too; makes two probe users at Stream."),
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Go through the production checklist; exits with 1 if a line fails.

    With --live it calls Stream with the configured key and secret (are they accepted, is the app's posture safe, how
    much of the quota is left, does the clock agree), fetches every issuer's keys, and finds out whether Stream tells
    apart user ids that differ in case only. For that it creates two users, whose ids it prints and no person can get.
    """
    from tidegate import logs
    from tidegate.app.run import load_or_exit
    from tidegate.cli.screen import Screen
    from tidegate.settings import Environment, checklist

    logs.configure("error", as_json=False)
    screen = Screen()
    loaded, seen = _looked_up(load_or_exit(env_file=env_file))
    lines = checklist.check(loaded, facts=seen)
    _print(lines, screen)
    _print_hints(checklist.hints_of(loaded.settings), screen)
    if live:
        from tidegate.cli.live import check_live

        answer = check_live(loaded.settings)
        _print(answer.lines, screen)
        screen.lines(answer.notes)
        lines = [*lines, *answer.lines]
    for warning in loaded.warnings:
        screen.warning(warning)
    failed = [line.id for line in lines if not line.passed]
    screen.blank()
    screen.title(f"{len(lines)} lines, {len(failed)} failed.")
    if failed and loaded.settings.environment is not Environment.PRODUCTION:
        screen.line("This is the checklist for production: elsewhere some of its lines are expected to fail.")
    if failed:
        raise typer.Exit(Exit.FAILED)


def _looked_up(loaded: "Loaded") -> "tuple[Loaded, Facts]":
    """The settings with what their source of credentials gives, and the facts that they do not hold."""
    from tidegate.app.given import with_credentials
    from tidegate.credentials.kept import KeptRing
    from tidegate.settings import facts

    settings = with_credentials(loaded.settings)
    ring = KeptRing(settings.state_dir, settings.base_url, settings.credentials_max).read()
    primary = None if ring is None else ring.primary
    age = None if primary is None else int((time.time() - primary.made_at) // _DAY)
    return replace(loaded, settings=settings), replace(facts.gather(loaded), credential_age_days=age)


def _print(lines: "Iterable[Line]", screen: "Screen") -> None:
    from tidegate.cli.screen import verdict

    for line in lines:
        screen.parts(verdict(line.passed), f"{line.id:<25}", line.what)
        if not line.passed:
            screen.line(f"Mend: {line.mend}", indent=33)


def _print_hints(hints: "Iterable[Line]", screen: "Screen") -> None:
    for hint in hints:
        screen.parts("hint", f"{hint.id:<25}", hint.what)
        screen.line(f"To change it: {hint.mend}", indent=33)
