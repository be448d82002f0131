"""The audit passes only what was looked up."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

LOCK = """\
# made by make lock
alpha==1.0 \\
    --hash=sha256:00
    # via beta
beta==2.0 ; python_version < '3' \\
    --hash=sha256:00
gamma-delta==3.0
"""


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = Path(__file__).parents[2] / "tools/audit.py"
    spec = importlib.util.spec_from_file_location("audit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*entries: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    return {"dependencies": list(entries)}


CLEAN_ALPHA = {"name": "alpha", "version": "1.0", "vulns": []}
CLEAN_GAMMA = {"name": "Gamma_Delta", "version": "3.0", "vulns": []}


def test_a_report_that_holds_every_package_of_this_platform_passes(audit: ModuleType) -> None:
    verdict = audit.judge(report(CLEAN_ALPHA, CLEAN_GAMMA), audit.pins(LOCK.splitlines()))

    assert (verdict.exit_code, verdict.looked_up, verdict.elsewhere) == (0, 2, ("beta",))


def test_a_skipped_package_is_not_counted_as_passed(audit: ModuleType) -> None:
    skipped = {"name": "gamma-delta", "skip_reason": "could not be looked up"}

    verdict = audit.judge(report(CLEAN_ALPHA, skipped), audit.pins(LOCK.splitlines()))

    assert verdict.exit_code == 2
    assert verdict.not_audited == ("gamma-delta==3.0: could not be looked up",)


def test_a_package_that_the_report_leaves_out_is_not_counted_as_passed(audit: ModuleType) -> None:
    verdict = audit.judge(report(CLEAN_ALPHA), audit.pins(LOCK.splitlines()))

    assert (verdict.exit_code, len(verdict.not_audited)) == (2, 1)


def test_a_known_vulnerability_fails_even_where_others_were_skipped(audit: ModuleType) -> None:
    flawed = {"name": "alpha", "version": "1.0", "vulns": [{"id": "CVE-0000-0001"}]}

    verdict = audit.judge(report(flawed), audit.pins(LOCK.splitlines()))

    assert (verdict.exit_code, verdict.vulnerable) == (1, ("alpha==1.0: CVE-0000-0001",))


SKIPPED = [{"name": name, "skip_reason": "not found"} for name in ("alpha", "gamma-delta")]
NOTHING = "audit: not audited: no advisory service could be asked about any package"


@pytest.mark.parametrize(
    ("said", "asked", "last", "status"),
    [
        ({"pypi": report(CLEAN_ALPHA, CLEAN_GAMMA)}, ["pypi"], "audit: 2 packages looked up, passed", 0),
        ({"pypi": report(*SKIPPED), "osv": report(*SKIPPED)}, ["pypi", "osv"], NOTHING, 2),
        ({}, ["pypi", "osv"], NOTHING, 2),
        ({"osv": report(CLEAN_ALPHA, CLEAN_GAMMA)}, ["pypi", "osv"], "audit: 2 packages looked up, passed", 0),
        ({"pypi": report(CLEAN_ALPHA)}, ["pypi"], "audit: 1 packages looked up, not passed: incomplete", 2),
    ],
)
def test_what_it_says(
    audit: ModuleType,
    said: dict[str, object],
    asked: list[str],
    last: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A service that cannot be reached gives no report, one that knows no package skips every one of them."""
    services = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        services.append(command[command.index("--vulnerability-service") + 1])
        answer = said.get(services[-1])
        failed = "Traceback ...\nConnectionError: no route"
        return subprocess.CompletedProcess(command, 1, "" if answer is None else json.dumps(answer), failed)

    monkeypatch.setattr(audit.subprocess, "run", run)
    (tmp_path / "lock.txt").write_text(LOCK)
    assert audit.main(tmp_path / "lock.txt") == status
    shown = capsys.readouterr()
    assert (services, shown.out.splitlines()[-1]) == (asked, last)
    assert ("passed" in shown.out) == ("not audited:" not in last)
    assert all(f"{one}: ConnectionError: no route" in shown.err for one in asked if one not in said)


def test_an_empty_lock_is_no_success(audit: ModuleType) -> None:
    assert audit.judge(report(), []).exit_code == 2
