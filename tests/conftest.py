"""What every test shares: one event loop kind, no socket beyond loopback, and databases (see support/databases.py)."""

import gc
import ipaddress
import os
import socket
import sys
from pathlib import Path

import hypothesis
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa

from support.rsakeys import generate_private_key
from tidegate.store import Database

rsa.generate_private_key = generate_private_key

# A time limit for each example would measure the machine. `make stress` looks longer: HYPOTHESIS_PROFILE=thorough.
hypothesis.settings.register_profile("quick", max_examples=40, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def _loopback_only(event: str, args: tuple[object, ...]) -> None:
    """Refuse to leave the machine: a unit test that needs the network is a wrong test."""
    if event != "socket.connect":
        return
    sock, address = args
    if not isinstance(sock, socket.socket) or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"a test tried to connect to {host}, which is not loopback")


sys.addaudithook(_loopback_only)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Workers share the work that would otherwise be each one's."""
    worker = getattr(session.config, "workerinput", None)
    if worker is not None and not sys.dont_write_bytecode:
        from support.rewriting import rewrite_share

        share = int(worker["workerid"].removeprefix("gw"))
        rewrite_share(session.config, Path(__file__).parent, share, worker["workercount"])


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: the collector need not walk over them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """What one test set up of the log, its level for instance, is not the next one's."""
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql_server():
    """A real PostgreSQL, started when the first test asks for it; the workers of a run share it."""
    from support.databases import Postgresql

    server = Postgresql()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory):
    from support.databases import SqliteFiles

    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def postgresql_url(tmp_path, request):
    """The URL of an empty, migrated database on PostgreSQL."""
    from support.databases import new_database

    with new_database("postgresql", tmp_path, request.getfixturevalue) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(tmp_path, request):
    """The URL of an empty, migrated database, of each kind in turn."""
    from support.databases import new_database

    with new_database(request.param, tmp_path, request.getfixturevalue) as url:
        yield url


@pytest.fixture
async def database(database_url):
    """An empty, migrated database, of each kind in turn."""
    opened = Database.open(database_url)
    yield opened
    await opened.aclose()
