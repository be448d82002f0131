"""What a replica knows of revocations and bans, asked at every exchange and never waited for."""

import math
from collections.abc import Callable, Iterable
from typing import Final, Literal

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.identity.model import VerifiedSubject
from tidegate.tokens.mint import BACKDATE, WINDOW
from tidegate.tokens.standing.loading import FirstLoad
from tidegate.tokens.standing.model import (
    NEVER,
    Cut,
    Mark,
    least_issued_at,
    refuse_banned,
    refuse_revoked,
    revoked,
    still_matters,
)

_NONE: Final = Mark(NEVER, NEVER, NEVER, 0)
_THERE_MOST: Final = 1_000
"""Users of whom a moment that others told Stream is remembered, for the minute in which it matters."""
_AHEAD_SECONDS: Final = 60
"""How far ahead of our clock such a moment is believed: nobody tells us when it is taken back."""

Knowledge = Literal["known", "loading", "unknown"]


class Standing:
    """Marks of users and cuts for everybody; used from one event loop.

    Nobody who has no mark costs more than one look-up. A mark is never forgotten to
    make room: that would undo a ban. Who writes them keeps to the bound.
    """

    __slots__ = (
        "_app_before", "_app_told", "_closely", "_cuts", "_first_load", "_marks", "_moved", "_stream_before", "_there",
    )  # fmt: skip

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._cuts: tuple[Cut, ...] = ()
        self._there: dict[str, int] = {}
        self._first_load: FirstLoad | None = None
        self._stream_before = NEVER
        self._app_before = NEVER
        self._app_told: Callable[[int], None] = lambda _: None
        # One look each tells an exchange that there is nothing for everybody, which is how it nearly always is.
        self._closely = self._moved = False
        metrics.STANDING_ENTRIES.set_function(self.__len__)
        metrics.STANDING_LOADED.set_function(lambda: float(self._first_load is None))

    def __len__(self) -> int:
        """How many users have a mark."""
        return len(self._marks)

    def expect_load(self, clock: Clock, wait_s: float, sound: Callable[[], bool] = lambda: False) -> None:
        """Give nobody a token until `loaded` is called, or until a time is over in which the database says nothing.

        Args:
            clock: for durations.
            wait_s: seconds.
            sound: whether no use of the database has failed; then it is waited for longer, see `FirstLoad`.
        """
        self._first_load = FirstLoad(clock, wait_s, sound)
        self._closely = True

    def advances(self) -> None:
        """Take note that loading goes on; the time for which it is waited begins anew."""
        if self._first_load is not None:
            self._first_load.advances()

    def loaded(self) -> None:
        """Take note that everything was read once; from now on the bus keeps it current."""
        self._first_load = None
        self._closely = bool(self._cuts)

    @property
    def knowledge(self) -> Knowledge:
        """Whether what the database holds was read; ``unknown``: no, and nobody is refused for it any more."""
        if self._first_load is None:
            return "known"
        return "loading" if self._first_load.waits() else "unknown"

    def on_app_before(self, told: Callable[[int], None]) -> None:
        """Have somebody told whenever it changes how old everybody's tokens may not be.

        Args:
            told: the moment; tokens dated at it or earlier are void, server tokens perhaps too.
        """
        self._app_told = told

    def check(self, user_id: str, who: VerifiedSubject, now: float) -> None:
        """Judge a verified session by what was revoked and who is banned. Never waits.

        Args:
            user_id: at Stream.
            who: the verified caller.
            now: seconds since the epoch.

        Raises:
            Refusal: ``subject_banned``, ``session_revoked``, or ``store_unavailable`` right after the start.
        """
        mark = self._marks.get(user_id)
        if mark is not None:
            refuse_banned(mark.banned_until, now)
            if revoked(who.issued_at, NEVER, mark.sessions_before):
                raise refuse_revoked()
        if self._closely:
            self._check_everybody(who)

    def floor(self, user_id: str, now: float) -> int:
        """The least ``iat`` that the user's token may have; 0: any. Never waits.

        Args:
            user_id: at Stream.
            now: seconds since the epoch.

        Raises:
            Refusal: ``recently_revoked``.
        """
        mark = self._marks.get(user_id)
        if mark is None and not self._moved:
            return 0
        before = max(self._app_before, (mark or _NONE).dated_before, self._there.get(user_id, NEVER))
        return least_issued_at(before, now) if before else 0

    def mark(self, user_id: str, mark: Mark) -> bool:
        """Take note of a user's standing.

        Args:
            user_id: at Stream.
            mark: what holds from now on; an older version than is known changes nothing, since changes can come twice.

        Returns:
            whether it was news.
        """
        known = self._marks.get(user_id)
        # By the moment first, which never moves back: once the database forgot a user, the versions begin anew, and a
        # replica that still remembers the earlier ones must not take a new ban for an old change.
        if known is not None and (known.dated_before, known.version) >= (mark.dated_before, mark.version):
            return False
        self._marks[user_id] = mark
        return True

    def prune(self, now: float, keep_s: float) -> int:
        """Forget what can refuse nothing any more.

        Args:
            now: seconds since the epoch.
            keep_s: seconds for which a revocation is remembered.

        Returns:
            how many users were forgotten.
        """
        gone = [user_id for user_id, mark in self._marks.items() if not still_matters(mark, now, keep_s)]
        for user_id in gone:
            del self._marks[user_id]
        self._forget_there(now)
        return len(gone)

    def knows(self, user_id: str) -> bool:
        """Whether a user has a mark."""
        return user_id in self._marks

    def cut(self, cuts: Iterable[Cut]) -> None:
        """Take note of the revocations for everybody; these take the place of those known before."""
        self._cuts = tuple(cuts)
        self._app_before = max([self._stream_before, *(cut.last for cut in self._cuts)])
        self._closely = bool(self._cuts) or self._first_load is not None
        self._note_moved()
        self._app_told(self._app_before)

    @property
    def ordered_before(self) -> int:
        """The latest moment before which everybody's tokens were revoked by way of this service; ``NEVER`` for none."""
        return max((cut.last for cut in self._cuts), default=NEVER)

    def stream_says(self, app_before: int) -> None:
        """Take note of Stream's own value for the app: tokens dated earlier are void there, whoever set it."""
        self._stream_before = app_before
        self.cut(self._cuts)

    def stream_says_of(self, user_id: str, before: int, now: float) -> None:
        """Take note of Stream's own value for a user: tokens dated earlier are void there, whoever set it.

        A moment that every token of now lies behind is not kept. What is kept is forgotten within minutes.

        Args:
            user_id: at Stream.
            before: the moment.
            now: seconds since the epoch.
        """
        mark = self._marks.get(user_id)
        if not _still_moves(before, now) or (mark is not None and mark.dated_before >= before):
            return
        if len(self._there) >= _THERE_MOST:
            self._forget_there(now)
        if len(self._there) >= _THERE_MOST:
            del self._there[next(iter(self._there))]
        self._there[user_id] = min(before, math.ceil(now) + _AHEAD_SECONDS)
        self._note_moved()

    def _forget_there(self, now: float) -> None:
        self._there = {user_id: before for user_id, before in self._there.items() if _still_moves(before, now)}
        self._note_moved()

    def _note_moved(self) -> None:
        self._moved = bool(self._app_before or self._there)

    def _check_everybody(self, who: VerifiedSubject) -> None:
        if self._first_load is not None:
            self._first_load.check()
        issued_at = who.issued_at
        for first, last in self._cuts:
            if revoked(issued_at, first, last):
                raise refuse_revoked()


def _still_moves(before: int, now: float) -> bool:
    """Whether a token of now could be dated at a moment or earlier, if nothing kept it from that."""
    return before > now - WINDOW - BACKDATE
