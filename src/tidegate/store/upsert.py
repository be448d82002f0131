"""INSERT ... ON CONFLICT, which both kinds of database have and SQLAlchemy spells apart."""

from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from tidegate.store.model import Dialect


def insert(dialect: Dialect, table: Table) -> postgresql.Insert:
    """An INSERT that can say what happens when the row is there already.

    Args:
        dialect: of the database.
        table: to insert into.

    Returns:
        the statement, with ``on_conflict_do_nothing`` and ``on_conflict_do_update``, which both kinds have.
    """
    if dialect == "sqlite":
        return cast("postgresql.Insert", sqlite.insert(table))
    return postgresql.insert(table)
