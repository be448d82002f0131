"""Ten minutes at full load: memory must stand still after minute 3, and no answer may be wrong."""

import argparse
import sys
import time
from typing import Any

import machine
import services
from issuer import KeyServer, pool
from load import Target, load
from process import Service

GROWTH_MB = 5.0
SETTLED_PART = 0.3
"""Growth counts from here on: minute 3 of 10. By then every table that fills has filled."""


def _minute(service: Service, asked: Target, start: int, seconds: float) -> dict[str, Any]:
    figures = load(asked, seconds=seconds, start=start)
    return {
        "rss_mb": round(service.rss_bytes() / 1e6, 2),
        "rate": figures["rate"],
        "p99_ms": figures["p99_ms"],
        "errors": figures["errors"],
        "first_error": figures["first_error"],
        "next": figures["next"],
    }


def soak(minutes: float, *, rounds: int = 10) -> dict[str, Any]:
    """Load the service for some minutes and watch its memory.

    Args:
        minutes: altogether.
        rounds: readings, evenly spread.
    """
    with KeyServer() as keys:
        sessions = pool()
        with services.tidegate(sessions) as service:
            asked, readings, start = services.target(service, sessions), [], 0
            began = time.monotonic()
            for number in range(rounds):
                reading = _minute(service, asked, start, minutes * 60 / rounds)
                start = reading.pop("next")
                readings.append(reading)
                print(f"  {number + 1}/{rounds} {reading}", flush=True)
            lasted = time.monotonic() - began
        fetches = keys.fetches
    settled = readings[max(int(rounds * SETTLED_PART) - 1, 0)]
    growth = round(readings[-1]["rss_mb"] - settled["rss_mb"], 2)
    errors = sum(reading["errors"] for reading in readings)
    return {
        "minutes": round(lasted / 60, 2),
        "sessions_exchanged": start,
        "key_fetches": fetches,
        "growth_mb": growth,
        "errors": errors,
        "met": growth <= GROWTH_MB and errors == 0,
        "readings": readings,
    }


def main() -> int:
    """Soak, write the evidence, and say whether it held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="shorter for a try; no evidence is written then")
    options = parser.parse_args()
    result = {"machine": machine.facts(), **soak(options.minutes)}
    print(f"growth {result['growth_mb']} MB (asked: <= {GROWTH_MB}), errors {result['errors']}")
    if options.minutes >= 10:  # what the evidence is to show
        machine.keep(result, "docs/evidence", "soak-")
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
