"""The tables of revocations and bans, and of what Stream is still to be told of them."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, String, Table

from tidegate.store.schema import Serial, metadata
from tidegate.tokens.standing.model import NOTE_MOST

ACTOR_MOST: Final = 128
"""Characters of the name of whoever changed something."""

users: Final = Table(
    "standing_users",
    metadata,
    Column("user_id", String(255), primary_key=True),
    Column("tokens_before", BigInteger, nullable=False),
    Column("sessions_before", BigInteger, nullable=False),
    Column("banned_until", BigInteger, nullable=False),
    Column("note", String(NOTE_MOST), nullable=False),
    Column("deactivated", Boolean, nullable=False),
    Column("banned_there", Boolean, nullable=False),
    Column("deactivated_there", Boolean, nullable=False),
    Column("absent_ok", Boolean, nullable=False),
    Column("changed_by", String(ACTOR_MOST), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

cuts: Final = Table(
    "standing_cuts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("changed_by", String(ACTOR_MOST), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# One row for each user, and one with an empty id for the app: a later change takes the place of an earlier one, so
# this cannot outgrow the tables above, and what is told is always what holds now.
owed: Final = Table(
    "standing_owed",
    metadata,
    Column("user_id", String(255), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("since", Double, nullable=False),
    Column("trouble", String(32), nullable=False),
)
