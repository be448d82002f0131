"""A sandbox for the whole run, and a service of its own for each test that wants one."""

import functools

import pytest
from jinja2 import Environment, FileSystemBytecodeCache

from support.gate import open_gate
from tidegate.sandbox.server import SandboxServer


@pytest.fixture(scope="session")
def shared_sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory):
    """All consoles share their compiled templates, which take each a quarter of a second."""
    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tidegate.console.pages.Environment", functools.partial(Environment, bytecode_cache=kept))
        yield


@pytest.fixture
def sandbox(shared_sandbox):
    """The shared sandbox without what an earlier test left behind; a test that rotates keys brings its own."""
    shared_sandbox.sandbox.provider.reset()
    shared_sandbox.sandbox.stream.reset()  # a ban or revocation that is left there would void the next tokens
    shared_sandbox.sandbox.stream.further_pairs.clear()
    return shared_sandbox


def pytest_generate_tests(metafunc):
    """How the exchange is asked: a module that shows both ways says so in ``WAYS``."""
    if "way" in metafunc.fixturenames and hasattr(metafunc.module, "WAYS"):
        metafunc.parametrize("way", metafunc.module.WAYS)


@pytest.fixture
def way():
    """How the exchange is asked where a module says nothing."""
    return "shortcut"


@pytest.fixture
def operators(request):
    """Who operates the service. With nobody it has no database either, and starts faster; a module can name some."""
    return getattr(request.module, "OPERATED_BY", ())


@pytest.fixture
async def gate(sandbox, tmp_path, way, operators):
    async with open_gate(sandbox, tmp_path, way=way, operator_keys=operators) as opened:
        yield opened


@pytest.fixture(scope="module", params=["asgi", "shortcut"])
def either_way(request):
    return request.param


@pytest.fixture(scope="module")
async def shared_gate(request, shared_sandbox, tmp_path_factory, either_way):
    """One service for a whole module, whose tests leave nothing behind in it; with what the module sets in ``GATE``."""
    shared_sandbox.sandbox.provider.reset()
    changed = {"operator_keys": (), "limit_address_per_minute": 0, **getattr(request.module, "GATE", {})}
    async with open_gate(shared_sandbox, tmp_path_factory.mktemp("gate"), way=either_way, **changed) as opened:
        yield opened


@pytest.fixture
def gate_with(sandbox, tmp_path, way, operators):
    """A function that opens a service with changed settings."""

    def opened(**changed):
        return open_gate(sandbox, tmp_path, way=way, **{"operator_keys": operators, **changed})

    return opened
