"""``tidegate session``: a fresh session from the running sandbox, alone on standard output."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import USUAL_STATE_DIR, StateDir, runtime_file

_ANONYMOUS: Final[Any] = typer.Option("--anonymous", metavar="", help="Nobody signed in: supabase and firebase.")
_KIND: Final[Any] = typer.Option(
    help="Another token that the same keys sign: machine, access, id and the like; database for authjs."
)
_SHAPE: Final[Any] = typer.Option(
    "--as",
    metavar="PRESET",
    help="Whose: clerk, supabase, firebase, auth0, cognito, keycloak, oidc, authjs or nextauth; the sandbox's own if "
    "not given.",
)
_COOKIE: Final[Any] = typer.Option("--cookie", metavar="", help="As the header Cookie has it: authjs and nextauth.")

_CLAIM: Final[Any] = typer.Option(metavar="NAME=JSON", help="Set a claim; a value that is no JSON is a text.")
_ACTOR: Final[Any] = typer.Option(metavar="SUBJECT", help="Somebody else acts in the person's place.")


def session(
    person: Annotated[str, typer.Option(help="Who signs in: ada, grace, alan, hedy or katherine.")] = "ada",
    claim: Annotated[list[str] | None, _CLAIM] = None,
    without: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Leave a claim out.")] = None,
    life: Annotated[int | None, typer.Option(metavar="SECONDS", help="From iat to exp.")] = None,
    expired: Annotated[bool, typer.Option("--expired", metavar="", help="It ran out an hour ago.")] = False,
    pending: Annotated[bool, typer.Option("--pending", metavar="", help="Sign-in is not complete.")] = False,
    impersonated_by: Annotated[str | None, _ACTOR] = None,
    organization: Annotated[str | None, typer.Option(metavar="SLUG", help="The active organisation.")] = None,
    no_azp: Annotated[bool, typer.Option("--no-azp", metavar="", help="As native apps send it.")] = False,
    anonymous: Annotated[bool, _ANONYMOUS] = False,
    kind: Annotated[str | None, _KIND] = None,
    algorithm: Annotated[str | None, typer.Option(help="RS256 or ES256; the usual one if not given.")] = None,
    kid: Annotated[str | None, typer.Option(help="Sign with this key, a withdrawn one perhaps.")] = None,
    shape: Annotated[str | None, _SHAPE] = None,
    cookie: Annotated[bool, _COOKIE] = False,
    state_dir: StateDir = USUAL_STATE_DIR,
) -> None:
    """Print a fresh session token of the running sandbox, and nothing else.

    The sandbox is found by the file that it writes into the state directory, so this works where `tidegate serve`,
    `tidegate demo` or `tidegate sandbox` runs in the same directory.
    """
    differing = {
        "as": shape,
        "cookie": cookie,
        "algorithm": algorithm,
        "anonymous": anonymous,
        "kind": kind,
        "life": life,
        "expired": expired,
        "pending": pending,
        "impersonated_by": impersonated_by,
        "organization": organization,
        "no_azp": no_azp,
        "kid": kid,
    }
    asked = {name: value for name, value in differing.items() if value}
    _print(state_dir, {"person": person, **asked}, dict(_claims(claim or ())), without or ())


def _print(state_dir: Path, asked: dict[str, object], claims: dict[str, object], without: Iterable[str]) -> None:
    from tidegate.sandbox.commanding import fetch_session
    from tidegate.sandbox.removed import REMOVED

    overrides = {**claims, **dict.fromkeys(without, REMOVED)}
    both = asked.keys() & overrides.keys()
    if both:
        raise CommandFailed(f"{', '.join(sorted(both))} is given twice", "give it once", status=Exit.WRONG)
    typer.echo(fetch_session(runtime_file(state_dir), **asked, **overrides))


def _claims(texts: Iterable[str]) -> Iterable[tuple[str, object]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise CommandFailed(
                "--claim needs NAME=JSON", "write for instance --claim sub='\"ada\"'", status=Exit.WRONG
            )
        try:
            yield name, json.loads(value)
        except ValueError:
            yield name, value
