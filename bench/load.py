"""Compiling and running the load generator."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from issuer import CACHE

CORE = "1"
"""The load's core; the service has core 0."""

_SOURCE = Path(__file__).with_name("load.c")


def generator() -> Path:
    """The compiled program."""
    program = CACHE / "load"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("bench: the load generator is C: install a compiler (Debian: apt-get install gcc)")
    if not program.exists() or program.stat().st_mtime < _SOURCE.stat().st_mtime:
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(program), str(_SOURCE)], check=True)
    return program


def pinned(core: str) -> list[str]:
    """The words before a command that keep it on one core, where the machine can."""
    return ["taskset", "-c", core] if shutil.which("taskset") else []


@dataclass(frozen=True)
class Target:
    """What is asked for, and what a right answer contains."""

    port: int
    path: str = "/stream/token"
    method: str = "POST"
    pool: Path | None = None
    expected: str = '"token":"'
    connections: int = 64


def load(  # one argument for each option of the program
    target: Target,
    *,
    seconds: float | None = None,
    requests: int | None = None,
    rate: float = 0.0,
    seen_percent: int = 0,
    start: int = 0,
) -> dict[str, Any]:
    """Run the generator once and return its figures.

    Args:
        target: the service.
        seconds: how long; or
        requests: how many.
        rate: requests a second, whatever the answers do; 0 is the closed loop.
        seen_percent: part of the requests whose token is one of the last thousand new ones.
        start: index in the pool of the first new token; the figures' ``next`` is where to go on.
    """
    command = [*pinned(CORE), str(generator()), "-p", str(target.port), "-u", target.path, "-m", target.method]
    command += ["-c", str(target.connections), "-e", target.expected, "-b", str(seen_percent), "-o", str(start)]
    if target.pool is not None:
        command += ["-f", str(target.pool)]
    if seconds is not None:
        command += ["-s", str(seconds)]
    if requests is not None:
        command += ["-n", str(requests)]
    if rate:
        command += ["-r", str(rate)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))
