"""Bringing the schema up to date. Alembic itself is imported only when there is something to do."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

SCRIPTS: Final = Path(__file__).parent / "migrations"
_FILE: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.py")
_VERSION: Final = table("alembic_version", column("version_num"))
_LOCK: Final = 0x7469_6465_6761_7465
"""PostgreSQL's advisory lock of whoever migrates; any number that nobody else uses."""


def head() -> str:
    """The revision that this program was written for: its scripts are numbered."""
    return max(found[1] for path in (SCRIPTS / "versions").iterdir() if (found := _FILE.fullmatch(path.name)))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a schema is.

    Attributes:
        revision: its last script; "" for an empty database.
        head: the last script of this program.
    """

    revision: str
    head: str

    @property
    def is_current(self) -> bool:
        """Whether everything that this program needs is there; there can be more, from a later version."""
        return self.revision >= self.head


async def standing(connection: AsyncConnection) -> Standing:
    """Look how far a database is."""
    if not await connection.run_sync(lambda one: inspect(one).has_table(_VERSION.name)):
        return Standing("", head())
    return Standing((await connection.execute(select(_VERSION.c.version_num))).scalar_one_or_none() or "", head())


async def upgrade(connection: AsyncConnection) -> bool:
    """Run every script that is due, all or nothing.

    Args:
        connection: of a transaction that writes.

    Returns:
        whether something was done; another replica may have been faster.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if (await standing(connection)).is_current:
        return False
    await connection.run_sync(_run)
    return True


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
