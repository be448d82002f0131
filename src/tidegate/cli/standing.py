"""``tidegate revoke``, ``ban``, ``unban`` and ``standing``: who may not have a token."""

import json
import re
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile, operated

if TYPE_CHECKING:
    from tidegate.cli.operating import OperatorClient

UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's id at Stream.")]

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def revoke(
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="The user's id at Stream.")] = None,
    issued_between: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Sessions issued from A to B, RFC 3339, and every token dated until B."),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", metavar="", help="Everybody's; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Do not ask.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """End the tokens that are out, and the sessions that they came from: a user's, those of a span of time, or all.

    Every replica refuses them within a second. Stream is told until it holds; `tidegate standing` shows what it does
    not know yet. With a new session a user gets a token again after about six seconds.
    """
    if (user is not None) + (issued_between is not None) + everybody != 1:
        raise CommandFailed("name a user, --issued-between or --all, one of them", status=Exit.WRONG)
    body: dict[str, object] = {"user": user}
    if issued_between is not None:
        body = {"issued_between": list(issued_between)}
    elif everybody:
        body = {"all": True}
        if not yes:
            typer.confirm("This ends the session of every user. Go on?", abort=True)
    with operated(env_file) as service:
        answer = service.post("revocations", json=body)
    if as_json:
        typer.echo(json.dumps(answer))
    elif user is not None:
        typer.echo(_sentence(answer))
    else:
        begin = answer["issued_from"] or "the beginning"
        typer.echo(f"Revoked: sessions issued from {begin} to {answer['issued_to']}, and every token dated until then.")


def ban(
    user: UserId,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="The end: RFC 3339, or from now, as 30m, 12h, 7d.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="For operators and moderators; no user sees it.")] = "",
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Refuse a user tokens until a time, or until `tidegate unban`, and end the tokens that are out.

    The user is banned at Stream too. A session from before is good again when the ban ends.
    """
    with operated(env_file) as service:
        answer = service.post("bans", json={"user": user, "until": _end(until), "reason": reason})
    typer.echo(json.dumps(answer) if as_json else _sentence(answer))


def unban(
    user: UserId,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Lift a ban, and the deactivation at Stream that an identity provider's webhook brought with it."""
    with operated(env_file) as service:
        answer = service.delete("bans", user)
    typer.echo(json.dumps(answer) if as_json else _sentence(answer))


def standing(
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="One user, by the id at Stream.")] = None,
    pending: Annotated[bool, typer.Option("--pending", metavar="", help="Only what Stream does not know yet.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Show how a user stands, or everybody who has a revocation or a ban, and whether Stream knows it."""
    with operated(env_file) as service:
        if user is not None:
            answer = service.get("standing", user)
            typer.echo(json.dumps(answer) if as_json else _sentence(answer))
            return
        users, cuts = _everybody(service, pending=pending), service.get("revocations")
    if as_json:
        typer.echo(json.dumps({"users": users, **cuts}))
        return
    for one in users:
        typer.echo(_sentence(one))
    for cut in cuts["revocations"] if not pending or cuts["stream"] == "pending" else ():
        begin = cut["issued_from"] or "the beginning"
        typer.echo(f"everybody  sessions of {begin} to {cut['issued_to']} revoked by {cut['changed_by']}")
    if cuts["stream"] == "pending":
        typer.echo("everybody  Stream: pending")


def _everybody(service: "OperatorClient", *, pending: bool) -> list[dict[str, Any]]:
    users: list[dict[str, Any]] = []
    after = ""
    while True:
        query = {"after": after, "limit": "500", "pending": "true" if pending else "false"}
        answer = service.get("standing", query=query)
        users += answer["users"]
        if answer["next"] is None:
            return users
        after = answer["next"]


def _sentence(one: dict[str, Any]) -> str:
    """One user in a line."""
    parts = []
    if one["banned"]:
        parts.append(f"banned until {one['banned_until']}" if one["banned_until"] else "banned")
    if one["sessions_revoked_at"]:
        parts.append(f"sessions revoked at {one['sessions_revoked_at']}")
    elif one["tokens_void_at"]:
        parts.append(f"tokens void at {one['tokens_void_at']}")
    if one["reason"]:
        parts.append(f"reason: {one['reason']}")
    if one["changed_by"]:
        parts.append(f"by {one['changed_by']}")
    trouble = f" ({one['stream_trouble']})" if one["stream_trouble"] else ""
    told = "" if not parts else f"; Stream: {one['stream']}{trouble}"
    return f"{one['user']}  {', '.join(parts) or 'nothing revoked, not banned'}{told}"


def _end(until: str | None) -> str | None:
    from tidegate.clock import rfc3339

    span = _SPAN.fullmatch(until or "")
    return until if span is None else rfc3339(time.time() + int(span[1]) * _UNITS[span[2]])
