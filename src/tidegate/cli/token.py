"""``tidegate token``: an operator mints for a user, and leaves a reason."""

import asyncio
import getpass
import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import EnvFile

if TYPE_CHECKING:
    from tidegate.settings import Settings
    from tidegate.tokens.ledger.model import MintedNote

_REASON_MOST: Final = 200
_LIFE_LEAST: Final = 300
_LIFE_MOST: Final = 86_400


def token(
    user_id: Annotated[str, typer.Argument(metavar="USER_ID", help="The user id at Stream.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is recorded with your name.")],
    life: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=_LIFE_LEAST,
            max=_LIFE_MOST,
            help="How long; TIDEGATE_TOKEN_LIFE_SECONDS if not given.",
        ),
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Mint a Stream token for a user id, without a session: whoever holds it is that user at Stream.

    The token alone goes to standard output. Who asked, for whom and why goes to the log on standard error, and into the
    ledger before: what cannot be recorded there is not handed out.
    """
    from tidegate.app.given import with_credentials
    from tidegate.app.run import load_or_exit

    _demand_sound(user_id, reason)
    settings = with_credentials(load_or_exit(env_file=env_file).settings)
    _demand_credentials(settings)
    typer.echo(_minted(settings, user_id, reason.strip(), life or settings.token_life_seconds))


def _minted(settings: "Settings", user_id: str, reason: str, life: int) -> str:
    """The token, once the ledger and the log say who asked for it."""
    import structlog

    from tidegate import logs
    from tidegate.app.build import credentials_of
    from tidegate.clock import SystemClock, rfc3339
    from tidegate.tokens.ledger.model import MintedNote
    from tidegate.tokens.mint import Minter

    # Whatever level the settings name, this line is written.
    logs.configure("info", as_json=logs.wants_json(settings.log_format, sys.stderr), stream=sys.stderr)
    minter = Minter(credentials_of(settings))
    now, operator = SystemClock().now(), _operator()
    minted = minter.mint(user_id, minter.rhythm(user_id), now, life)
    if settings.ledger != "off":
        asyncio.run(_recorded(settings, MintedNote(now, user_id, operator, reason, minted)))
    structlog.get_logger("tidegate").warning(
        "operator_minted",
        user_id=user_id,
        reason=reason,
        operator=operator,
        expires_at=rfc3339(minted.expires_at),
    )
    return minted.token


async def _recorded(settings: "Settings", note: "MintedNote") -> None:
    """Write the note to the ledger that a service with these settings writes to.

    Raises:
        LedgerError: it cannot be written.
    """
    from tidegate.app.ledger import keys_of, sink_of
    from tidegate.app.stores import database_of
    from tidegate.clock import SystemClock
    from tidegate.store import StoreUnavailable
    from tidegate.tokens.ledger.errors import LedgerError
    from tidegate.tokens.ledger.once import write_once

    clock, key = SystemClock(), keys_of(settings, make=True).sealing
    database = database_of(settings)
    try:
        if settings.ledger == "database":
            await database.migrate()
        await write_once(sink_of(settings, database, clock), key, note, hashed=settings.ledger_hashed, clock=clock)
    except StoreUnavailable as error:
        raise LedgerError(str(error)) from error
    finally:
        await database.aclose()


def _demand_sound(user_id: str, reason: str) -> None:
    from tidegate.tokens.mapping import is_user_id

    if not is_user_id(user_id):
        mend = "give 1 to 255 of a-z, A-Z, 0-9, @, _ and -"
        raise CommandFailed("Stream would not take this user id", mend, status=Exit.WRONG)
    if not 0 < len(reason.strip()) <= _REASON_MOST:
        mend = f"say in 1 to {_REASON_MOST} characters why the token is needed"
        raise CommandFailed("--reason says nothing, or too much", mend, status=Exit.WRONG)


def _demand_credentials(settings: "Settings") -> None:
    if not settings.api_key or settings.api_secret is None:
        mend = "set STREAM_API_KEY and STREAM_API_SECRET"
        raise CommandFailed("There is no secret to sign with", mend, status=Exit.WRONG)


def _operator() -> str:
    """The user of the operating system; the environment, where anyone can write any name, is not asked."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        return f"uid {os.getuid()}"
