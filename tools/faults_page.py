"""Write docs/faults.md from the latest run of bench/faults.py that was kept."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs/faults.md"
BLAMES: Final = {
    "ours": "us",
    "identity_provider": "the identity provider",
    "stream": "Stream",
    "network": "the network",
    "apps": "the apps",
    "outside": "somebody outside",
    "unclear": "unclear",
    "nobody": "nobody",
}

_HEAD: Final = """\
# What each fault raises

<!-- Made by `python tools/faults_page.py` from docs/evidence/{evidence}. -->

Each row was brought about on a whole service, with all probes and the [canary](how-to/canary.md), beside the
[sandbox](sandbox.md) over real sockets: which [alerts](alerts.md) fire, how many seconds after the fault began, and
whom they blame. `make stress` plays all of them in real time, `make test` the quickest.

{pace} Settings are the defaults, but that keys are fresh for 30 s where the key server fails. **Bold** is the alert
that has to fire.

| what goes wrong | brought about by | raised after, and whose fault it is |
| --- | --- | --- |
"""

_REAL: Final = "This run was in real time."
_PACED: Final = "In this run clocks, pauses and time-outs went at {pace:g} times their pace, service and sandbox alike."

_TAIL: Final = """
The alerts of a row that are not bold fired before it, or within 20 s of it.
"""


def latest(root: Path = ROOT) -> Path:
    """The run that was kept last."""
    return max((root / "docs/evidence").glob("faults-*.json"))


def page(evidence: Path) -> str:
    """The page of a run.

    Args:
        evidence: its JSON.
    """
    run: Mapping[str, Any] = json.loads(evidence.read_text(encoding="utf-8"))
    head = _HEAD.format(evidence=evidence.name, pace=_REAL if run["pace"] == 1 else _PACED.format(pace=run["pace"]))
    return head + "".join(map(_row, run["scenarios"])) + _TAIL + "".join(_calm(run.get("calm")))


def _row(result: Mapping[str, Any]) -> str:
    alerts = "<br>".join(_alert(one, result["expects"]) for one in result["alerts"]) or "nothing"
    return f"| {result['title']} | {result['how']} | {alerts} |\n"


def _alert(one: Mapping[str, Any], expected: str) -> str:
    name = f"**{one['name']}**" if one["name"] == expected else one["name"]
    return f"{name} {one['seconds']:.0f} s, {BLAMES[one['blame']]}"


def _calm(calm: Mapping[str, Any] | None) -> Iterator[str]:
    if calm is not None:
        raised = ", ".join(calm["raised"]) or "nothing"
        yield (
            f"\nIn {calm['healthy_s'] / 60:g} minutes of real time nothing went wrong, {calm['exchanges']} sessions "
            f"were exchanged, and it raised {raised}.\n"
        )


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(latest()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
