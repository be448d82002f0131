"""Processes that are killed and stopped fight for a lease: two never hold it at the same time."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "leases.py"


@pytest.mark.stress
def test_a_lease_is_held_by_one_at_a_time():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
