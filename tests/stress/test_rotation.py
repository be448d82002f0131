"""Rotation under load: no exchange fails, and no token stands beside the key of another secret."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "rotation.py"


@pytest.mark.stress
def test_nobody_notices_a_rotation():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
