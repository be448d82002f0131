"""kill -9 under load, 500 times for each place and durability: chains verify, and no more is lost than is said."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "kills.py"


@pytest.mark.stress
@pytest.mark.parametrize("durability", ["batch", "sync"])
@pytest.mark.parametrize("kept", ["files", "sqlite", "postgresql"])
def test_the_ledger_survives(kept, durability):
    command = [sys.executable, str(SCRIPT), "--kept", kept, "--durability", durability]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
