"""``tidegate drill``: an outage rehearsed, without touching anything real."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile

if TYPE_CHECKING:
    from tidegate.cli.drills.model import Report
    from tidegate.settings import Settings

Tell = Callable[[float], None]
Rehearsal = Callable[[Tell], Coroutine[None, None, "Report"]]
Prepare = Callable[["Settings", float | None], Rehearsal]

drill = typer.Typer(
    name="drill",
    help="Rehearse an outage on an isolated copy of the service, hours of it in seconds.",
    no_args_is_help=True,
)

Hours = Annotated[
    float | None,
    typer.Option(metavar="HOURS", min=0.1, max=400, help="How far to look; somewhat beyond the end if not given."),
]
AtLeast = Annotated[
    float, typer.Option(metavar="HOURS", min=0, max=400, help="Exit with 1 where people get no tokens for so long.")
]


def _command(name: str, *, least: float = 1.0) -> Callable[[Prepare], Prepare]:
    """Make a command of what prepares a rehearsal; its docstring is the command's help.

    Args:
        name: of the command.
        least: hours for which people must get tokens, where nobody says.
    """

    def made(prepare: Prepare) -> Prepare:
        def command(
            hours: Hours = None, at_least: AtLeast = least, as_json: AsJson = False, env_file: EnvFile = None
        ) -> None:
            settings = _settings(env_file)
            _run(prepare(settings, None if hours is None else hours * 3600), at_least, as_json=as_json)

        drill.command(name=name, help=prepare.__doc__)(command)
        return prepare

    return made


@_command("identity-outage")
def _identity_outage(settings: "Settings", horizon: float | None) -> Rehearsal:
    """Rehearse the outage of the identity provider's key server: how long people get tokens, and what they see.

    A copy of the service, with this configuration's numbers and policies, runs beside the sandbox with a clock that is
    turned ahead. Nothing that is configured is asked or changed: no key, secret, address or file is copied.
    """
    from tidegate.cli.drills import identity

    pem = bool(settings.issuers) and not any(one.fetched() for one in settings.issuers)
    until = horizon or identity.horizon_of(settings, pem=pem)
    return lambda tell: identity.rehearse(settings, until, pem=pem, progress=tell)


@_command("stream-outage")
def _stream_outage(settings: "Settings", horizon: float | None) -> Rehearsal:
    """Rehearse an outage of Stream: what goes on without it, what people see, and what comes after by itself.

    It is run as `tidegate drill identity-outage` is, and reaches the real Stream as little.
    """
    from tidegate.cli.drills import stream

    return lambda tell: stream.rehearse(settings, horizon or stream.HORIZON, progress=tell)


@_command("session-route-outage", least=0.0)
def _session_route_outage(settings: "Settings", horizon: float | None) -> Rehearsal:
    """Rehearse an outage of the app whose session route is asked (Auth.js with a database): how long its answers count.

    It is run as `tidegate drill identity-outage` is, and reaches the real app as little.
    """
    from tidegate.cli.drills import session_route
    from tidegate.settings import authjs_apps

    if not any(app.session_url for app in authjs_apps.apps(settings)):
        mend = "set TIDEGATE_AUTHJS_SESSION_URL, or session_url, where an app keeps sessions in a database"
        raise CommandFailed("no app is asked for sessions", mend, status=Exit.WRONG)
    until = horizon or session_route.horizon_of(settings)
    return lambda tell: session_route.rehearse(settings, until, progress=tell)


@_command("database-outage")
def _database_outage(settings: "Settings", horizon: float | None) -> Rehearsal:
    """Rehearse an outage of the service's own database: who gets tokens, what cannot be done, what a restart forgets.

    The copy has a database of its own, a file, and loses that one; the real one is not connected to.
    """
    from tidegate.app.stores import store_wanted
    from tidegate.cli.drills import database

    if not store_wanted(settings):
        mend = "set TIDEGATE_DATABASE_URL, TIDEGATE_OPERATOR_KEYS or TIDEGATE_WEBHOOK_SECRETS where one is wanted"
        raise CommandFailed("no database is opened with these settings", mend, status=Exit.WRONG)
    if settings.ledger == "database" and settings.ledger_durability == "sync":
        wrong = "each token waits for its entry in the ledger, which is in the database: without it nobody gets one"
        raise CommandFailed(wrong, "set TIDEGATE_LEDGER_DURABILITY=batch, or keep the ledger in files")
    return lambda tell: database.rehearse(settings, horizon or database.HORIZON, progress=tell)


def _settings(env_file: "EnvFile") -> "Settings":
    from tidegate import logs
    from tidegate.app.run import load_or_exit

    settings = load_or_exit(env_file=env_file).settings
    logs.configure("critical", as_json=False)  # what fails in the copy is meant to
    return settings


def _run(rehearsal: Rehearsal, at_least: float, *, as_json: bool) -> None:
    from tidegate.cli.drills.picture import can_show_blocks, show, summary
    from tidegate.cli.screen import Screen

    report = asyncio.run(rehearsal(_tell))
    if sys.stderr.isatty():
        typer.echo("\r" + " " * 40 + "\r", err=True, nl=False)
    if as_json:
        typer.echo(json.dumps(report.as_members(), indent=2))
    else:
        screen = Screen()
        show(report, screen, blocks=can_show_blocks())
        screen.title(summary(report))
    if not report.held(at_least * 3600):
        raise CommandFailed(f"That is less than {at_least:g} h", status=Exit.FAILED)


def _tell(part: float) -> None:
    """How far it is, where somebody watches."""
    if sys.stderr.isatty():
        typer.echo(f"\rrehearsing: {part:4.0%}", err=True, nl=False)
