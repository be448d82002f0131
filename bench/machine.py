"""Facts of the machine and the code, for the results' sake."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from issuer import ROOT

_PACKAGES = ("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "pyjwt", "cryptography", "orjson", "pydantic")


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "src", "bench")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def facts() -> dict[str, object]:
    """What somebody needs to know to compare two results."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": processor[1] if processor else platform.machine(),
        "cores": os.cpu_count(),
        "load_average_before": os.getloadavg()[0],
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def warn_if_busy() -> None:
    """Processor time is what is compared, but a busy machine makes even that dear."""
    if os.getloadavg()[0] > 0.5:  # a quiet machine has less
        print(f"note: the machine is busy (load average {os.getloadavg()[0]:.1f}); figures will be worse than they are")


def keep(result: dict[str, Any], folder: str, prefix: str = "") -> None:
    """Write a result under today's date; a later one of the same day takes its place."""
    path = ROOT / folder / f"{prefix}{datetime.now(UTC).date().isoformat()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path.relative_to(ROOT))
