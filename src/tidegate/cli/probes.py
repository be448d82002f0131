"""``tidegate probes``: what is watched, what that costs at Stream, and what was found."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tidegate.cli.exits import CommandFailed
from tidegate.cli.places import AsJson, EnvFile, operated

if TYPE_CHECKING:
    from tidegate.cli.screen import Screen

_STYLES: Final = {"ok": "green", "warning": "yellow", "failing": "bold red", "unknown": "dim"}
_WHOSE: Final = {
    "ours": "ours",
    "identity_provider": "the identity provider's",
    "stream": "Stream's",
    "network": "the network's",
}
_TURNS: Final = {
    "this": "The replica that was asked probes for all.",
    "another": "Another replica probes for all.",
    "alone": "The database cannot be used, so each replica probes for itself.",
}


def probes(
    run: Annotated[str | None, typer.Option(metavar="NAME", help="Run this one now, on the replica asked.")] = None,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Show every probe: its period, its time-out, its calls to Stream, what it found, whose fault and since when.

    Exits with 1 where one is failing.
    """
    with operated(env_file) as service:
        answer = service.get("probes") if run is None else service.post("probes", run, "run")
    found = answer["probes"] if run is None else [answer]
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        _show(found, answer if run is None else None)
    failing = [probe["name"] for probe in found if probe["outcome"] and probe["outcome"]["state"] == "failing"]
    if failing:
        raise CommandFailed(f"failing: {', '.join(failing)}")


def _show(found: Iterable[Mapping[str, Any]], answer: Mapping[str, Any] | None) -> None:
    from tidegate.cli.screen import Screen

    screen = Screen()
    for probe in found:
        _show_probe(probe, screen)
    if answer is not None:
        calls = ", ".join(f"{name} {count:g}" for name, count in answer["calls_per_hour"].items() if count)
        total = answer["calls_per_hour_total"]
        screen.blank()
        screen.line(f"Calls to Stream: at most {total:g} in an hour for all replicas together ({calls or 'none'}).")
        screen.line(_TURNS[answer["turn"]])


def _show_probe(probe: Mapping[str, Any], screen: "Screen") -> None:
    from rich.text import Text

    outcome = probe["outcome"]
    state = outcome["state"] if outcome else "unknown"
    calls = sum(probe["calls"].values())
    cost = f"every {probe['period_seconds']:g} s, at most {probe['timeout_seconds']:g} s, {calls:g} calls"
    screen.parts(Text(f"{state:<8}", _STYLES[state]), f"{probe['name']:<28}", cost)
    if outcome and outcome["cause"]:
        screen.line(f"{outcome['text']}{_whose(outcome)} Since {outcome['since']}.", indent=10)
        screen.lines(outcome["mends"], indent=12)


def _whose(outcome: Mapping[str, Any]) -> str:
    whose = _WHOSE.get(outcome["blame"])
    return "" if whose is None else f" Whose fault: {whose}, {outcome['sure']:.0%} sure."
