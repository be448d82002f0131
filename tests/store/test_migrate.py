"""The scripts make exactly the tables that the code declares, on both kinds of database."""

import asyncio
import importlib
import pkgutil
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import tidegate
from tidegate.store import Database, migrate
from tidegate.store.schema import metadata

pytestmark = pytest.mark.anyio


@pytest.fixture
def empty_url(tmp_path, request):
    """The URL of a database without a table, of the kind that the test names."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with request.getfixturevalue("postgresql_server").database(migrated=False) as url:
        yield url


both = pytest.mark.parametrize("empty_url", ["sqlite", "postgresql"], indirect=True)


def load_every_table():
    """Import each room's schema, so that the metadata is whole."""
    for found in pkgutil.walk_packages(tidegate.__path__, "tidegate."):
        if found.name.rpartition(".")[2] == "schema" and ".http." not in found.name:
            importlib.import_module(found.name)


async def test_the_head_is_the_metadata(database):
    load_every_table()

    def differences(connection):
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


@both
async def test_an_empty_database_is_brought_up_to_date_once(empty_url):
    database = Database.open(empty_url)
    assert await database.migrate()
    assert not await database.migrate()
    assert (await database.standing()).revision == migrate.head()
    await database.aclose()


@both
async def test_replicas_that_start_together_do_not_disturb_each_other(empty_url):
    replicas = [Database.open(empty_url) for _ in range(3)]
    done = await asyncio.gather(*(replica.migrate() for replica in replicas))
    for replica in replicas:
        await replica.aclose()

    assert sorted(done) == [False, False, True]


@both
async def test_a_schema_of_a_later_version_is_left_alone(empty_url):
    database = Database.open(empty_url)
    await database.migrate()
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert not await database.migrate()
    await database.aclose()


def test_the_scripts_are_one_line_in_the_order_of_their_numbers():
    scripts = list(ScriptDirectory(str(migrate.SCRIPTS)).walk_revisions())
    numbers = [script.revision for script in reversed(scripts)]

    assert numbers == [f"{number:04}" for number in range(1, len(scripts) + 1)]
    assert [script.down_revision for script in reversed(scripts)] == [None, *numbers[:-1]]
    assert migrate.head() == numbers[-1]
    assert not any(hasattr(script.module, "downgrade") for script in scripts)


def printed_by(program):
    """What a process of its own prints, which has loaded nothing yet."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout


def test_alembic_is_not_loaded_where_nothing_is_due(database_url):
    program = f"""
import asyncio, sys
from tidegate.store import Database
print("sqlalchemy" in sys.modules)
async def main():
    database = Database.open({database_url!r})
    await database.migrate()
    await database.aclose()
asyncio.run(main())
print("sqlalchemy" in sys.modules, "alembic" in sys.modules)
"""
    assert printed_by(program) == "False\nTrue False\n"


def test_the_service_can_be_imported_without_sqlalchemy():
    program = "import sys, tidegate.app.run, tidegate.store; print('sqlalchemy' in sys.modules)"
    assert printed_by(program) == "False\n"
