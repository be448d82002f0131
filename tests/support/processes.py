"""The service as its user runs it: a process of its own, asked over a socket."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.sandbox.server import SandboxServer

ROOT = Path(__file__).parents[2]
_LISTENING = re.compile(r'"port":(\d+)[^\n]*"event":"listening"|Uvicorn running on http://[0-9.]+:(\d+)')
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Service:
    """A running service.

    Attributes:
        url: its base URL.
        directory: its working directory, with its state.
        log: the file that its log goes to.
        pid: of its process.
    """

    url: str
    directory: Path
    log: Path
    pid: int

    def session(self, *arguments: str) -> str:
        """A fresh session from the service's sandbox, as ``tidegate session`` prints it."""
        command = [sys.executable, "-m", "tidegate", "session", *arguments]
        run = subprocess.run(
            command, cwd=self.directory, env=environment(), capture_output=True, text=True, check=True, timeout=20
        )
        return run.stdout.strip()


def environment(**variables: str) -> dict[str, str]:
    """What a process of ours gets: nothing of this one's settings."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "SYSTEMROOT"}}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1", **variables}


@contextmanager
def beside(sandbox: SandboxServer, directory: Path, **variables: str) -> Iterator[Service]:
    """Start the service as one that trusts a sandbox of this process, and stop it afterwards.

    Args:
        sandbox: the identity provider and Stream.
        directory: empty; becomes its working directory.
        variables: further settings.
    """
    key, secret = sandbox.sandbox.credentials()
    config = sandbox.sandbox.issuer_config()
    issuer = {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}
    trusted = {
        "STREAM_API_KEY": key,
        "STREAM_API_SECRET": secret,
        "STREAM_CHAT_BASE_URL": sandbox.stream_url,
        "TIDEGATE_ISSUERS": json.dumps([issuer]),
    }
    with running(directory, [sys.executable, "-m", "tidegate", "serve"], {**trusted, **variables}) as service:
        yield service


def pasted_session(told: str, directory: Path) -> tuple[str, str]:
    """What the line to paste asks, and a session by the command in it, run as it stands."""
    command, url = re.search(r"curl -X POST -H \"Authorization: Bearer \$\((.+)\)\" (\S+)/stream/token", told).groups()
    run = subprocess.run(
        shlex.split(command), cwd=directory, env=environment(), capture_output=True, text=True, check=True
    )
    return url, run.stdout.strip()


def of_sandbox(server: SandboxServer) -> dict[str, str]:
    """The variables of a service whose identity provider and Stream are a sandbox."""
    key, secret = server.sandbox.credentials()
    return {
        "STREAM_API_KEY": key,
        "STREAM_API_SECRET": secret,
        "STREAM_CHAT_BASE_URL": server.stream_url,
        "STREAM_CHAT_ENVIRONMENT": "development",
        "TIDEGATE_ISSUERS": json.dumps([server.sandbox.issuer_config()]),
    }


@contextmanager
def started(command: list[str], **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that is gone afterwards, so that a test that fails does not wait for it for ever."""
    with subprocess.Popen(command, **more) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running(
    directory: Path, command: list[str] | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Start the service on a free port and stop it afterwards.

    Args:
        directory: empty; becomes its working directory.
        command: how it is started; `python stream_token_service.py` if None.
        variables: its settings.
    """
    log = directory / "log"
    settings = {"TIDEGATE_BIND": "127.0.0.1:0", "TIDEGATE_LOG_FORMAT": "json", **(variables or {})}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command or [sys.executable, str(ROOT / "stream_token_service.py")],
            cwd=directory,
            env=environment(**settings),
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Service(f"http://127.0.0.1:{_port(process, log)}", directory, log, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the service, or a bare uvicorn, says it listens on."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if said := _LISTENING.search(log.read_text(errors="replace")):
            return int(said[1] or said[2])
        time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{log.read_text(errors='replace')[-4000:]}")
