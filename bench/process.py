"""A service as a process tree: started on its core, watched through /proc, ended."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from issuer import CACHE
from load import pinned

CORE = "0"
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS = 20.0


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    pids, at = [pid], 0
    while at < len(pids):
        pids += _children(pids[at])
        at += 1
    return pids


def cpu_seconds(pid: int) -> float:
    """Processor time of a process tree so far, user and system, that of ended children included."""
    ticks = 0
    for member in tree(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(fields[index]) for index in (11, 12, 13, 14))
    return ticks / _TICK


def rss_bytes(pid: int) -> int:
    """Resident memory of a process tree; shared pages count for each."""
    return sum(int(Path(f"/proc/{member}/statm").read_text().split()[1]) * _PAGE for member in tree(pid))


class Service:
    """A started service; a context manager that ends it.

    Args:
        name: of its log in the cache directory.
        command: what starts it.
        port: where it answers.
        environment: beside the few variables every program needs.
        first_request: method, path and headers that get a 200 as soon as it works.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        port: int,
        environment: Mapping[str, str],
        first_request: tuple[str, str, Mapping[str, str]],
        directory: Path | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self.ends_with_it = contextlib.ExitStack()
        self._first_request = first_request
        self._log = CACHE / f"{name}.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*pinned(CORE), *command], env=kept | dict(environment), stdout=log, stderr=log, cwd=directory or CACHE
            )
        self.pid = self._process.pid
        self._wait()
        self.start_seconds = time.perf_counter() - began

    def _wait(self) -> None:
        method, path, headers = self._first_request
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request(method, path, headers=dict(headers))
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.01)
        self.stop()
        raise SystemExit(f"bench: {self.name} does not answer; its log:\n{self._log.read_text()[-2000:]}")

    def cpu_seconds(self) -> float:
        """See the function of that name."""
        return cpu_seconds(self.pid)

    def rss_bytes(self) -> int:
        """See the function of that name."""
        return rss_bytes(self.pid)

    def stop(self) -> None:
        """End it: asked first, then made to."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.ends_with_it.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
