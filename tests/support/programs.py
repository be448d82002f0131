"""Programs that the system tests need; a missing one is a failure, not a reason to skip."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def program(name: str) -> str:
    """Where a program is; fails if it is not installed."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert path is not None, f"{name} is not installed; the system tests need it"
    return path


@contextmanager
def server(command: list[str], directory: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run a server for the time of a test, from the moment it is ready."""
    log = directory / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=directory, stdout=stream, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 15
        while not ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the server did not get ready"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
