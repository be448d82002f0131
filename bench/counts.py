"""Instructions, counted by callgrind: what the ledger's pure part costs an entry, and the watch ten seconds.

Noise of the machine does not reach these figures. Each part runs twice, for few and for many rounds, and the difference
counts. A yardstick of the same kind of work, of which instructions and time are measured, says how long they take.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import machine
from ledger_parts import BATCH

HERE: Final = Path(__file__).resolve().parent
FEW, MANY = 4, 12
TIMED = 40
"""Batches of the yardstick when it is timed."""

LEDGER: Final = ("issued", "refused", "written", "files", "database")
WATCH: Final = ("sampled", "judged")
ASKED_US: Final = {"files": 5.0, "database": 15.0}
ASKED_WATCH_US: Final = 2.0
EXCHANGES_A_SECOND: Final = 100
"""The rate over which the ten seconds of the watch are spread; at more, less of it falls on each."""

PERIOD_S: Final = 10


def _instructions(script: str, part: str, rounds: int) -> int:
    """What one run of a part takes, the interpreter's start included."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, script, part]
    done = subprocess.run(
        [*command, str(rounds)],
        cwd=HERE,
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(HERE.parent / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    counted = [line.rsplit(maxsplit=1)[-1] for line in done.stderr.splitlines() if "Collected :" in line]
    if done.returncode or not counted:
        raise SystemExit(f"{part}: {done.stderr[-2000:]}")
    return int(counted[0])


def _each(script: str, part: str, items: int) -> float:
    """Instructions of one item of a part; ``items`` are in each round."""
    few, many = (_instructions(script, part, rounds) for rounds in (FEW, MANY))
    found = (many - few) / ((MANY - FEW) * items)
    print(f"{part:9} {found:12.0f} instructions", flush=True)
    return round(found, 1)


def _yardstick_us() -> float:
    """Processor time of one item of the yardstick, microseconds: the best of several."""
    command = [sys.executable, "ledger_parts.py", "yardstick", str(TIMED), "time"]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    return min(
        float(subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )


def main() -> int:
    """Count, write the result, and say whether the ledger and the watch cost no more than they may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=(*LEDGER, *WATCH), default=(*LEDGER, *WATCH))
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("counts.py needs valgrind (Debian's package of that name)")
    result: dict[str, Any] = {"machine": machine.facts(), "exchanges_a_second": EXCHANGES_A_SECOND}
    per_us = _each("ledger_parts.py", "yardstick", BATCH) / _yardstick_us()
    result["instructions_a_us"] = round(per_us, 1)
    met = True
    for part in options.only:
        script, items = ("ledger_parts.py", BATCH) if part in LEDGER else ("watch_parts.py", 1)
        instructions = _each(script, part, items)
        us = instructions / per_us / (1 if part in LEDGER else EXCHANGES_A_SECOND * PERIOD_S)
        asked = ASKED_US.get(part) if part in LEDGER else ASKED_WATCH_US
        result[part] = {"instructions": instructions, "us_an_exchange": round(us, 2)}
        if asked is not None:
            result[part] |= {"asked_us": asked, "met": us <= asked}
            met = met and us <= asked
        print(f"{part:9} {us:8.2f} us an exchange" + ("" if asked is None else f" (asked: at most {asked:g})"))
    if set(options.only) == {*LEDGER, *WATCH}:
        machine.keep(result, "docs/evidence", "counts-")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
