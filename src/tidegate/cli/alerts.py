"""``tidegate alerts``: what is wrong, what was, and whether those who should hear of it can."""

import json
from typing import Annotated, Any

import typer

from tidegate.cli.exits import CommandFailed
from tidegate.cli.places import AsJson, EnvFile, operated


def alerts(
    history: Annotated[bool, typer.Option("--history", metavar="", help="Those that are over, too.")] = False,
    test: Annotated[bool, typer.Option("--test", metavar="", help="Send a test notification instead.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Show the alerts that are pending or firing, or try every receiver of notifications.

    With `--test` it ends with 1 where a receiver did not take the notification.
    """
    with operated(env_file) as service:
        answer = service.post("alerts", "test") if test else service.get("alerts")
    if as_json:
        typer.echo(json.dumps(answer))
    if test:
        _tested(answer["receivers"], quiet=as_json)
    elif not as_json:
        _listed(answer, history=history)


def _tested(receivers: dict[str, str], *, quiet: bool) -> None:
    if not quiet:
        for name, result in receivers.items():
            typer.echo(f"{name}  {result}")
        if not receivers:
            typer.echo("No receiver is configured: alerts are lines of the log.")
    if failed := [name for name, result in receivers.items() if result != "delivered"]:
        raise CommandFailed(f"not delivered: {', '.join(failed)}", "look at the address and at the receiver")


def _listed(answer: dict[str, Any], *, history: bool) -> None:
    if not answer["alerts"]:
        typer.echo("Nothing is wrong.")
    for one in answer["alerts"]:
        typer.echo(_sentence(one, f"since {one['started_at'] or one['pending_at']}"))
    for one in answer["history"] if history else ():
        if one["started_at"] is not None:
            typer.echo(_sentence(one, f"{one['started_at']} to {one['ended_at']}"))


def _sentence(one: dict[str, Any], when: str) -> str:
    """One alert in two lines."""
    figures = ", ".join(f"{name} {value:g}" for name, value in one["figures"].items())
    blame = "" if one["blame"] == "nobody" else f"; whose fault: {one['blame']}"
    if one["blame"] not in {"nobody", "unclear"}:
        blame += f" ({one['sure']:.0%} sure)"
    first = f"{one['name']}  {one['severity']}, {one['state']} {when}{blame}"
    return f"{first}\n    {one['text']} ({figures}) {one['runbook']}"
