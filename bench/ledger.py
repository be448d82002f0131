"""What the ledger costs an exchange: off, in files and in a database, in turn; the median of the paired differences.

Everything counts, on the request's path and beside it: encoding, sealing, writing and the waits of the disk's thread.
"""

import argparse
import functools
import statistics
import sys
from typing import Any

import machine
import services
from issuer import KeyServer, pool
from measure import alternated, closed_loop

SEEN_PERCENT = 90
ASKED_US = {"files": 5.0, "database": 15.0}
PLACES = ("off", *ASKED_US)


def _costs(found: dict[str, list[dict[str, Any]]], place: str) -> dict[str, Any]:
    """The paired differences of one place from none, in microseconds of processor time for an answer."""
    pairs = zip(found[place], found["off"], strict=True)
    costs = sorted(round(kept["cpu_us"] - without["cpu_us"], 2) for kept, without in pairs)
    ratios = [kept["cpu_us"] / without["cpu_us"] for kept, without in zip(found[place], found["off"], strict=True)]
    quarter = len(costs) // 4
    return {
        "cost_us": round(statistics.median(costs), 2),
        "middle_half_us": [costs[quarter], costs[-1 - quarter]],
        "ratio": round(statistics.median(ratios), 4),
        "asked_us": ASKED_US[place],
        "met": statistics.median(costs) <= ASKED_US[place],
        "all_us": costs,
    }


def main() -> int:
    """Measure, write the result, and say whether the ledger costs no more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30, help="rounds; each measures all three")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a measurement")
    options = parser.parse_args()
    machine.warn_if_busy()
    result: dict[str, Any] = {"machine": machine.facts(), "pairs": options.pairs, "seconds": options.seconds}
    with KeyServer():
        sessions = pool()
        found = alternated(
            options.pairs,
            {
                place: functools.partial(services.tidegate, sessions, environment={"TIDEGATE_LEDGER": place})
                for place in PLACES
            },
            lambda _, service: closed_loop(service, sessions, seconds=options.seconds, seen_percent=SEEN_PERCENT),
        )
    result["off_cpu_us"] = statistics.median(round_["cpu_us"] for round_ in found["off"])
    result |= {place: _costs(found, place) for place in ASKED_US}
    for place, asked in ASKED_US.items():
        told = "met   " if result[place]["met"] else "MISSED"
        print(f"{told} {place}: {result[place]['cost_us']} us (asked: at most {asked:g})")
    machine.keep(result, "docs/evidence", "ledger-cost-")
    return 0 if all(result[place]["met"] for place in ASKED_US) else 1


if __name__ == "__main__":
    sys.exit(main())
