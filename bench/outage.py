"""The exchange while Stream is up, down, slow or failing: the same rate, the same p99.

Profile sync is on and every user is new, so every exchange owes Stream a call.
"""

import argparse
import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import services
from issuer import ROOT, KeyServer, pool
from load import CORE, load, pinned
from measure import WARM_UP_SECONDS, alternated, median
from process import Service

PORT = 18_445
MODES = ("down", "slow", "500")
TOLERANCE = 0.10
PROFILES = 100_000


@contextlib.contextmanager
def _stream(mode: str) -> Iterator[tuple[str, str, str]]:
    """Stream's stand-in in a mode; down means that it was there and is gone."""
    script = Path(__file__).with_name("stream.py")
    process = subprocess.Popen(
        [*pinned(CORE), sys.executable, str(script), str(PORT), "up" if mode == "down" else mode],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("no output to read")
        said = json.loads(process.stdout.readline())
        if mode == "down":
            process.kill()
            process.wait()
        yield said["url"], said["key"], said["secret"]
    finally:
        process.kill()
        process.wait()


def _start(mode: str, sessions: Path) -> Service:
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_stream(mode))
        service = services.tidegate(sessions, stream=stream, environment={"TIDEGATE_PROFILE_SYNC": "background"})
        service.ends_with_it = stack.pop_all()
    return service


def _measured(sessions: Path, seconds: float, rate: float, _mode: str, service: Service) -> dict[str, Any]:
    """Full load for the rate, then a constant rate for the p99; every session of both is new."""
    asked = services.target(service, sessions)
    warm = load(asked, seconds=WARM_UP_SECONDS)
    before = service.cpu_seconds()
    full = load(asked, seconds=seconds, start=warm["next"])
    spent = service.cpu_seconds() - before
    steady = load(asked, seconds=seconds, rate=rate, start=full["next"])
    for figures in (warm, full, steady):
        if figures["errors"]:
            raise SystemExit(f"outage: {figures['errors']} wrong answers: {figures['first_error']}")
    if steady["next"] > PROFILES:
        raise SystemExit(f"outage: {steady['next']} sessions were needed; the pool has {PROFILES}")
    return {
        "rate": full["rate"],
        "cpu_us": round(spent * 1e6 / full["requests"], 2),
        "p99_ms": steady["p99_ms"],
    }


def _compared(up: list[dict[str, Any]], other: list[dict[str, Any]]) -> dict[str, Any]:
    pairs = [{"rate": b["rate"] / a["rate"], "p99": b["p99_ms"] / a["p99_ms"]} for a, b in zip(up, other, strict=True)]
    rate, p99 = median(pairs, "rate"), median(pairs, "p99")
    within = rate >= 1 - TOLERANCE and p99 <= 1 + TOLERANCE
    return {"rate_ratio": rate, "p99_ratio": p99, "within_10_percent": within, "rounds": other}


def main() -> int:
    """Measure the four modes in turn and compare each with up, pair by pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="alternated pairs; with fewer no evidence is written")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each of a round's two measurements")
    parser.add_argument("--rate", type=float, default=4000.0, help="constant rate for the p99, about half of the full")
    options = parser.parse_args()
    machine.warn_if_busy()
    result: dict[str, Any] = {"machine": machine.facts(), "pairs": options.rounds, "rate_for_p99": options.rate}
    with KeyServer():
        sessions = pool(PROFILES, profile=True)
        makers = {mode: functools.partial(_start, mode, sessions) for mode in ("up", *MODES)}
        found = alternated(
            options.rounds, makers, functools.partial(_measured, sessions, options.seconds, options.rate)
        )
    result["up"] = {"rounds": found["up"]}
    for mode in MODES:
        result[mode] = _compared(found["up"], found[mode])
        print(mode, {name: value for name, value in result[mode].items() if name != "rounds"})
    if options.rounds >= 7:  # what the evidence is to show
        machine.keep(result, "docs/evidence", "outage-")
    return 0 if all(result[mode]["within_10_percent"] for mode in MODES) else 1


if __name__ == "__main__":
    sys.exit(main())
