"""Every scenario in real time, and an hour in which nothing goes wrong and nothing is raised."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.healthy import HealthyService

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "faults.py"


@pytest.mark.stress
def test_every_fault_is_raised_and_a_healthy_hour_raises_nothing():
    command = [sys.executable, str(SCRIPT), "--pace", "1", "--workers", "5", "--calm", "3600"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.stress
@pytest.mark.anyio
async def test_nothing_is_raised_in_thirty_healthy_days(tmp_path):
    service = HealthyService(tmp_path)

    assert await service.live(days=30) == set()
