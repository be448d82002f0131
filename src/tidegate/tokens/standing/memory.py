"""What a replica knows of revocations and bans, asked at every exchange and never waited for."""

from collections.abc import Callable, Iterable
from typing import Final

from tidegate import metrics
from tidegate.identity.model import VerifiedSubject
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


class Standing:
    """Marks of users and cuts for everybody; used from one event loop.

    Nobody who has no mark costs more than one look-up. A mark is never forgotten to
    make room: that would undo a ban. Who writes them keeps to the bound.
    """

    __slots__ = ("_app_before", "_app_told", "_cuts", "_marks", "_stream_before")

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._cuts: tuple[Cut, ...] = ()
        self._stream_before = NEVER
        self._app_before = NEVER
        self._app_told: Callable[[int], None] = lambda _: None
        metrics.STANDING_ENTRIES.set_function(self.__len__)

    def __len__(self) -> int:
        """How many users have a mark."""
        return len(self._marks)

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
            Refusal: ``subject_banned`` or ``session_revoked``.
        """
        mark = self._marks.get(user_id)
        if mark is not None:
            refuse_banned(mark.banned_until, now)
            if revoked(who.issued_at, NEVER, mark.sessions_before):
                raise refuse_revoked()
        if self._cuts:
            issued_at = who.issued_at
            for first, last in self._cuts:
                if revoked(issued_at, first, last):
                    raise refuse_revoked()

    def floor(self, user_id: str, now: float) -> int:
        """The least ``iat`` that the user's token may have; 0: any. Never waits.

        Args:
            user_id: at Stream.
            now: seconds since the epoch.

        Raises:
            Refusal: ``recently_revoked``.
        """
        mark = self._marks.get(user_id)
        if mark is None and not self._app_before:
            return 0
        before = max(self._app_before, (mark or _NONE).dated_before)
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
        return len(gone)

    def knows(self, user_id: str) -> bool:
        """Whether a user has a mark."""
        return user_id in self._marks

    def cut(self, cuts: Iterable[Cut]) -> None:
        """Take note of the revocations for everybody; these take the place of those known before."""
        self._cuts = tuple(cuts)
        self._app_before = max([self._stream_before, *(cut.last for cut in self._cuts)])
        self._app_told(self._app_before)

    def stream_says(self, app_before: int) -> None:
        """Take note of Stream's own value for the app: tokens dated earlier are void there, whoever set it."""
        self._stream_before = app_before
        self.cut(self._cuts)
