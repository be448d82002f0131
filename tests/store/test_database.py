"""Both kinds of database behave alike."""

import asyncio

import anyio
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from tidegate.store import Database, DatabaseOptions, StoreUnavailable

pytestmark = pytest.mark.anyio

BOATS = Table("boats", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(20)))


@pytest.fixture
async def boats(database):
    async with database.begin() as connection:
        await connection.run_sync(BOATS.create)
    return database


async def count(database):
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(BOATS))).scalar_one()


async def test_what_a_block_wrote_is_there_afterwards(boats):
    async with boats.begin() as connection:
        await connection.execute(insert(BOATS), [{"id": 1, "name": "ark"}, {"id": 2, "name": "raft"}])

    assert await count(boats) == 2


async def test_an_exception_takes_everything_back_and_comes_through_as_it_is(boats):
    async def work():
        async with boats.begin() as connection:
            await connection.execute(insert(BOATS).values(id=1))
            raise KeyError

    with pytest.raises(KeyError):
        await work()

    assert await count(boats) == 0
    assert boats.healthy()


async def test_a_broken_constraint_is_the_callers_business(boats):
    async def work():
        async with boats.begin() as connection:
            await connection.execute(insert(BOATS).values(id=1, name="ark"))
            await connection.execute(insert(BOATS).values(id=1, name="secret-name"))

    with pytest.raises(IntegrityError) as caught:
        await work()

    assert "secret-name" not in str(caught.value).partition("DETAIL")[0]
    assert await count(boats) == 0
    assert boats.healthy()


async def test_nobody_writes_by_reading(boats):
    with pytest.raises(StoreUnavailable):
        async with boats.read() as connection:
            await connection.execute(insert(BOATS).values(id=1))

    assert await count(boats) == 0


async def test_readers_do_not_see_and_do_not_wait_for_what_is_not_committed(boats):
    async with boats.begin() as connection:
        await connection.execute(insert(BOATS).values(id=1))
        with anyio.fail_after(1):
            assert await count(boats) == 0

    assert await count(boats) == 1


async def test_writers_take_turns_and_none_is_lost(boats):
    async def write(number):
        async with boats.begin() as connection:
            highest = (await connection.execute(select(func.max(BOATS.c.id)))).scalar_one() or 0
            await connection.execute(insert(BOATS).values(id=number, name=str(highest)))

    await asyncio.gather(*(write(number) for number in range(1, 21)))

    assert await count(boats) == 20


async def test_who_is_cancelled_in_mid_statement_keeps_nobody_out(boats):
    async def work():
        async with boats.begin() as connection:
            await connection.execute(insert(BOATS), [{"id": number} for number in range(150)])
            begun.set()
            await connection.execute(text("SELECT count(*) FROM boats a, boats b, boats c"))

    for _ in range(3):
        begun = asyncio.Event()
        task = asyncio.ensure_future(work())
        await begun.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with anyio.fail_after(4):
            async with boats.begin() as connection:
                await connection.execute(insert(BOATS).values(id=1_000))
                await connection.execute(delete(BOATS))

    assert task.cancelled()


async def test_a_failure_tells_its_class_and_no_value(boats):
    with pytest.raises(StoreUnavailable) as caught:
        async with boats.begin() as connection:
            await connection.execute(text("SELECT secret_column FROM nowhere WHERE x = :x"), {"x": "secret-value"})

    assert caught.value.cause == "refused"
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not boats.healthy()
    assert await count(boats) == 0
    assert boats.healthy()


async def test_what_was_left_for_after_the_commit_is_done_then(boats):
    done = []
    async with boats.begin() as connection:
        boats.after_commit(connection, lambda: done.append("committed"))
        assert done == []

    async def fail():
        async with boats.begin() as connection:
            boats.after_commit(connection, lambda: done.append("never"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    assert done == ["committed"]


async def test_it_cannot_be_used_once_it_is_closed(boats):
    await boats.aclose()

    with pytest.raises(StoreUnavailable):
        async with boats.read():
            pass


async def test_whoever_waits_for_a_connection_waits_for_a_limited_time(database_url):
    database = Database.open(database_url, DatabaseOptions(connections=1, timeout_s=0.1))
    try:
        async with database.begin():
            with anyio.fail_after(2), pytest.raises(StoreUnavailable) as caught:
                async with database.begin():
                    pass
        assert caught.value.cause == "timeout"
    finally:
        await database.aclose()


@pytest.mark.parametrize("url", ["mysql://a/b", "sqlite:///", "sqlite://", "", "postgresql"])
def test_other_urls_are_refused_without_being_repeated(url):
    with pytest.raises(ValueError, match="not the URL of"):
        Database.open(url)


def test_a_password_is_shown_nowhere():
    database = Database.open("postgresql://tide:hunter2@db.example:5432/gate?sslmode=verify-full")

    assert database.target.shown == "db.example:5432/gate"
    assert "hunter2" not in repr(database.target)


async def test_a_server_that_is_not_there_is_unavailable_soon(unused_port):
    database = Database.open(f"postgresql://tide:hunter2@127.0.0.1:{unused_port}/gate", DatabaseOptions(timeout_s=0.5))
    with anyio.fail_after(2), pytest.raises(StoreUnavailable) as caught:
        async with database.read():
            pass
    await database.aclose()

    assert caught.value.cause == "unreachable"
    assert "hunter2" not in str(caught.value)


async def test_a_file_of_sqlites_is_its_owners_alone(tmp_path):
    database = Database.open(f"sqlite:///{tmp_path / 'new' / 'tidegate.db'}")
    await database.migrate()
    await database.aclose()

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()] == [0o600]
