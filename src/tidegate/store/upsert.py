"""INSERT ... ON CONFLICT, which both kinds of database have and SQLAlchemy spells apart."""

from typing import TYPE_CHECKING, cast

from sqlalchemy import Table

from tidegate.store.model import Dialect

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert(dialect: Dialect, table: Table) -> "postgresql.Insert":
    """An INSERT that can say what happens when the row is there already.

    Args:
        dialect: of the database.
        table: to insert into.

    Returns:
        the statement, with ``on_conflict_do_nothing`` and ``on_conflict_do_update``, which both kinds have.
    """
    # Megabytes for each kind of database: only the one in use is loaded.
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return cast("postgresql.Insert", sqlite.insert(table))
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
