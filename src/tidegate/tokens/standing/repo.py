"""The rows of revocations and bans."""

from collections.abc import Collection
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store import Dialect
from tidegate.store.upsert import insert
from tidegate.tokens.standing.model import Cut, CutRecord, Entry, UserStanding
from tidegate.tokens.standing.schema import cuts, owed, users

APP: Final = ""
"""In the place of a user's id: the app itself."""


ABSENT: Final = "absent"
"""In the place of a trouble: Stream did not know the user, who may be on the way there."""

STILL_ABSENT: Final = "still_absent"
"""The same at the second look."""

LOOK_AGAIN: Final = MappingProxyType({ABSENT: 2.0, STILL_ABSENT: 120.0})
"""Seconds until the next look: a profile reaches Stream within a second, or after its longest pause."""


class Arrears(NamedTuple):
    """How much Stream is still to be told.

    Attributes:
        entries: users, and one for the app.
        oldest: since when the first waits, seconds since the epoch; None where nothing waits.
    """

    entries: int
    oldest: float | None


async def locked(connection: AsyncConnection, dialect: Dialect, user_id: str) -> UserStanding:
    """One user's standing, which nobody else changes until the transaction ends; version 0 where there was none."""
    # One statement makes the row or locks it: between two of them the row could be forgotten.
    row = insert(dialect, users).values(asdict(UserStanding(user_id)))
    same = row.on_conflict_do_update(index_elements=["user_id"], set_={"user_id": row.excluded.user_id})
    return _standing((await connection.execute(same.returning(*users.columns))).one())


async def put(connection: AsyncConnection, dialect: Dialect, standing: UserStanding, now: float) -> None:
    """Write a user's standing, and that Stream is to be told.

    Args:
        connection: of the transaction that locked it.
        dialect: of the database.
        standing: with its new version.
        now: seconds since the epoch.
    """
    await connection.execute(update(users).where(users.c.user_id == standing.user_id).values(asdict(standing)))
    await owe(connection, dialect, standing.user_id, standing.version, now)


async def owe(connection: AsyncConnection, dialect: Dialect, user_id: str, version: int, now: float) -> None:
    """Note that Stream is to be told; what was owed before is told by the same call."""
    row = insert(dialect, owed).values(user_id=user_id, version=version, since=now, trouble="")
    anew = {"version": version, "trouble": ""}
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=anew))


async def one(connection: AsyncConnection, user_id: str) -> Entry:
    """One user's standing, and what is owed where something is; version 0 where nothing is known."""
    found = await _with_debts(connection, users.c.user_id == user_id, limit=1)
    return found[0] if found else Entry(UserStanding(user_id))


async def page(connection: AsyncConnection, after: str, limit: int, *, pending: bool = False) -> list[Entry]:
    """Users in the order of their ids.

    Args:
        connection: to read by.
        after: the last id that is known.
        limit: how many at most.
        pending: only those of whom Stream is to be told.
    """
    wanted = and_(users.c.user_id > after, users.c.version > 0)
    return await _with_debts(connection, and_(wanted, owed.c.version > 0) if pending else wanted, limit=limit)


