"""Bringing the schema up to date. Alembic itself is imported only when there is something to do."""

import re
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


def is_due(found: str) -> bool:
    """Whether a schema is older than this program.

    Args:
        found: its revision; "" where there is none.
    """
    return found < head()


async def revision(connection: AsyncConnection) -> str:
    """The revision of a database; "" for an empty one."""
    if not await connection.run_sync(lambda one: inspect(one).has_table(_VERSION.name)):
        return ""
    return (await connection.execute(select(_VERSION.c.version_num))).scalar_one_or_none() or ""


async def upgrade(connection: AsyncConnection) -> bool:
    """Run every script that is due, all or nothing.

    Args:
        connection: of a transaction that writes.

    Returns:
        whether something was done; another replica may have been faster.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not is_due(await revision(connection)):
        return False
    await connection.run_sync(_run)
    return True


def _run(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - heavy
    from alembic.config import Config  # noqa: PLC0415 - heavy

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
