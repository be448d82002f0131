"""``tidegate db``: how the database is, and bringing its schema up to date before the service does."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import EnvFile

if TYPE_CHECKING:
    from tidegate.store import Database
    from tidegate.store.migrate import Standing

db = typer.Typer(name="db", help="The database: its state, and its schema.", no_args_is_help=True)


@db.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="For programs.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Print where the database is and whether its schema is current; exits with 1 if it is not, or cannot be used."""
    database = _database(env_file)
    found = asyncio.run(_standing(database))
    row = {
        "database": database.dialect,
        "where": database.target.shown,
        "schema": found.revision or None,
        "needed": found.head,
        "current": found.is_current,
    }
    if as_json:
        typer.echo(json.dumps(row, indent=2))
    else:
        typer.echo(f"{database.dialect} at {database.target.shown}")
        typer.echo(f"schema {found.revision or 'none'}, this version needs {found.head}")
    if not found.is_current:
        if not as_json:
            typer.echo("Mend: start the service, or run `tidegate db upgrade`.")
        raise typer.Exit(Exit.FAILED)


@db.command()
def upgrade(env_file: EnvFile = None) -> None:
    """Bring the schema up to date, all or nothing.

    The service does the same when it starts; this is for a role that may change the schema where the service's own may
    not. Scripts only add, so replicas of the version before go on working. There is no way back but a backup.
    """
    database = _database(env_file)
    done = asyncio.run(_upgrade(database))
    typer.echo(f"{database.dialect} at {database.target.shown}: {'upgraded' if done else 'nothing to do'}")


def _database(env_file: EnvFile) -> "Database":
    from tidegate import logs
    from tidegate.app.run import load_or_exit
    from tidegate.app.stores import database_of

    loaded = load_or_exit(env_file=env_file)
    logs.configure("error", as_json=False)
    return database_of(loaded.settings)


async def _standing(database: "Database") -> "Standing":
    if database.target.path is not None and not database.target.path.exists():
        raise CommandFailed(f"there is no file {database.target.shown} yet", "start the service, which makes it")
    try:
        return await database.standing()
    finally:
        await database.aclose()


async def _upgrade(database: "Database") -> bool:
    try:
        return await database.migrate()
    finally:
        await database.aclose()
