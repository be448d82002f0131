"""``tidegate verify``: what the service would say to a session token, and why."""

import getpass
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.moments import moment
from tidegate.cli.places import AsJson, EnvFile

if TYPE_CHECKING:
    from tidegate.cli.judging import Verdict
    from tidegate.cli.screen import Screen

_READ_MOST: Final = 1_048_576
_SCHEME: Final = re.compile(r"bearer(\s+|$)", re.IGNORECASE)


def verify(
    token: Annotated[
        str, typer.Argument(metavar="[TOKEN|-]", help="Better not given: it is read from standard input then.")
    ] = "-",
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge it as of then: RFC 3339, or seconds since the epoch.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Judge with saved keys, without network: of tidegate issuer keys, a JWK set, or a PEM."
        ),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", metavar="", help="Setting and mend of every check, not of the failed one only.")
    ] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Judge a session token as the service would: each check passed, failed or not reached; 1 if it is refused.

    Read the token from standard input, so that it stays out of the shell's history. Keys come from where the service
    has them: the PEM, the last good set on disk, else the key server. Where nothing is configured, the running sandbox
    is the issuer. The token does not leave this machine, and is neither shown nor logged. Limits, revocations and bans
    are the running service's and are not asked.
    """
    from tidegate.cli.judging import as_members, judge, settings_to_judge_by
    from tidegate.cli.screen import Screen
    from tidegate.identity.keyfile import read

    judged_at = None if at is None else moment(at, "--at")
    bearer = _bearer(token)
    settings = settings_to_judge_by(env_file)
    verdict = judge(settings, bearer, judged_at, None if keys is None else read(keys))
    if as_json:
        typer.echo(json.dumps(as_members(verdict), indent=2))
    else:
        _show(verdict, Screen(), details=details)
    if not verdict.accepted:
        raise typer.Exit(Exit.FAILED)


def _bearer(argument: str) -> bytes:
    """The token's octets; a whole ``Authorization`` value will do."""
    if argument != "-":
        text = argument
    elif sys.stdin.isatty():
        text = getpass.getpass("Session token (it is not shown): ", stream=sys.stderr)
    else:
        text = sys.stdin.read(_READ_MOST)
    text = _SCHEME.sub("", text.strip())
    if not text:
        raise CommandFailed("there is no token", "pipe one in: tidegate session | tidegate verify", status=Exit.WRONG)
    return text.encode(errors="surrogatepass")


def _show(verdict: "Verdict", screen: "Screen", *, details: bool) -> None:
    from tidegate.cli.screen import verdict as word

    for check in verdict.checks:
        screen.parts(word(check.passed), f"{check.name:<17}", check.detail)
        if details or check.passed is False:
            for label, text in (("Setting", check.setting), ("Mend", check.mend)):
                if text:
                    screen.line(f"{label}: {text}", indent=25)
    screen.blank()
    screen.title(verdict.summary)
    if verdict.given is not None:
        screen.lines(verdict.given.lines())
