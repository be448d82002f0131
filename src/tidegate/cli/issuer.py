"""``tidegate issuer``: the identity providers of a service."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile, operated

if TYPE_CHECKING:
    from tidegate.cli.issuer_plan import Plan, Question
    from tidegate.settings import IssuerConfig, Settings

issuer = typer.Typer(name="issuer", help="The identity providers of a service.", no_args_is_help=True)


@issuer.command()
def distrust(
    name: Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's name in the settings.")],
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's id, or its RFC 7638 thumbprint.")],
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Have the running service refuse a key of an issuer at once and for good, whatever the issuer's key server says.

    Sessions that the key signed are refused from the next request on, remembered ones too, and on the other replicas
    of the same database within a second. The service is reached as
    TIDEGATE_OPERATOR_URL says, with the key TIDEGATE_OPERATOR_KEY.
    """
    with operated(env_file) as service:
        answer = service.post("issuers", name, "distrust", json={"kid": kid})
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["in_use"]:
        typer.echo(f"The key was in use by {name}; what it signed is refused from now on.")
    else:
        typer.echo(f"No key of that name was in use by {name}; should one appear, it is refused.")
    if not answer["shared"]:
        raise CommandFailed(
            "the database could not be told, so other replicas and later ones still trust the key",
            "see that the database can be used (tidegate db status), then repeat the command",
        )
    if not answer["kept"]:
        raise CommandFailed(
            "this replica could not write it down, so without the database its next start would trust the key again",
            "see that TIDEGATE_STATE_DIR can be written to, then repeat the command",
        )


