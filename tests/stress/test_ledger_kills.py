"""kill -9 under load, a thousand times: every chain verifies, and what is lost was answered within the window."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "kills.py"


@pytest.mark.stress
def test_the_ledger_survives():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
