"""``tidegate keys``: the generations of key and secret, and how one follows another."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile, operated

if TYPE_CHECKING:
    from tidegate.cli.operating import OperatorClient

keys = typer.Typer(name="keys", help="Key and secret at Stream: what signs, how it is replaced.", no_args_is_help=True)

_PAUSE_S: Final = 2.0
_Name = Annotated[str, typer.Argument(metavar="GENERATION", help="Its name, as keys status shows it.")]


@keys.command()
def status(as_json: AsJson = False, env_file: EnvFile = None) -> None:
    """Show every generation: its state, its age, and how many tokens of it are out; exits with 1 if one is too old."""
    with operated(env_file) as service:
        answer = service.get("credentials")
    _show(answer, as_json=as_json)
    _demand_young(answer)


@keys.command()
def add(as_json: AsJson = False, env_file: EnvFile = None) -> None:
    """Have the running service read its source of credentials now, and try what is new with a live call.

    Secrets do not travel through this command: put the pair that is to follow where the service reads it, as
    TIDEGATE_NEXT_API_KEY and TIDEGATE_NEXT_API_SECRET. In a file or a secret manager it is found without a restart.
    """
    with operated(env_file) as service:
        answer = service.post("credentials", "read")
    _show(answer, as_json=as_json)
    if answer["trouble"]:
        raise CommandFailed(f"the source could not be read: {answer['trouble']}", "mend it; what signs is unchanged")


@keys.command()
def promote(
    name: _Name,
    cut_over: Annotated[
        bool,
        typer.Option("--cut-over", metavar="", help="The tokens of the same API key may end now."),
    ] = False,
    wait: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, max=3_600, help="Ask again for so long, until Stream takes it.")
    ] = 0,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Let a generation sign. It is tried at Stream before and after; where it fails then, the one before signs again.

    A pair with another API key overlaps with the present one: no token ends. A new secret under the same API key is a
    cut-over: Stream takes one secret for a key, so every client is logged out until its app asks for a token again.
    """
    with operated(env_file) as service:
        answer = _promoted(service, name, cut_over=cut_over, deadline=time.monotonic() + wait)
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["signs"] and answer["drains_until"]:
        typer.echo(f"{name} signs. The generation before drains until {answer['drains_until']}.")
    elif answer["signs"]:
        typer.echo(f"{name} signs. Tokens that ended, on the replica that was asked: {answer['tokens_ended']}.")
    if not answer["signs"]:
        raise CommandFailed(
            "Stream refused it after the promotion, so the generation before signs again", "mend the pair"
        )


@keys.command()
def retire(
    name: _Name,
    now: Annotated[bool, typer.Option("--now", metavar="", help="Although tokens of it are out.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Be done with a generation that does not sign; afterwards its key can be deleted at Stream."""
    with operated(env_file) as service:
        answer = service.post("credentials", name, "retire", json={"now": now})
    _show(answer, as_json=as_json)


@keys.command()
def fingerprint(env_file: EnvFile = None) -> None:
    """Print the fingerprints of this environment's key and secret, for TIDEGATE_FOREIGN_FINGERPRINTS of the others."""
    from tidegate.app.given import with_credentials
    from tidegate.app.run import load_or_exit
    from tidegate.settings import fingerprints

    settings = with_credentials(load_or_exit(env_file=env_file).settings)
    if not settings.api_key or settings.api_secret is None:
        mend = "set STREAM_API_KEY and STREAM_API_SECRET"
        raise CommandFailed("There is no key and secret", mend, status=Exit.WRONG)
    pairs = [(settings.api_key, settings.api_secret)]
    if settings.next_api_key and settings.next_api_secret is not None:
        pairs.append((settings.next_api_key, settings.next_api_secret))
    typer.echo(",".join(one for key, secret in pairs for one in fingerprints.both(key, secret.get_secret_value())))


def _promoted(service: "OperatorClient", name: str, *, cut_over: bool, deadline: float) -> dict[str, Any]:
    """The answer; while Stream does not take the generation yet, asked for again until the deadline."""
    while True:
        try:
            return service.post("credentials", name, "promote", json={"cut_over": cut_over})
        except CommandFailed as failed:
            if time.monotonic() + _PAUSE_S > deadline or "Stream did not take" not in str(failed):
                raise
        time.sleep(_PAUSE_S)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    from rich.table import Table

    from tidegate.cli.screen import Screen

    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    table = Table("Generation", "API key", "State", "Since", "Age", "Tokens out", "Note", box=None, pad_edge=False)
    for one in answer["generations"]:
        table.add_row(
            one["generation"],
            one["api_key"],
            one["state"],
            one["since"],
            f"{one['age_days']} d",
            str(one["tokens_out"]),
            _note(one),
        )
    screen = Screen()
    screen.table(table)
    screen.line(f"Read from {answer['source']}. Tokens are counted on the replica that was asked.")
    if answer["trouble"]:
        screen.warning(f"The source could not be read: {answer['trouble']}")


def _note(one: dict[str, Any]) -> str:
    notes = []
    if one["signs_here"] and one["state"] != "primary":
        notes.append("signs here until the primary's secret is here")
    if not one["here"] and one["state"] != "retired":
        notes.append("secret not on this replica")
    if one["drains_until"]:
        notes.append(f"drains until {one['drains_until']}")
    if one["state"] == "pending" and one["last_check"]:
        notes.append(f"last check: {one['last_check']}")
    return "; ".join(notes)


def _demand_young(answer: dict[str, Any]) -> None:
    most = answer["max_age_days"]
    old = [
        one["generation"] for one in answer["generations"] if one["state"] == "primary" and one["age_days"] >= most > 0
    ]
    if old:
        raise CommandFailed(f"the secret of {', '.join(old)} is {most} days old or older", "rotate it")
