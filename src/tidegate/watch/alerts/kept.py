"""What outlives a process without a store: the record of alerts, and the windows that they are judged by."""

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from tidegate import ownfiles
from tidegate.watch.alerts.record import NotARecord, Record
from tidegate.watch.alerts.rules import BY_NAME
from tidegate.watch.series.service import Series

RECORD_FILE: Final = "alerts.json"
WINDOWS_FILE: Final = "windows.json"
LONGEST_S: Final = 6 * 3_600.0
"""Seconds of the longest window that is judged here."""

_OCTETS: Final = 1_048_576
_VERSION: Final = 1


class Keeper(Protocol):
    """Where the record is kept."""

    async def load(self) -> Record | None:
        """The record as it was kept; None where there is none that can be read.

        Raises:
            StoreUnavailable: it cannot be asked for.
        """
        ...

    async def save(self, record: Record) -> bool:
        """Keep it.

        Returns:
            whether it was kept; not, where another replica kept one meanwhile.

        Raises:
            StoreUnavailable: it cannot be kept now.
        """
        ...


class StateFile:
    """A JSON object in a file, whole or not at all.

    Args:
        path: of the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any] | None:
        """The object; None where there is none, or it is damaged, which the log says."""
        try:
            with self._path.open("rb") as file:
                octets = file.read(_OCTETS + 1)
            return _members(octets)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            damaged(self._path.name, error)
            return None

    def write(self, members: Mapping[str, Any]) -> None:
        """Keep it. A disk that fails costs what a restart forgets, no more."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            ownfiles.replace(self._path, json.dumps(members, separators=(",", ":")).encode())
        except OSError as error:
            structlog.get_logger("tidegate.alerts").warning(
                "alerts_file_not_written", file=self._path.name, cause=error.strerror
            )


def _members(octets: bytes) -> dict[str, Any]:
    if len(octets) > _OCTETS:
        raise ValueError("too large")
    members = json.loads(octets)
    if not isinstance(members, dict):
        raise TypeError("no object")
    return members


def damaged(name: str, error: Exception) -> None:
    """Say that what was kept cannot be used, and that it begins anew."""
    structlog.get_logger("tidegate.alerts").warning(
        "alerts_state_unusable", of=name, cause=type(error).__name__, mend="nothing: it begins anew"
    )


class FileKeeper:
    """The record in the state directory.

    Args:
        directory: of the service's state.
    """

    def __init__(self, directory: Path) -> None:
        self._file = StateFile(directory / RECORD_FILE)

    async def load(self) -> Record | None:
        """The record as it was kept."""
        members = await asyncio.to_thread(self._file.read)
        try:
            return None if members is None else Record.from_json(members, BY_NAME)
        except NotARecord as error:
            damaged(RECORD_FILE, error)
            return None

    async def save(self, record: Record) -> bool:
        """Keep it; nobody else can have."""
        await asyncio.to_thread(self._file.write, record.to_json())
        return True


class WindowsFile:
    """The counts of the last hours, in the state directory.

    Args:
        directory: of the service's state.
        series: that has them.
        names: the figures that are judged by sums.
    """

    def __init__(self, directory: Path, series: Series, names: Iterable[str]) -> None:
        self._file = StateFile(directory / WINDOWS_FILE)
        self._series = series
        self._names = frozenset(names)

    async def load(self, newest: int) -> None:
        """Take up what an earlier process counted.

        Args:
            newest: the last slot that is complete; what is said of later ones is not believed.
        """
        members = await asyncio.to_thread(self._file.read)
        try:
            found = None if members is None else self._tracks(members, newest)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            damaged(WINDOWS_FILE, error)
            return
        for name, (fine, coarse) in (found or {}).items():
            self._series.track(name).load(fine, coarse)

    async def save(self, newest: int) -> None:
        """Keep what was counted until now."""
        tracks = {
            name: self._series.track(name).dump(newest, LONGEST_S)
            for name in sorted(self._names & set(self._series.names()))
        }
        await asyncio.to_thread(self._file.write, {"version": _VERSION, "tracks": tracks})

    def _tracks(self, members: Mapping[str, Any], newest: int) -> dict[str, tuple[list[tuple[int, float]], ...]]:
        if members["version"] != _VERSION:
            raise ValueError("of another version")
        return {
            name: tuple([_pair(one, newest) for one in values] for values in (fine, coarse))
            for name, (fine, coarse) in members["tracks"].items()
            if name in self._names
        }


def _pair(pair: Any, newest: int) -> tuple[int, float]:  # noqa: ANN401 - whatever a damaged file holds
    slot, value = pair
    if type(slot) is not int or not 0 <= slot <= newest or not math.isfinite(value) or value < 0:
        raise ValueError("no slot and count")
    return slot, float(value)
