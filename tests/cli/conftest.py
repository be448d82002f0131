"""Commands run in the test's own process, in an empty directory, with nothing configured."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import structlog

from support.gate import put_sqlite_file, settings_for
from support.operating import OPERATOR
from support.processes import environment
from support.serving import served
from tidegate import logs
from tidegate.app.build import build
from tidegate.cli import main
from tidegate.sandbox.server import SandboxServer


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """An empty working directory and an environment without settings; logging is left as it was found."""
    kept = set(environment())
    for name in set(os.environ) - kept - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def tidegate(capsys) -> Callable[..., Ended]:
    """Runs a command."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        status = main(arguments)
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory):
    with SandboxServer(state_dir=tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def configure(monkeypatch):
    """Sets variables of the environment."""

    def set_all(environ):
        for name, text in environ.items():
            monkeypatch.setenv(name, text)

    return set_all


@pytest.fixture
def service(sandbox, workplace, monkeypatch):
    """A running service; the commands find its operator's listener and hold an operator's key."""
    logs.configure("error", as_json=False)
    put_sqlite_file(workplace / "state")
    runtime = build(settings_for(sandbox, workplace / "state"))
    with served(runtime.app, runtime.ops) as url:
        monkeypatch.setenv("TIDEGATE_OPERATOR_URL", url)
        monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", OPERATOR)
        yield runtime


@pytest.fixture
def sandbox(shared_sandbox, monkeypatch):
    """A running sandbox, found by the commands."""
    shared_sandbox.sandbox.provider.reset()
    shared_sandbox.sandbox.stream.reset()
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(shared_sandbox.runtime_file.parent))
    return shared_sandbox
