"""The generic cell rate algorithm (ITU-T I.371, annex A), in the form of a virtual schedule.

One number per key says until when its allowance is spoken for; a request is let
through while that time lies less than one full period ahead.
"""

import math
from typing import Final

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.errors import LimitExceeded, Reason

_ROUNDING: Final = 1e-9
"""Of sums of floats, seconds; not a tolerance."""


class Gcra:
    """One limit over many keys.

    A key that was refused pays nothing for it, so asking again early does not push
    the end of the wait away. Debts from `charge` are capped at twice the period.

    Args:
        scope: the limit's name in metrics: ``address``, ``subject``, ``issuer`` or ``total``.
        reason: what a refusal says.
        limit: requests a period allows, all of which may come at once; at least 1.
        period: seconds.
        entries: the most keys kept at once.
    """

    __slots__ = ("_allowed", "_interval", "_limit", "_period", "_reason", "_refused", "_table")

    def __init__(self, scope: str, reason: Reason, *, limit: int, period: int = 60, entries: int) -> None:
        self._reason = reason
        self._limit = limit
        self._period = period
        self._interval = period / limit
        evicted = metrics.LIMIT_EVICTED.labels(scope)
        self._table: BoundedTable[str, float] = BoundedTable(entries, idle_seconds=2.0 * period, on_evict=evicted.inc)
        self._allowed = metrics.LIMIT_DECISIONS.labels(scope, "allowed")
        self._refused = metrics.LIMIT_DECISIONS.labels(scope, "refused")
        metrics.LIMIT_ENTRIES.labels(scope).set_function(self._table.__len__)

    def spend(self, key: str, now: float) -> None:
        """Take one request from ``key``'s allowance.

        Args:
            key: who pays.
            now: monotonic seconds.

        Raises:
            LimitExceeded: nothing is left; nothing was taken.
        """
        spoken_for = self._table.get(key)
        if spoken_for is None or spoken_for < now:
            spoken_for = now
        due = spoken_for + self._interval
        wait = due - now - self._period
        if wait > _ROUNDING:
            self._refused.inc()
            raise LimitExceeded(
                self._reason, limit=self._limit, period=self._period, retry_after=max(1, math.ceil(wait))
            )
        self._table.put(key, due, now)
        self._allowed.inc()

    def charge(self, key: str, cost: int, now: float) -> None:
        """Take ``cost`` more requests, even those that are not there: a debt to wait for.

        Args:
            key: who pays.
            cost: in requests.
            now: monotonic seconds.
        """
        spoken_for = max(self._table.get(key) or now, now) + cost * self._interval
        self._table.put(key, min(spoken_for, now + 2 * self._period), now)

    def __len__(self) -> int:
        return len(self._table)
