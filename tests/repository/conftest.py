"""What the tests of the repository itself share: where it is and what git keeps of it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that git tracks; without git (a source archive), every file outside what .gitignore makes."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git the machine has
        cwd=root,
        capture_output=True,
        check=True,
    )
    return [path for name in listing.stdout.decode().split("\0") if name and (path := root / name).is_file()]
