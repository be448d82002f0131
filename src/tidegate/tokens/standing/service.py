"""Revoking, banning and lifting bans: written down once, known to every replica, owed to Stream."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tidegate.clock import Clock
from tidegate.errors import TidegateError
from tidegate.store import Change, ChangeBus, Database
from tidegate.tokens.mapping import is_user_id
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.model import (
    FOREVER,
    NEVER,
    NOTE_MOST,
    Cut,
    CutRecord,
    Entry,
    Mark,
    UserStanding,
    moment_of,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

TOPIC: Final = "standing"
"""Of the changes on the bus."""

OPERATOR_AT_STREAM: Final = "tg-@operator"
"""The user in whose name Stream is told of bans; no subject can have this id."""

CUTS_MOST: Final = 100
"""Revocations for everybody that are remembered at a time; one for all takes the place of those before it."""

REVOKED_BY_WEBHOOKS: Final = 0.9
BANNED_BY_WEBHOOKS: Final = 0.95
"""How much of the room webhooks may fill: sign-outs leave some to providers' bans, and both some to operators."""

_LOADED_AT_ONCE: Final = 2_000


class StandingRefused(TidegateError):
    """A command cannot be done as it was given; the message says why."""


class StandingFull(TidegateError):
    """There is no room for a further user; nothing was changed."""


@dataclass(frozen=True, slots=True)
class StandingOptions:
    """Bounds.

    Attributes:
        keep_s: seconds for which a revocation is remembered; longer than any session lives.
        capacity: the most users who can have a revocation or a ban.
    """

    keep_s: float = 60 * 86_400.0
    capacity: int = 1_000_000


