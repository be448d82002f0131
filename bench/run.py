"""``make bench``: Tidegate with everything on beside the tutorial service. README.md says how to read it."""

import argparse
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
import services
from issuer import POOL_SIZE, KeyServer, pool
from measure import alternated, closed_loop, constant_rate, filled, median
from process import Service

Rounds = list[dict[str, Any]]

SWITCHES: dict[str, dict[str, Any]] = {
    "limits": {"environment": {"TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": "0", "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0"}},
    "session_cache": {"environment": {"TIDEGATE_SESSION_CACHE_SIZE": "0"}},
    "token_cache": {"environment": {"TIDEGATE_TOKEN_CACHE_SIZE": "0"}},
    "ledger": {"environment": {"TIDEGATE_LEDGER": "off"}},
    "profile_sync": {"environment": {"TIDEGATE_PROFILE_SYNC": "off"}},
    "metrics": {"without": "metrics"},
    "log_line": {"without": "log_line"},
    "security_headers": {"without": "security_headers"},
    "shortcut": {"without": "shortcut"},
}


def _summary(rounds: Rounds) -> dict[str, Any]:
    return {
        **{figure: median(rounds, figure) for figure in rounds[0]},
        "rounds": rounds,
    }


def exchange(sessions: Path, options: argparse.Namespace, seen_percent: int) -> dict[str, Any]:
    """Both services in turn at full load."""
    print(f"full load, {seen_percent} % of the tokens seen before" if seen_percent else "full load, tokens distinct")
    found = alternated(
        options.rounds,
        {
            "tutorial": functools.partial(services.tutorial, sessions),
            "tidegate": functools.partial(services.tidegate, sessions),
        },
        lambda _, service: closed_loop(service, sessions, seconds=options.seconds, seen_percent=seen_percent),
    )
    summary = {name: _summary(rounds) for name, rounds in found.items()}
    return summary | {"ratio": round(summary["tutorial"]["cpu_us"] / summary["tidegate"]["cpu_us"], 2)}


def half_load(sessions: Path, options: argparse.Namespace, full_rate: float) -> dict[str, Any]:
    """Half of Tidegate's own full rate, distinct tokens; nginx at the same rate shows what the machine adds."""
    rate = full_rate / 2
    print(f"constant rate of {rate:.0f}/s")
    makers: dict[str, Callable[[], Service]] = {"tidegate": functools.partial(services.tidegate, sessions)}
    if services.has_nginx():
        makers["nginx"] = services.nginx
    found = alternated(
        options.rounds,
        makers,
        lambda _, service: constant_rate(service, sessions, seconds=options.seconds, rate=rate),
    )
    summary: dict[str, Any] = {name: _summary(rounds) for name, rounds in found.items()}
    summary.setdefault("nginx", "not installed (Debian: apt-get install nginx-light)")
    return {"rate": round(rate), **summary}


def memory(sessions: Path, options: argparse.Namespace) -> dict[str, Any]:
    """After start, and for each session remembered with the limits' entries of its user."""
    print("memory")
    with services.tidegate(sessions) as service:
        after_start = service.rss_bytes()
        figures = filled(service, services.target(service, sessions), options.sessions)
    figures = {"after_start_mb": round(after_start / 1e6, 1), **figures}
    print(f"  {figures}")
    return figures


def switches(sessions: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What each thing that is on costs: the median difference from everything on, in the same round."""
    print("what each switch costs")
    costs: dict[str, Any] = {}
    makers = {"everything_on": functools.partial(services.tidegate, sessions)}
    makers |= {name: functools.partial(services.tidegate, sessions, **changes) for name, changes in SWITCHES.items()}
    for mode, seen_percent in (("distinct", 0), ("seen_90_percent", 90)):
        found = alternated(
            max(options.rounds // 2, 1),
            makers,
            functools.partial(_loaded, sessions, options.seconds, seen_percent),
        )
        on = found.pop("everything_on")
        differences = {
            name: [{"us": with_it["cpu_us"] - without["cpu_us"]} for with_it, without in zip(on, rounds, strict=True)]
            for name, rounds in found.items()
        }
        costs[mode] = {
            "everything_on_cpu_us": median(on, "cpu_us"),
            "cost_us": {name: median(rounds, "us") for name, rounds in differences.items()},
        }
    return costs


def _loaded(sessions: Path, seconds: float, seen_percent: int, _name: str, service: Service) -> dict[str, Any]:
    return closed_loop(service, sessions, seconds=seconds, seen_percent=seen_percent)


def targets(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is asked of the service, what was found, and whether it is met."""
    asked = {
        "ratio_distinct": (result["distinct"]["ratio"], ">=", 4.0),
        "ratio_seen_90_percent": (result["seen_90_percent"]["ratio"], ">=", 8.0),
        "after_start_mb": (result["memory"]["after_start_mb"], "<", 80.0),
        "bytes_per_session": (result["memory"]["bytes_per_session"], "<=", 900),
        "start_seconds": (result["distinct"]["tidegate"]["start_seconds"], "<", 2.0),
    }
    met: dict[str, Callable[[float, float], bool]] = {
        ">=": lambda found, bound: found >= bound,
        "<=": lambda found, bound: found <= bound,
        "<": lambda found, bound: found < bound,
    }
    return {
        name: {"found": found, "asked": f"{sign} {bound:g}", "met": met[sign](found, bound)}
        for name, (found, sign, bound) in asked.items()
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="alternated rounds")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a measurement")
    parser.add_argument("--sessions", type=int, default=90_000, help="sessions whose memory is measured")
    parser.add_argument("--without-switches", action="store_true", help="leave out what each switch costs")
    parser.add_argument("--quick", action="store_true", help="one short round, no result kept: does it run at all?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.sessions = 1, 1.0, 5000
    return options


def main() -> int:
    """Measure, write the result, and say whether the targets are met."""
    options = _options()
    machine.warn_if_busy()
    result: dict[str, Any] = {"machine": machine.facts(), "rounds": options.rounds, "seconds": options.seconds}
    result["load"] = {"connections": 64, "sessions_in_pool": POOL_SIZE}
    with KeyServer():
        sessions = pool()
        result["distinct"] = exchange(sessions, options, 0)
        result["seen_90_percent"] = exchange(sessions, options, 90)
        result["half_load"] = half_load(sessions, options, result["distinct"]["tidegate"]["rate"])
        result["memory"] = memory(sessions, options)
        if not options.without_switches:
            result["switches"] = switches(sessions, options)
    result["targets"] = targets(result)
    for name, target in result["targets"].items():
        print(f"{'met   ' if target['met'] else 'MISSED'} {name}: {target['found']} (asked: {target['asked']})")
    print(f"p99 at half load: {result['half_load']['tidegate']['p99_ms']} ms")
    if not options.quick:
        machine.keep(result, "bench/results")
    return 0 if all(target["met"] for target in result["targets"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
