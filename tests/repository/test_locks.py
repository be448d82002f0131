"""The locks agree with each other and with what the package declares."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASHED = ("build", "dev", "extras", "run", "test", "uv")
PIN = re.compile(r"^([A-Za-z0-9][^\\#\n]*==[^\\#\n]*?)\s*(?:\\|#|$)", re.MULTILINE)


def pins(path: Path) -> dict[str, Requirement]:
    """The requirements that a lock pins, by name."""
    found = [Requirement(text) for text in PIN.findall(path.read_text())]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def declared(root: Path) -> list[Requirement]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    extras = [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    named = [
        *project["project"]["dependencies"],
        *extras,
        *(r for g in groups.values() for r in g if isinstance(r, str)),
    ]
    return [Requirement(text) for text in named]


@pytest.mark.parametrize("lock", HASHED)
def test_each_pin_of_a_hashed_lock_has_a_hash(root: Path, lock: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (root / f"requirements/{lock}.txt").read_text(), flags=re.MULTILINE)
    pinned = [entry for entry in entries if "==" in entry.partition("\n")[0]]

    # A package can stand in a lock twice, for different versions of Python.
    assert {canonicalize_name(entry.partition("==")[0]) for entry in pinned} == {
        *pins(root / f"requirements/{lock}.txt")
    }
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []


def test_the_constraints_of_the_plain_install_are_the_pins_of_the_lock(root: Path) -> None:
    constraints, run = pins(root / "requirements/constraints.txt"), pins(root / "requirements/run.txt")

    assert {name: str(pin) for name, pin in constraints.items()} == {name: str(pin) for name, pin in run.items()}


@pytest.mark.parametrize("lock", ["build", "extras", "run", "test", "uv"])
def test_the_smaller_locks_hold_what_the_whole_one_holds(root: Path, lock: str) -> None:
    whole, part = pins(root / "requirements/dev.txt"), pins(root / f"requirements/{lock}.txt")

    assert {name: str(pin.specifier) for name, pin in part.items()} == {
        name: str(whole[name].specifier) for name in part
    }


def test_everything_that_the_package_declares_is_locked_within_its_bounds(root: Path) -> None:
    locked = pins(root / "requirements/dev.txt")
    wanted = {canonicalize_name(requirement.name): requirement for requirement in declared(root)}

    assert wanted.keys() <= locked.keys()
    for name, requirement in wanted.items():
        version = str(locked[name].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"


def test_the_plain_install_takes_this_directory_under_the_constraints(root: Path) -> None:
    lines = [line for line in (root / "requirements.txt").read_text().splitlines() if not line.startswith("#")]

    assert lines == ["-c requirements/constraints.txt", "."]


def test_nothing_that_runs_is_one_of_streams_own_packages(root: Path) -> None:
    assert not {"stream-chat", "getstream"} & pins(root / "requirements/dev.txt").keys()