class StandingService:
    """What operators and webhooks may do to a user, or to everybody.

    Every method that changes something is all or nothing: where the database is gone, ``StoreUnavailable`` is
    raised, and no replica, this one included, acts on what was not written down.

    Args:
        database: that all replicas share.
        bus: tells the others.
        memory: what this replica's exchange asks.
        clock: for the moments.
        options: bounds.
    """

    def __init__(
        self, database: Database, bus: ChangeBus, memory: Standing, clock: Clock, options: StandingOptions
    ) -> None:
        self._database = database
        self._bus = bus
        self._memory = memory
        self._clock = clock
        self._options = options
        self._watchers: list[Callable[[], None]] = []
        bus.subscribe(TOPIC, self._take_note, reload=self.load)

    def on_change(self, then: Callable[[], None]) -> None:
        """Have something called, on every replica, when something changed. It must not wait."""
        self._watchers.append(then)

    def has_room(self, part: float = REVOKED_BY_WEBHOOKS) -> bool:
        """Whether a further user can have a revocation or a ban.

        Args:
            part: how much of the room may be filled, from 0 to 1.
        """
        return len(self._memory) < self._options.capacity * part

    async def revoke(
        self,
        user_id: str,
        by: str,
        *,
        part: float = 1.0,
        absent_ok: bool = False,
        within: "AsyncConnection | None" = None,
    ) -> UserStanding:
        """End the tokens that a user holds, and the sessions that they came from.

        Args:
            user_id: at Stream.
            by: an operator's name, or ``webhook:`` and the issuer's.
            part: how much of the room may be filled for it.
            absent_ok: whether it is enough that Stream does not know the user.
            within: a transaction that writes; None: one of its own.

        Returns:
            how the user stands now.

        Raises:
            StandingRefused: this is no user id.
            StandingFull: there is no room.
            StoreUnavailable: nothing was done.
        """
        moment = moment_of(self._clock.now())
        return await self._change(user_id, by, lambda known: known.revoked(moment), _How(part, absent_ok, within))

    async def ban(  # noqa: PLR0913 - all but two by name
        self,
        user_id: str,
        by: str,
        *,
        until: float | None = None,
        note: str = "",
        deactivate: bool = False,
        adds: bool = False,
        part: float = 1.0,
        absent_ok: bool = False,
        within: "AsyncConnection | None" = None,
    ) -> UserStanding:
        """Refuse a user tokens until a moment, or until `unban`, and end those that are out.

        Args:
            user_id: at Stream.
            by: an operator's name, or ``webhook:`` and the issuer's.
            until: the end, seconds since the epoch; None: there is none.
            note: a reason, shown to operators and moderators only; at most 200 characters.
            deactivate: also deactivate the user at Stream.
            adds: whether a ban that is there keeps a later end, its note and its deactivation, or gives way to this.
            part: how much of the room may be filled for it.
            absent_ok: whether it is enough that Stream does not know the user.
            within: a transaction that writes; None: one of its own.

        Raises:
            StandingRefused: this is no user id, the end has passed, or the note is too long.
            StandingFull: there is no room.
            StoreUnavailable: nothing was done.
        """
        now = self._clock.now()
        _check_ban(now, until, note)
        begin, end = moment_of(now), FOREVER if until is None else moment_of(until)

        def banned(known: UserStanding) -> UserStanding:
            added = known.banned_on(begin, end, deactivate=deactivate)
            return added if adds else known.banned(begin, end, note, deactivate=deactivate)

        return await self._change(user_id, by, banned, _How(part, absent_ok, within))

    async def unban(self, user_id: str, by: str) -> UserStanding:
        """Lift a ban, and a deactivation that came with it.

        Args:
            user_id: at Stream.
            by: an operator's name.

        Raises:
            StandingRefused: there is no ban.
            StoreUnavailable: nothing was done.
        """

        def lifted(known: UserStanding) -> UserStanding:
            if known.banned_until == NEVER:
                raise StandingRefused("this user is not banned")
            return known.unbanned()

        return await self._change(user_id, by, lifted, _How())

    async def revoke_all(self, by: str) -> CutRecord:
        """End everybody's tokens, and the sessions that they came from.

        Args:
            by: an operator's name.

        Raises:
            StoreUnavailable: nothing was done.
        """
        return await self._cut(Cut(NEVER, moment_of(self._clock.now())), by)

    async def revoke_between(self, first: float, last: float, by: str) -> CutRecord:
        """End the sessions that were issued in a span of time, and every token dated in it or before it.

        Args:
            first: the span's begin, seconds since the epoch.
            last: its end, not in the future.
            by: an operator's name.

        Raises:
            StandingRefused: the span ends before it begins, or in the future.
            StoreUnavailable: nothing was done.
        """
        return await self._cut(span_of((first, last), self._clock.now()), by)

    async def of(self, user_id: str) -> Entry:
        """How a user stands.

        Raises:
            StandingRefused: this is no user id.
            StoreUnavailable: the database cannot be read.
        """
        from tidegate.tokens.standing import repo

        _check_user(user_id)
        async with self._database.read() as connection:
            return await repo.one(connection, user_id)

    async def listed(self, after: str, limit: int, *, pending: bool) -> list[Entry]:
        """Users with a revocation or a ban, in the order of their ids.

        Args:
            after: the last id that is known; empty for none.
            limit: how many at most.
            pending: only those of whom Stream is still to be told.

        Raises:
            StandingRefused: what is known is no user id.
            StoreUnavailable: the database cannot be read.
        """
        from tidegate.tokens.standing import repo

        if after:
            _check_user(after)
        async with self._database.read() as connection:
            return await repo.page(connection, after, limit, pending=pending)

    async def cuts(self) -> tuple[list[CutRecord], bool]:
        """The revocations for everybody, and whether Stream is still to be told of one.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        from tidegate.tokens.standing import repo

        async with self._database.read() as connection:
            return await repo.all_cuts(connection), await repo.app_debt(connection) is not None

    async def load(self) -> None:
        """Learn everything that the database knows.

        Raises:
            StoreUnavailable: the database cannot be read; what was known is known still.
        """
        from tidegate.tokens.standing import repo

        after = ""
        while True:
            async with self._database.read() as connection:
                found = await repo.page(connection, after, _LOADED_AT_ONCE)
            if sum(self._memory.mark(entry.standing.user_id, entry.standing.mark) for entry in found):
                self._memory.advances()
            if len(found) < _LOADED_AT_ONCE:
                break
            after = found[-1].standing.user_id
        await self._load_cuts()
        self._memory.loaded()
        self._memory.prune(self._clock.now(), self._options.keep_s)
        self._tell_watchers()

    async def prune(self) -> int:
        """Forget what can refuse nothing any more.

        Returns:
            how many rows of the database went.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        from tidegate.tokens.standing import repo

        now = self._clock.now()
        self._memory.prune(now, self._options.keep_s)
        async with self._database.begin() as connection:
            return await repo.prune(connection, now, self._options.keep_s)

    async def _change(
        self, user_id: str, by: str, alter: Callable[[UserStanding], UserStanding], how: "_How"
    ) -> UserStanding:
        from tidegate.tokens.standing import repo

        _check_user(user_id)
        now = self._clock.now()
        async with self._writing(how.within) as connection:
            known = await repo.locked(connection, self._database.dialect, user_id)
            if not known.version and not self.has_room(how.part):
                raise StandingFull("TIDEGATE_STANDING_SIZE users have a revocation or a ban already")
            changed = replace(
                alter(known),
                absent_ok=how.absent_ok and (known.absent_ok or not known.version),
                changed_by=by,
                changed_at=int(now),
                version=known.version + 1,
            )
            await repo.put(connection, self._database.dialect, changed, now)
            await self._bus.publish(connection, TOPIC, {"user": user_id, "mark": list(changed.mark)})
            # At once here; the others learn it from the bus.
            self._database.after_commit(connection, lambda: self._mark(user_id, changed.mark))
        return changed

    async def _cut(self, cut: Cut, by: str) -> CutRecord:
        from tidegate.tokens.standing import repo

        async with self._database.begin() as connection:
            record = await repo.add_cut(connection, self._database.dialect, cut, by, int(self._clock.now()))
            every = await repo.all_cuts(connection)
            if len(every) > CUTS_MOST:
                raise StandingRefused(f"{CUTS_MOST} spans are remembered already; revoke --all takes their place")
            await self._bus.publish(connection, TOPIC, {"cuts": record.id})
        self._memory.cut(record.cut for record in every)
        self._tell_watchers()
        return record

    async def _take_note(self, change: Change) -> None:
        body = change.body
        if "user" in body:
            self._mark(body["user"], Mark(*body["mark"]))
        else:
            await self._load_cuts()
            self._tell_watchers()

    def _mark(self, user_id: str, mark: Mark) -> None:
        self._memory.mark(user_id, mark)
        self._tell_watchers()

    async def _load_cuts(self) -> None:
        from tidegate.tokens.standing import repo

        async with self._database.read() as connection:
            records = await repo.all_cuts(connection)
        self._memory.cut(record.cut for record in records)

    def _tell_watchers(self) -> None:
        for then in self._watchers:
            then()

    @contextlib.asynccontextmanager
    async def _writing(self, within: "AsyncConnection | None") -> AsyncIterator["AsyncConnection"]:
        if within is not None:
            yield within
            return
        async with self._database.begin() as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class _How:
    """What goes with a change besides what it changes; see `StandingService.ban`."""

    part: float = 1.0
    absent_ok: bool = False
    within: "AsyncConnection | None" = None


def span_of(span: tuple[float, float], now: float) -> Cut:
    """The revocation of a span of time.

    Args:
        span: its begin and its end, seconds since the epoch.
        now: this moment, the same.

    Raises:
        StandingRefused: the span ends before it begins, or in the future.
    """
    if not NEVER <= span[0] <= span[1] <= now:
        raise StandingRefused("the span must begin before it ends, and must not end in the future")
    return Cut(int(span[0]), moment_of(span[1]))


def _check_user(user_id: str) -> None:
    """Refuse what cannot be a user's id before a database that takes no such text sees it."""
    if not is_user_id(user_id) or user_id == OPERATOR_AT_STREAM:
        raise StandingRefused("this is no user id at Stream")


def _check_ban(now: float, until: float | None, note: str) -> None:
    if until is not None and not now < until < FOREVER:
        raise StandingRefused("the end of a ban must lie in the future")
    if len(note) > NOTE_MOST or not note.isprintable():
        raise StandingRefused(f"the reason must have at most {NOTE_MOST} printable characters")
