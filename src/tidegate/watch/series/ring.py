"""One figure over the last hour and the last day, in memory that does not grow. Pure."""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PERIOD_S: Final = 10
"""Seconds of one slot."""

COARSE_S: Final = 300
"""Seconds of one coarse slot."""

FINE_SLOTS: Final = 360
"""One hour."""

COARSE_SLOTS: Final = 288
"""One day."""

_NAN: Final = math.nan


class Merge(StrEnum):
    """What stands for several values of a figure."""

    SUM = "sum"  # it was counted
    MAX = "max"  # it was measured, and more is worse
    MIN = "min"  # it was measured, and less is worse


MERGED: Final[Mapping[Merge, Callable[[float, float], float]]] = MappingProxyType(
    {Merge.SUM: lambda one, other: one + other, Merge.MAX: max, Merge.MIN: min}
)
"""What each does with two values."""


class Ring:
    """The last values of one figure, one for each slot of time; what has none is NaN.

    Slots are numbered from the epoch, so those of two replicas are the same ones.

    Args:
        size: slots that are kept.
        merge: what stands for two values of one slot.
    """

    __slots__ = ("_merge", "_newest", "_size", "_values")

    def __init__(self, size: int, merge: Merge) -> None:
        self._size = size
        self._merge = MERGED[merge]
        self._values = array("d", [_NAN]) * size
        self._newest: int | None = None

    def put(self, slot: int, value: float) -> None:
        """Note a value of now.

        A slot before the newest means that the clock was set back: what lies after it has not happened yet.

        Args:
            slot: its number.
            value: of the figure; what is in the slot is merged with it.
        """
        if self._newest is not None and slot < self._newest:
            self._forget_after(slot)
        self._move_to(slot)
        place = slot % self._size
        known = self._values[place]
        self._values[place] = value if math.isnan(known) else self._merge(known, value)

    def replace(self, slot: int, value: float) -> None:
        """Note what the value of a slot is after all.

        Args:
            slot: its number; one that is not kept any more changes nothing.
            value: in the place of what is there.
        """
        if self._newest is None or slot > self._newest:
            self._move_to(slot)
        elif slot <= self._newest - self._size:
            return
        self._values[slot % self._size] = value

    def values(self, newest: int, count: int) -> Iterator[tuple[int, float]]:
        """The values of some slots, oldest first, without those that have none.

        Args:
            newest: the last slot that is wanted.
            count: slots that are wanted.
        """
        if self._newest is None:
            return
        last = min(newest, self._newest)
        for slot in range(max(newest - count, self._newest - self._size) + 1, last + 1):
            value = self._values[slot % self._size]
            if not math.isnan(value):
                yield slot, value

    def _move_to(self, slot: int) -> None:
        """Make a slot the newest, if it is newer; the ones between have no value."""
        first = slot if self._newest is None else max(self._newest + 1, slot - self._size + 1)
        for skipped in range(first, slot + 1):
            self._values[skipped % self._size] = _NAN
        self._newest = slot if self._newest is None else max(self._newest, slot)

    def _forget_after(self, slot: int) -> None:
        newest = self._newest or slot
        for later in range(max(slot + 1, newest - self._size + 1), newest + 1):
            self._values[later % self._size] = _NAN
        if newest - slot >= self._size:
            self._values[slot % self._size] = _NAN
        self._newest = slot


class Track:
    """One figure: an hour slot by slot, and a day in coarse ones.

    Args:
        merge: what stands for several values.

    Attributes:
        merge: the same.
    """

    __slots__ = ("_coarse", "_fine", "merge")

    def __init__(self, merge: Merge) -> None:
        self.merge = merge
        self._fine = Ring(FINE_SLOTS, merge)
        self._coarse = Ring(COARSE_SLOTS, merge)

    def put(self, slot: int, value: float) -> None:
        """Note a value of now, in both."""
        self._fine.put(slot, value)
        self._coarse.put(coarse_of(slot), value)

    def replace(self, slot: int, value: float) -> None:
        """Note what the value of a slot is after all; its coarse one is made anew from the hour."""
        self._fine.replace(slot, value)
        coarse = coarse_of(slot)
        merged = _NAN
        for _, one in self._fine.values(last_of(coarse), COARSE_S // PERIOD_S):
            merged = one if math.isnan(merged) else MERGED[self.merge](merged, one)
        self._coarse.replace(coarse, merged)

    def dump(self, newest: int, seconds: float) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """What is to outlive this process: the last hour, and the coarse slots of a longer time.

        Args:
            newest: the last slot that counts.
            seconds: how far the coarse ones go back.
        """
        hour = self.fine(newest, FINE_SLOTS * PERIOD_S)
        return [one for one in hour if one[1]], [one for one in self.coarse(newest, seconds) if one[1]]

    def load(self, fine: Iterable[tuple[int, float]], coarse: Iterable[tuple[int, float]]) -> None:
        """Take up what an earlier process had; of a figure that is counted, since what is not there is zero.

        Args:
            fine: slots and values, oldest first.
            coarse: the same of coarse slots.
        """
        for ring, values in ((self._fine, fine), (self._coarse, coarse)):
            for slot, value in values:
                ring.replace(slot, value)

    def fine(self, newest: int, seconds: float) -> Iterator[tuple[int, float]]:
        """Slots and values of the last seconds, at most an hour of them."""
        return self._fine.values(newest, math.ceil(seconds / PERIOD_S))

    def coarse(self, newest: int, seconds: float) -> Iterator[tuple[int, float]]:
        """Coarse slots and values; the first is the one that is under way."""
        return self._coarse.values(coarse_of(newest), math.ceil(seconds / COARSE_S))

    def window(self, newest: int, seconds: float) -> list[float]:
        """The values of the last seconds: slot by slot up to an hour, in coarse slots beyond.

        Args:
            newest: the last slot that counts.
            seconds: how far to look back.
        """
        fine = seconds <= FINE_SLOTS * PERIOD_S
        return [value for _, value in (self.fine if fine else self.coarse)(newest, seconds)]


def slot_at(now: float) -> int:
    """The last slot that is complete.

    Args:
        now: seconds since the epoch.
    """
    return int(now // PERIOD_S) - 1


def coarse_of(slot: int) -> int:
    """The coarse slot in which a slot lies."""
    return slot * PERIOD_S // COARSE_S


def last_of(coarse: int) -> int:
    """The last slot of a coarse one."""
    return (coarse + 1) * (COARSE_S // PERIOD_S) - 1


def end_of(slot: int) -> float:
    """When a slot ends, seconds since the epoch."""
    return float((slot + 1) * PERIOD_S)
