"""Each thing that can go wrong, brought about on a whole service: which alert says so, how soon, whom it blames.

Every scenario of tests/support/scenarios.py runs in a process of its own, with a sandbox over real sockets. Time can
run faster (`--pace 10`): clocks, pauses and time-outs of the service and of the sandbox alike, so that only what the
machine itself takes counts for more. Beside them a service runs in real time with which nothing goes wrong, and
nothing may be raised there.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.pace import run_paced
from support.playing import healthy, play
from support.scenarios import BY_NAME

PACE = 10.0
WORKERS = 2
CALM_S = 180.0
EVIDENCE = Path(__file__).resolve().parents[1] / "docs/evidence"
LIMIT_S = 7200.0


def _child(arguments: argparse.Namespace) -> int:
    """One scenario, or the healthy time; its result is the only line on the standard output."""
    said = sys.stdout
    with contextlib.redirect_stdout(sys.stderr if os.environ.get("FAULTS_LOG") else io.StringIO()):
        if arguments.healthy:
            result = run_paced(arguments.pace, lambda clock: healthy(arguments.healthy, clock))
        else:
            result = run_paced(arguments.pace, lambda clock: play(BY_NAME[arguments.one], clock))
    said.write(json.dumps(result) + "\n")
    return 0


def _started(pace: float, *what: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--pace", str(pace), *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    if done.returncode:
        return {"scenario": what[-1], "passed": False, "broken": done.stderr[-2000:]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _told(result: dict[str, Any]) -> str:
    alerts = ", ".join(f"{one['name']} {one['seconds']:.0f} s ({one['blame']})" for one in result.get("alerts", []))
    said = alerts or ", ".join(result.get("raised", [])) or result.get("broken", "") or "none"
    name = result.get("scenario", "healthy")
    return f"{'ok  ' if result['passed'] else 'FAIL'} {name:24} {said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pace", type=float, default=PACE, help="how many seconds go into one")
    parser.add_argument("--workers", type=int, default=WORKERS, help="scenarios at a time")
    parser.add_argument("--healthy", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="*", default=[], help="names of scenarios")
    parser.add_argument("--calm", type=float, default=CALM_S, help="seconds, real ones, in which nothing goes wrong")
    parser.add_argument("--evidence", action="store_true", help="keep it in docs/evidence; with --only, those rows")
    arguments = parser.parse_args()
    if arguments.one or arguments.healthy:
        return _child(arguments)
    names = arguments.only or list(BY_NAME)
    with ThreadPoolExecutor(arguments.workers) as pool:
        calm = pool.submit(lambda: _show(_started(1.0, "--healthy", str(arguments.calm)))) if arguments.calm else None
        scenarios = list(pool.map(lambda name: _show(_started(arguments.pace, "--one", name)), names))
    result = {"machine": machine.facts(), "pace": arguments.pace, "scenarios": scenarios}
    if calm is not None:
        result["calm"] = calm.result()
    if arguments.evidence:
        machine.keep(_joined(result) if arguments.only else result, "docs/evidence", "faults-")
    return 0 if all(one["passed"] for one in (*scenarios, *([calm.result()] if calm else []))) else 1


def _joined(result: dict[str, Any]) -> dict[str, Any]:
    """The last run that was kept, its rows replaced by those of this one, which name their commit."""
    kept = json.loads(max(EVIDENCE.glob("faults-*.json")).read_text())
    newer = [{**one, "commit": result["machine"]["commit"]} for one in result["scenarios"]]
    rows = {one["scenario"]: one for one in (*kept["scenarios"], *newer)}
    return {**kept, "scenarios": [rows[name] for name in BY_NAME if name in rows]}


def _show(result: dict[str, Any]) -> dict[str, Any]:
    print(_told(result), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