@issuer.command()
def keys(
    name: Annotated[
        str | None, typer.Argument(metavar="[ISSUER]", help="One issuer; all that have a key server if not given.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the key sets there, for tidegate verify --keys FILE.")
    ] = None,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Fetch the public keys that issuers publish now, show them, and keep them in a file where one is named."""
    from tidegate.cli.judging import settings_to_judge_by
    from tidegate.cli.publishing import published, rows_of
    from tidegate.clock import SystemClock
    from tidegate.identity import keyfile

    settings = settings_to_judge_by(env_file)
    documents = published(settings, name)
    rows = rows_of(settings, documents)
    if save is not None:
        keyfile.save(save, documents, SystemClock.now())
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['issuer']}  {row['kid'] or '-'}  {row['thumbprint'] or '-'}  {row['state']}")


@issuer.command()
def add(
    preset: Annotated[
        str,
        typer.Argument(metavar="PRESET", help="clerk, authjs, supabase, firebase, auth0, cognito, keycloak or oidc."),
    ],
    known: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MEMBER=VALUE]...", help="What is known; the rest is asked for in a terminal."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="How logs call it; the preset's name if not given.")] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Sets its users' ids apart; every issuer after the first needs one.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Set the lines in this file too; nothing else in it changes.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", metavar="", help="Do not fetch the keys.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Add an identity provider: asks what it needs, fetches its keys, and prints the lines for the settings.

    The lines alone go to standard output; a secret goes to the file only. Issuers that are there stay as they are.
    """
    from tidegate.cli import envlines, issuer_plan

    row, present = issuer_plan.row_called(preset), _present(write, env_file)
    answers = _answers(issuer_plan.questions_beside(row, name, present), known or (), present)
    plan = issuer_plan.plan(present, issuer_plan.Wish(row, answers, name, namespace))
    if not offline and plan.issuer.fetched():
        _show_keys(plan.settings, plan.issuer)
    for variable, text in plan.variables.items():
        if variable not in plan.hidden:
            typer.echo(envlines.line(variable, text))
        elif write is None:
            typer.echo(f"{variable} goes into the settings by your own hand: it is not shown.", err=True)
    if write is not None:
        _write(write, plan)


@issuer.command(name="list")
def list_(
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Print the issuers of the settings, the primary one first."""
    from tidegate.app.run import load_or_exit

    configured = load_or_exit(env_file=env_file).settings.issuers
    if as_json:
        typer.echo(json.dumps([_row(one) for one in configured]))
        return
    if not configured:
        typer.echo("No identity provider is configured. Add one: tidegate issuer add", err=True)
    for one in configured:
        apart = f"namespace {one.namespace}" if one.namespace else "primary"
        typer.echo(f"{one.name}  {one.preset}  {one.issuer}  {apart}  {', '.join(one.kinds)}")


@issuer.command()
def check(
    name: Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's name in the settings.")],
    env_file: EnvFile = None,
) -> None:
    """Fetch an issuer's keys and say what its sessions are held to; exits with 1 if none could be verified."""
    from tidegate.cli.judging import settings_to_judge_by
    from tidegate.settings.describing import held_to

    settings = settings_to_judge_by(env_file)
    found = next((one for one in settings.issuers if one.name == name), None)
    if found is None:
        mend = f"name one of those that there are ({', '.join(one.name for one in settings.issuers) or 'none'})"
        raise CommandFailed("there is no such issuer", mend, status=Exit.WRONG)
    for line in held_to(found):
        typer.echo(line)
    if found.fetched():
        _show_keys(settings, found)


def _answers(asked: "Sequence[Question]", known: "Sequence[str]", present: Mapping[str, str]) -> dict[str, str]:
    """What is known, and what the person answers."""
    given = {member: value for member, _, value in (one.partition("=") for one in known)}
    open_members = [one.member for one in asked if not one.hidden]
    open_members += ["issuer"] if any(one.instead for one in asked) else []
    if not set(given) <= set(open_members) or not all(given.values()):
        mend = f"write MEMBER=VALUE with {', '.join(open_members)}; a secret is asked for in a terminal only"
        raise CommandFailed("what is known does not fit", mend, status=Exit.WRONG)
    for one in asked:
        if one.member in given or (one.hidden and one.variable in present) or (one.instead and "issuer" in given):
            continue
        if sys.stdin.isatty():
            given[one.member] = _asked(one)
        elif not one.optional:
            mend = f"answer in a terminal, or {_beforehand(one)}"
            raise CommandFailed(f"{one.member} is not known", mend, status=Exit.WRONG)
    return given


def _beforehand(one: "Question") -> str:
    return f"set {one.variable} first" if one.hidden else f"add {one.member}={one.example}"


def _asked(one: "Question") -> str:
    text = f"{one.text} ({one.example})" if one.example else one.text
    default = "" if one.optional else None
    answer = typer.prompt(text, default=default, show_default=False, hide_input=one.hidden, err=True)
    return str(answer).strip()


def _present(write: Path | None, env_file: Path | None) -> Mapping[str, str]:
    """The variables that are set: by the process, and by the file that is to be written to or else is in use."""
    from tidegate.settings.environment import decide
    from tidegate.settings.problems import Unfit
    from tidegate.settings.sources import read_file

    if write is None:
        return dict(decide({}, os.environ, env_file).sources.everything())
    try:
        return read_file(write) if write.exists() else {}
    except Unfit as unfit:
        raise CommandFailed(f"the file {unfit.wrong}", unfit.mend, status=Exit.WRONG) from None


def _write(path: Path, plan: "Plan") -> None:
    from tidegate.cli import envlines

    text = path.read_text("utf-8-sig") if path.exists() else ""
    envlines.write(path, envlines.changed(text, plan.variables))
    typer.echo(f"Written to {path}.", err=True)


def _show_keys(settings: "Settings", one: "IssuerConfig") -> None:
    """Its keys on standard error; it is a failure if there is none."""
    from tidegate.cli.publishing import published, rows_of
    from tidegate.settings.presets import PRESETS

    rows = rows_of(settings, published(settings, one.name))
    for row in rows:
        typer.echo(f"{row['issuer']}  {row['kid'] or '-'}  {row['thumbprint'] or '-'}  {row['state']}", err=True)
    if not any(row["thumbprint"] for row in rows):
        mend = PRESETS[one.preset].shared_secret or "see that the address is the right one"
        raise CommandFailed(f"{one.issuer} publishes no key that can be used", mend)


def _row(one: "IssuerConfig") -> dict[str, object]:
    shown = ("name", "preset", "kind", "issuer", "jwks_url", "namespace", "kinds", "audience", "authorized_parties")
    return {name: getattr(one, name) for name in shown}
