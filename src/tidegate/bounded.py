"""A table that cannot grow past its bound and forgets what nobody asks for.

Two generations of an ordinary dictionary: what is written or found goes into the
young one; when that is full, or old enough, it becomes the old one and the former
old one is forgotten whole. So every operation is a dictionary look-up or two, no
entry carries a time stamp or a link, and forgetting costs nothing per entry.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedTable(Generic[K, V]):
    """At most ``capacity`` entries; the least recently used half goes first.

    Args:
        capacity: the most entries it holds, over both generations; at least 2.
        idle_seconds: an entry not touched for this long may be forgotten, one not
            touched for twice as long is forgotten. None: only the bound forgets.
        on_evict: told how many entries were dropped because the table was full.
    """

    __slots__ = ("_half", "_idle", "_old", "_on_evict", "_turned", "_young")

    def __init__(
        self,
        capacity: int,
        *,
        idle_seconds: float | None = None,
        on_evict: Callable[[int], None] | None = None,
    ) -> None:
        self._half = capacity // 2
        if self._half < 1:  # one entry for each generation
            raise ValueError("a bounded table holds at least 2 entries")
        self._idle = idle_seconds
        self._on_evict = on_evict
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._turned: float | None = None

    def get(self, key: K) -> V | None:
        """The value kept for ``key``, or None; what is found stays."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self._young[key] = value
        return value

    def put(self, key: K, value: V, now: float) -> None:
        """Keep ``value``; ``now`` (monotonic seconds) is what idleness is counted by."""
        young = self._young
        young[key] = value
        if self._old:
            self._old.pop(key, None)
        if len(young) >= self._half:
            self._turn(now, full=True)
        elif self._idle is not None:
            if self._turned is None:
                self._turned = now
            elif now - self._turned >= self._idle:
                self._turn(now, full=False)

    def discard(self, key: K) -> None:
        """Forget ``key``; nothing happens where it is not kept."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._young = {}
        self._old = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _turn(self, now: float, *, full: bool) -> None:
        dropped = len(self._old)
        self._old = self._young
        self._young = {}
        self._turned = now
        if full and dropped and self._on_evict is not None:
            self._on_evict(dropped)
