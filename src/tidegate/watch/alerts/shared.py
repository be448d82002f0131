"""Alerts among replicas: what all of them counted together, and one record for all."""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from tidegate.clock import Clock
from tidegate.store import Store
from tidegate.watch.alerts import repo
from tidegate.watch.alerts.kept import LONGEST_S, damaged
from tidegate.watch.alerts.record import NotARecord, Record
from tidegate.watch.alerts.rules import BY_NAME
from tidegate.watch.series.figures import figure
from tidegate.watch.series.ring import FINE_SLOTS, MERGED, PERIOD_S, Merge, Track, slot_at

LATE_SLOTS: Final = 12
"""Slots within which what a replica counted may come late; two minutes."""

_KEPT_SLOTS: Final = int(LONGEST_S / PERIOD_S)
_PRUNE_SLOTS: Final = 30


class StoreKeeper:
    """The record in the database; the version tells whether another replica kept one meanwhile.

    Args:
        store: that the replicas share.
        clock: for the time of the change.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._database = store.database
        self._clock = clock
        self._version = 0

    async def load(self) -> Record | None:
        """The record as it was kept last, by whichever replica."""
        async with self._database.read() as connection:
            found = await repo.load(connection)
        if found is None:
            self._version = 0
            return None
        self._version, text = found
        try:
            return Record.from_json(orjson.loads(text), BY_NAME)
        except (NotARecord, orjson.JSONDecodeError) as error:
            damaged("alert_record", error)
            return None

    async def save(self, record: Record) -> bool:
        """Keep it, if it is still the version that was loaded or kept last."""
        database = self._database
        async with database.begin() as connection:
            kept = await repo.save(connection, database.dialect, self._version, record.to_json(), self._clock.now())
        if kept:
            self._version += 1
        return kept


class SharedWindows:
    """The figures of all replicas, merged slot by slot.

    Args:
        store: that the replicas share.
        clock: numbers the slots.
        names: the figures that are judged.
    """

    def __init__(self, store: Store, clock: Clock, names: Iterable[str]) -> None:
        self._store = store
        self._clock = clock
        self._names = frozenset(names)
        self._owed: dict[int, dict[str, float]] = {}
        self._tracks: dict[str, Track] = {}
        self._read_to: int | None = None
        self._pruned = 0

    def note(self, slot: int, figures: Mapping[str, float]) -> None:
        """What this replica counted; it is handed over with the next exchange.

        Args:
            slot: in which.
            figures: of the slot.
        """
        wanted = {name: value for name, value in figures.items() if name in self._names}
        self._owed[slot] = {name: value for name, value in wanted.items() if value or not _is_count(name)}
        while len(self._owed) > FINE_SLOTS:
            del self._owed[next(iter(self._owed))]

    async def hand_over(self) -> None:
        """Let the others know what this replica counted.

        Raises:
            StoreUnavailable: it is handed over later.
        """
        owed = dict(self._owed)
        if not owed:
            return
        database = self._store.database
        async with database.begin() as connection:
            await repo.put_slots(connection, database.dialect, self._store.replica, owed)
        self._owed = {slot: figures for slot, figures in self._owed.items() if owed.get(slot) != figures}

    async def refresh(self) -> None:
        """Learn what all replicas counted; for the one that judges.

        Raises:
            StoreUnavailable: nothing is learned.
        """
        newest = slot_at(self._clock.now())
        since = newest - _KEPT_SLOTS if self._read_to is None else self._read_to - LATE_SLOTS
        async with self._store.database.read() as connection:
            rows = await repo.slots_after(connection, since)
        if self._read_to is None:
            self._tracks.clear()
        for slot, figures in self._merged(rows).items():
            self._learn(slot, figures, newest)
        self._read_to = newest
        await self._prune(newest)

    def forget(self) -> None:
        """Another replica judges now, or the store was away: the next refresh begins anew."""
        self._read_to = None

    def window(self, name: str, seconds: float) -> list[float]:
        """The values of a figure, of all replicas; see `tidegate.watch.series.ring.Track.window`."""
        track = self._tracks.get(name)
        return [] if track is None else track.window(slot_at(self._clock.now()), seconds)

    def _learn(self, slot: int, figures: Mapping[str, float], newest: int) -> None:
        if slot > newest:
            return  # of a replica whose clock is ahead
        for name, value in figures.items():
            track = self._tracks.get(name)
            if track is None:
                track = self._tracks[name] = Track(figure(name).merge)
            if self._read_to is None:
                track.put(slot, value)
            else:
                track.replace(slot, value)

    async def _prune(self, newest: int) -> None:
        if newest - self._pruned < _PRUNE_SLOTS:
            return
        async with self._store.database.begin() as connection:
            await repo.prune(connection, newest - _KEPT_SLOTS)
        self._pruned = newest

    def _merged(self, rows: Iterable[tuple[int, Mapping[str, float]]]) -> dict[int, dict[str, float]]:
        """One slot's figures of all replicas in one, without those that only another version judges."""
        merged: dict[int, dict[str, float]] = {}
        for slot, figures in rows:
            known = merged.setdefault(slot, {})
            for name in self._names & figures.keys():
                value = figures[name]
                known[name] = MERGED[figure(name).merge](known[name], value) if name in known else value
        return merged


def _is_count(name: str) -> bool:
    return figure(name).merge is Merge.SUM and not name.endswith("connections")
