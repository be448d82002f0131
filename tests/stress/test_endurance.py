"""The runs of minutes. Each is a script of the bench that keeps its figures in docs/evidence/."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.stress
@pytest.mark.parametrize("script", ["soak.py", "outage.py", "mapping.py"])
def test_the_service_holds(script):
    done = subprocess.run([sys.executable, str(BENCH / script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
