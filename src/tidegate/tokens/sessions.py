"""Sessions that were verified in full, kept so that asking again is cheap.

Kept under a keyed hash of the token, never the token itself: a copy of the
process's memory holds no session that could be replayed.
"""

import hashlib
import os

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.tokens.model import Session

_IDLE_SECONDS = 900.0


class SessionCache:
    """Verified sessions by token.

    An entry is good until the session's own ``exp``, or until its tokens are to live
    shorter; between the first and the end of the allowed skew a session is verified in
    full each time, so the answer is the same.
    Whether its key still stands is the verifier's to say, at each hit.

    Args:
        capacity: the most sessions kept; 0 keeps none.
    """

    __slots__ = ("_keyed", "_table")

    def __init__(self, capacity: int) -> None:
        self._keyed = hashlib.blake2b(digest_size=16, key=os.urandom(32))
        self._table: BoundedTable[bytes, Session] | None = None
        if capacity:
            self._table = BoundedTable(
                max(2, capacity), idle_seconds=_IDLE_SECONDS, on_evict=metrics.SESSION_CACHE_EVICTED.inc
            )
            metrics.SESSION_CACHE_ENTRIES.set_function(self._table.__len__)

    def key(self, bearer: bytes) -> bytes:
        """What a token is kept under."""
        digest = self._keyed.copy()
        digest.update(bearer)
        return digest.digest()

    def get(self, key: bytes, now: float) -> Session | None:
        """The session, if it was verified before and still stands.

        Args:
            key: from `key`.
            now: seconds since the epoch.
        """
        if self._table is None or (session := self._table.get(key)) is None:
            metrics.SESSION_CACHE_MISSES.inc()
            return None
        if now >= session.until:
            self._table.discard(key)
            metrics.SESSION_CACHE_MISSES.inc()
            return None
        metrics.SESSION_CACHE_HITS.inc()
        return session

    def put(self, key: bytes, session: Session, now: float) -> None:
        """Keep a session that was just verified in full."""
        if self._table is not None:
            self._table.put(key, session, now)

    def __len__(self) -> int:
        return 0 if self._table is None else len(self._table)
