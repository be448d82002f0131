"""Known vulnerabilities of the locked packages: passed only if every one of them was looked up.

pip-audit lists a package that it could not look up as skipped and still exits 0;
here such a package makes the result "not passed", and where none was looked up it is "not
audited": no advisory service could be asked. Two are tried, PyPI's and OSV. A lock also names packages for
other platforms, which pip-audit leaves out without a word: they are listed too,
as not for this platform.

    python tools/audit.py requirements/dev.txt
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PIN: Final = re.compile(r"^(?P<requirement>[A-Za-z0-9][^\\#\s]*==[^\\#]+?)\s*(?:\\|#|$)")
_LISTED: Final = 10
SERVICES: Final = ("pypi", "osv")
"""The advisory services of pip-audit; the second is asked where the first knows no package."""

PASSED, VULNERABLE, NOT_AUDITED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit found.

    Attributes:
        vulnerable: one line for each known vulnerability.
        not_audited: one line for each package of this platform that was not looked up.
        elsewhere: names of packages that the lock holds for other platforms.
        looked_up: how many packages were.
    """

    vulnerable: tuple[str, ...]
    not_audited: tuple[str, ...]
    elsewhere: tuple[str, ...]
    looked_up: int

    @property
    def exit_code(self) -> int:
        """0 passed, 1 vulnerable, 2 not everything was looked up."""
        if self.vulnerable:
            return VULNERABLE
        return NOT_AUDITED if self.not_audited or not self.looked_up else PASSED


def pins(lock: Iterable[str]) -> list[Requirement]:
    """The requirements that the lines of a lock pin."""
    return [Requirement(match["requirement"].strip()) for line in lock if (match := _PIN.match(line))]


def judge(report: Mapping[str, Sequence[Mapping[str, object]]], locked: Iterable[Requirement]) -> Verdict:
    """Hold pip-audit's JSON report against the lock.

    Args:
        report: what ``pip-audit --format json`` printed.
        locked: the pins that should have been looked up.

    Returns:
        the verdict.
    """
    found = {canonicalize_name(str(entry["name"])): entry for entry in report["dependencies"]}
    vulnerable, missing, elsewhere, looked_up = [], [], [], 0
    for requirement in locked:
        entry = found.get(canonicalize_name(requirement.name))
        if requirement.marker is not None and not requirement.marker.evaluate():
            elsewhere.append(requirement.name)
        elif entry is None:
            missing.append(f"{requirement}: absent from the report")
        elif "skip_reason" in entry:
            missing.append(f"{requirement}: {entry['skip_reason']}")
        else:
            looked_up += 1
            vulnerable += [f"{requirement}: {flaw['id']}" for flaw in _flaws(entry)]
    return Verdict(tuple(vulnerable), tuple(missing), tuple(elsewhere), looked_up)


def _flaws(entry: Mapping[str, object]) -> list[dict[str, object]]:
    flaws = entry.get("vulns")
    return flaws if isinstance(flaws, list) else []


def _print(verdict: Verdict) -> None:
    for line in verdict.vulnerable:
        print(f"vulnerable   {line}")
    if verdict.not_audited:
        print(f"not audited ({len(verdict.not_audited)}):", *verdict.not_audited[:_LISTED], sep="\n  ")
        if len(verdict.not_audited) > _LISTED:
            print(f"  and {len(verdict.not_audited) - _LISTED} more")
    if verdict.elsewhere:
        print(f"for other platforms, not audited here: {', '.join(verdict.elsewhere)}")
    if not verdict.looked_up:
        print("audit: not audited: no advisory service could be asked about any package")
        return
    words = {PASSED: "passed", VULNERABLE: "not passed: known vulnerabilities", NOT_AUDITED: "not passed: incomplete"}
    print(f"audit: {verdict.looked_up} packages looked up, {words[verdict.exit_code]}")


def ask(lock: Path, service: str) -> dict[str, list[dict[str, object]]]:
    """What pip-audit says of a lock; nothing of any package where it gives no report, and why on standard error."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    command += ["--vulnerability-service", service, "-r", str(lock), "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: dict[str, list[dict[str, object]]] = json.loads(run.stdout)
    except json.JSONDecodeError:
        print(f"{service}: {run.stderr.strip().rpartition(chr(10))[2]}", file=sys.stderr)
        return {"dependencies": []}
    return report


def main(lock: Path) -> int:
    """Audit one lock and print the result."""
    locked = pins(lock.read_text(encoding="utf-8").splitlines())
    first, *others = SERVICES
    verdict = judge(ask(lock, first), locked)
    for service in others:
        if not verdict.looked_up and (found := judge(ask(lock, service), locked)).looked_up:
            verdict = found
    _print(verdict)
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
