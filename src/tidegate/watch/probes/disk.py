"""The disk of the state directory, and the ledger."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from prometheus_client import Counter, Gauge

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.tokens.ledger.service import Records
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, wrong

DISK: Final = "disk"
LEDGER: Final = "ledger"
DISK_PERIOD_S: Final = 30.0
LEDGER_PERIOD_S: Final = 10.0
LOW_BYTES: Final = 256 * 1024 * 1024
"""Below this much free room on the disk it is nearly full."""

LOST_FOR_S: Final = 600.0
"""Seconds for which entries that were lost are worth a word."""

_WRITTEN: Final = 4_096


class DiskProbe:
    """Writes a small file, has it reach the disk, and removes it.

    Args:
        places: directories; one that is not there yet counts by the nearest one above it.
        clock: for the outcome.
    """

    def __init__(self, places: tuple[Path, ...], clock: Clock) -> None:
        self.spec = ProbeSpec(DISK, "Disk of the state directory", DISK_PERIOD_S, timeout_s=10.0, each_replica=True)
        self._places = tuple(dict.fromkeys(place.absolute() for place in places))
        self._clock = clock

    async def run(self) -> Outcome:
        """Try."""
        try:
            free = min([await asyncio.to_thread(_tried, place) for place in self._places])
        except OSError as error:
            text = f"The state directory cannot be written to ({os.strerror(error.errno or 0)})."
            return wrong(DISK, self._clock.now(), State.FAILING, Cause.DISK_NOT_WRITABLE, text=text)
        now, figures = self._clock.now(), {"free_bytes": float(free)}
        if free < LOW_BYTES:
            text = f"The disk of the state directory has {free // (1024 * 1024)} MiB left."
            return wrong(DISK, now, State.WARNING, Cause.DISK_LOW, text=text, figures=figures)
        return fine(DISK, now, figures)


def _tried(place: Path) -> int:
    """Write there; how many octets are free."""
    there = next(path for path in (place, *place.parents) if path.exists())
    if there == place:
        # A name of its own each time, so that two processes on one directory do not meet.
        with tempfile.NamedTemporaryFile(prefix=".probe-", dir=place) as file:
            file.write(b"\0" * _WRITTEN)
            file.flush()
            os.fsync(file.fileno())
    elif not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(13, "")
    return shutil.disk_usage(there).free


class LedgerProbe:
    """Whether entries become durable, and none was lost.

    Args:
        records: the ledger.
        clock: for the outcome.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self.spec = ProbeSpec(LEDGER, "The ledger", LEDGER_PERIOD_S, timeout_s=1.0, each_replica=True)
        self._records = records
        self._clock = clock
        self._lost = _value(metrics.LEDGER_LOST)
        self._lost_at = float("-inf")

    async def run(self) -> Outcome:
        """Look."""
        lost, now, moment = _value(metrics.LEDGER_LOST), self._clock.now(), self._clock.monotonic()
        if lost > self._lost:
            self._lost, self._lost_at = lost, moment
        figures = {"lag_seconds": _value(metrics.LEDGER_LAG), "lost": lost}
        if moment - self._lost_at < LOST_FOR_S:
            return wrong(LEDGER, now, State.FAILING, Cause.LEDGER_LOST, figures=figures)
        if self._records.failing:
            return wrong(LEDGER, now, State.FAILING, Cause.LEDGER_BEHIND, figures=figures)
        return fine(LEDGER, now, figures)


def _value(metric: Counter | Gauge) -> float:
    return float(next(iter(metric.collect())).samples[0].value)
