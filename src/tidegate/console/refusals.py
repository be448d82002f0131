"""The last refusals, so that they can be explained; filled from the batches that the ledger writes."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tidegate import metrics
from tidegate.errors import REASONS, Reason
from tidegate.tokens.ledger.model import Note, OperatedNote, RefusedNote, SummedNote

_OPERATED = "operator"


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal, or several of one second that name nobody. No token, no address, nothing unverified.

    Attributes:
        at: when, seconds since the epoch.
        reason: the code.
        issuer: the configured name, ``none``, or ``operator`` for a call of an operator's.
        user_id: at Stream, where the session was verified all the same and the ledger names people.
        request: the request's id; empty for several.
        count: how many.
    """

    at: float
    reason: str
    issuer: str
    user_id: str | None
    request: str
    count: int = 1

    @property
    def title(self) -> str:
        """What the reason means."""
        return REASONS[Reason(self.reason)].title

    @property
    def mend(self) -> str:
        """What the app should do about it."""
        return REASONS[Reason(self.reason)].client


class Refusals:
    """A ring of the last refusals.

    Args:
        most: refusals that are kept; the oldest goes first.
        named: whether people are named, as they are in the ledger.
    """

    def __init__(self, most: int, *, named: bool) -> None:
        self._ring: deque[Refused] = deque(maxlen=most)
        self._named = named
        metrics.CONSOLE_REFUSALS.set_function(self._ring.__len__)

    def take(self, notes: Sequence[Note]) -> None:
        """Take note of what the ledger is about to write.

        Args:
            notes: of one batch, the refusals among them count.
        """
        for note in notes:
            if isinstance(note, RefusedNote):
                user = note.session.user_id if self._named and note.session is not None else None
                self._ring.append(Refused(note.now, note.reason, note.issuer, user, note.request))
            elif isinstance(note, SummedNote):
                self._ring.append(Refused(note.now, note.reason, note.issuer, None, "", note.refusals))
            elif isinstance(note, OperatedNote) and note.reason != "none":
                self._ring.append(Refused(note.now, note.reason, _OPERATED, None, note.request))

    def last(self, most: int) -> tuple[Refused, ...]:
        """The last ones, the newest first."""
        return tuple(self._ring[place] for place in range(-1, -1 - min(most, len(self._ring)), -1))
