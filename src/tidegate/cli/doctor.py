"""``tidegate doctor``: everything that can be found out, with cause and mend."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tidegate.cli.doctoring.model import Diagnosis, Item
    from tidegate.cli.doctoring.settled import Settled

_EVERY: Final = 50
"""Files from one word about progress to the next."""


def doctor(
    app: Annotated[Path | None, typer.Argument(metavar="[APP]", help="The source tree of your app.")] = None,
    live: Annotated[
        bool,
        typer.Option("--live", metavar="", help="Ask Stream, issuers and the database too; makes two probe users."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", metavar="", help="Exit with 1 for a warning too.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Look at everything: the settings, the production checklist, the probes, and the source tree of your app.

    It needs no running service and works on settings that are wrong too. Nothing is changed; without --live nobody is
    asked. Of a secret that is found in a file it names the place and the variable, never the value.

    Exits with 0 where nothing is wrong, 1 for an error, 2 where the service would not start with these settings.
    """
    from tidegate import logs
    from tidegate.cli.doctoring.settled import settle

    logs.configure("critical", as_json=False)
    if app is not None and not app.is_dir():
        from tidegate.cli.doctoring.source import escaped

        raise CommandFailed(f"{escaped(str(app))} is no folder", "name the folder of its source", status=Exit.WRONG)
    diagnosis = _diagnosed(settle(env_file, live=live), app, live=live)
    if as_json:
        typer.echo(json.dumps(diagnosis.as_members(strict=strict), indent=2))
    else:
        from tidegate.cli.doctoring.shown import show
        from tidegate.cli.screen import Screen

        show(diagnosis, Screen())
    if status := diagnosis.exit(strict=strict):
        raise typer.Exit(status)


def _diagnosed(settled: "Settled", app: Path | None, *, live: bool) -> "Diagnosis":
    from tidegate.cli.doctoring.model import Diagnosis

    items, notes, source = list(settled.items), list[str](), None
    if live:
        more, notes = _live_lines(settled)
        items += more
    items += _probed(settled, live=live)
    if app is not None:
        from tidegate.cli.doctoring.source import look

        found, source = look(app, settled.settings, _teller("files"))
        items += found
    _clear()
    return Diagnosis(settled.settings.environment.value, live, tuple(items), tuple(notes), source)


def _live_lines(settled: "Settled") -> "tuple[list[Item], list[str]]":
    """The lines of the checklist that only others can answer."""
    from tidegate.cli.doctoring.model import Item, Section, State
    from tidegate.cli.doctoring.probing import can_ask_stream
    from tidegate.cli.doctoring.settled import of_line
    from tidegate.cli.live import check_live

    if settled.fit is None or not can_ask_stream(settled.fit):
        why = "Stream is not asked: there is no key and secret that could be used."
        return [Item(Section.CHECKLIST, "live", State.SKIPPED, why)], []
    answer = check_live(settled.fit.settings)
    return [of_line(line, State.ERROR) for line in answer.lines], list(answer.notes)


def _probed(settled: "Settled", *, live: bool) -> "list[Item]":
    from tidegate.cli.doctoring.model import Item, Section, State
    from tidegate.cli.doctoring.probing import probe
    from tidegate.errors import TidegateError

    why = "the settings are too far from what a service can be made of"
    if settled.fit is not None:
        try:
            return asyncio.run(probe(settled.fit, live=live, progress=_teller("probes")))
        except (TidegateError, ValueError, OSError) as error:
            why = str(error) if isinstance(error, TidegateError) else type(error).__name__
    text = f"No probe can be run: {why}."
    return [Item(Section.PROBES, "all", State.ERROR, text, ("Mend the settings first.",))]


def _teller(what: str) -> "Callable[[int, int], None]":
    """Says how far it is, where somebody watches."""

    def tell(done: int, of: int) -> None:
        if done % _EVERY == 0 and sys.stderr.isatty():
            typer.echo(f"\rlooking at {what}: {done} of {of} ", err=True, nl=False)

    return tell


def _clear() -> None:
    if sys.stderr.isatty():
        typer.echo("\r" + " " * 50 + "\r", err=True, nl=False)