async def _with_debts(connection: AsyncConnection, wanted: ColumnElement[bool], limit: int) -> list[Entry]:
    query = (
        select(users, owed.c.since, owed.c.trouble)
        .select_from(users.outerjoin(owed, users.c.user_id == owed.c.user_id))
        .where(wanted)
        .order_by(users.c.user_id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [Entry(_standing(row), row.since, row.trouble or "") for row in rows]


async def debts(connection: AsyncConnection, limit: int, besides: Collection[str], now: float) -> list[Entry]:
    """What Stream is to be told of users, the oldest first.

    Args:
        connection: to read by.
        limit: how many at most.
        besides: users that are left alone for now.
        now: seconds since the epoch.
    """
    due = [and_(owed.c.trouble == label, owed.c.since <= now - wait) for label, wait in LOOK_AGAIN.items()]
    query = (
        select(users, owed.c.since, owed.c.trouble)
        .select_from(owed.join(users, users.c.user_id == owed.c.user_id))
        .where(owed.c.user_id.not_in(besides), or_(owed.c.trouble.not_in(LOOK_AGAIN), *due))
        .order_by(owed.c.since)
        .limit(limit)
    )
    return [Entry(_standing(row), row.since, row.trouble) for row in (await connection.execute(query)).all()]


async def app_debt(connection: AsyncConnection) -> int | None:
    """The version of what Stream is to be told of the app, if anything."""
    return (await connection.execute(select(owed.c.version).where(owed.c.user_id == APP))).scalar_one_or_none()


async def arrears(connection: AsyncConnection) -> Arrears:
    """How much Stream is still to be told; of users whom it does not know it need not be told for now."""
    told = select(func.count(), func.min(owed.c.since)).where(owed.c.trouble.not_in(LOOK_AGAIN))
    row = (await connection.execute(told)).one()
    return Arrears(row[0], row[1])


async def settle(connection: AsyncConnection, user_id: str, version: int) -> bool:
    """Note that Stream was told; what changed meanwhile is still owed.

    Returns:
        whether nothing changed meanwhile.
    """
    done = await connection.execute(delete(owed).where(owed.c.user_id == user_id, owed.c.version == version))
    return done.rowcount == 1


async def doubt(connection: AsyncConnection, dialect: Dialect, told: UserStanding, now: float) -> bool:
    """Owe a user's standing again, if anything changed while Stream was told of it.

    Then another replica may have told Stream of the change, and nobody knows whose word came last. The version rises,
    so whoever is telling at this moment does not settle it either.

    Args:
        connection: of a transaction that writes.
        dialect: of the database.
        told: what Stream was told.
        now: seconds since the epoch.

    Returns:
        whether it is owed again.
    """
    row = (await connection.execute(select(users).where(users.c.user_id == told.user_id).with_for_update())).first()
    if row is None or await _is_owed(connection, told.user_id, told.version):
        return False
    known = _standing(row)
    again = replace(
        known,
        version=known.version + 1,
        banned_there=known.banned_there or told.banned_there,
        deactivated_there=known.deactivated_there or told.deactivated_there,
    )
    await put(connection, dialect, again, now)
    return True


async def doubt_app(connection: AsyncConnection, dialect: Dialect, version: int, now: float) -> bool:
    """The same of the revocations for everybody.

    Args:
        connection: of a transaction that writes.
        dialect: of the database.
        version: of which Stream was told.
        now: seconds since the epoch.
    """
    if await _is_owed(connection, APP, version):
        return False
    # Below nought and never the same: the numbers of revocations, which it must not meet, rise from one.
    await owe(connection, dialect, APP, -int(now * 1_000), now)
    return True


async def _is_owed(connection: AsyncConnection, user_id: str, version: int) -> bool:
    same = and_(owed.c.user_id == user_id, owed.c.version == version)
    return (await connection.execute(select(owed.c.version).where(same))).first() is not None


async def note_there(connection: AsyncConnection, standing: UserStanding) -> None:
    """Note which of our bans and deactivations may be at Stream, unless something changed meanwhile."""
    values = {"banned_there": standing.banned_there, "deactivated_there": standing.deactivated_there}
    same = and_(users.c.user_id == standing.user_id, users.c.version == standing.version)
    await connection.execute(update(users).where(same).values(values))


async def note_trouble(connection: AsyncConnection, user_ids: Collection[str], trouble: str) -> None:
    """Note why telling Stream did not work."""
    await connection.execute(update(owed).where(owed.c.user_id.in_(user_ids)).values(trouble=trouble))


async def note_absent(connection: AsyncConnection, entry: Entry, now: float) -> bool:
    """Note that Stream did not know a user, to look again later; after the second time there is nothing to tell.

    Args:
        connection: of a transaction that writes.
        entry: as it was read.
        now: seconds since the epoch.

    Returns:
        whether it is to be looked again.
    """
    if entry.trouble == STILL_ABSENT:
        await settle(connection, entry.standing.user_id, entry.standing.version)
        return False
    label = STILL_ABSENT if entry.trouble == ABSENT else ABSENT
    same = and_(owed.c.user_id == entry.standing.user_id, owed.c.version == entry.standing.version)
    await connection.execute(update(owed).where(same).values(trouble=label, since=now))
    return True


async def add_cut(connection: AsyncConnection, dialect: Dialect, cut: Cut, by: str, at: int) -> CutRecord:
    """Add a revocation for everybody; what it covers goes.

    Args:
        connection: of a transaction that writes.
        dialect: of the database.
        cut: to add.
        by: whoever adds it.
        at: when.
    """
    await connection.execute(delete(cuts).where(cuts.c.first >= cut.first, cuts.c.last <= cut.last))
    row = insert(dialect, cuts).values(first=cut.first, last=cut.last, changed_by=by, changed_at=at)
    number = (await connection.execute(row.returning(cuts.c.id))).scalar_one()
    await owe(connection, dialect, APP, number, at)
    return CutRecord(number, cut, by, at)


async def all_cuts(connection: AsyncConnection) -> list[CutRecord]:
    """Every revocation for everybody, the oldest first."""
    rows = (await connection.execute(select(cuts).order_by(cuts.c.id))).all()
    return [CutRecord(row.id, Cut(row.first, row.last), row.changed_by, row.changed_at) for row in rows]


async def prune(connection: AsyncConnection, now: float, keep_s: float) -> int:
    """Forget what can refuse nothing any more and is not owed.

    Args:
        connection: of a transaction that writes.
        now: seconds since the epoch.
        keep_s: seconds for which a revocation is remembered.

    Returns:
        how many rows went.
    """
    old = int(now - keep_s)
    # By the time of the change too: a row that somebody changes at this moment is judged anew once it is free, and
    # what that change owes is not seen then.
    idle = and_(
        users.c.banned_until <= now,
        users.c.tokens_before <= old,
        users.c.sessions_before <= old,
        users.c.changed_at <= old,
    )
    debt = select(owed.c.user_id)
    gone = await connection.execute(delete(users).where(idle, users.c.user_id.not_in(debt)))
    cut = await connection.execute(delete(cuts).where(cuts.c.last <= old))
    return gone.rowcount + cut.rowcount


def _standing(row: Row[tuple[object, ...]]) -> UserStanding:
    return UserStanding(**{column.name: getattr(row, column.name) for column in users.columns})
