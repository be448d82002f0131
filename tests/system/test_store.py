"""Two replicas on Debian's PostgreSQL and Redis: they hear of each other, also after a restart of either server."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from support.programs import program, server
from tidegate.clock import SystemClock
from tidegate.store import Database, DatabaseOptions, Store
from tidegate.store.wakers import PostgresWaker, RedisWaker
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import State
from tidegate.watch.probes.stores import RedisProbe

pytestmark = [pytest.mark.system, pytest.mark.anyio]
OPTIONS = DatabaseOptions(timeout_s=5.0)
AS_USER = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
"""PostgreSQL does not run as root."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgresql:
    """A server of Debian's, with a cluster of its own."""

    def __init__(self, directory: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
        assert found, "postgresql is not installed; the system tests need it"
        self._programs = found[-1].parent
        self._data = directory / "data"
        self._port = free_port()
        self.url = f"postgresql://tide@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "--auth=trust", "--username=tide", "-D", str(self._data))

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self._port} -k {self._data}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self._programs / name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/", **AS_USER)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    # Not below pytest's own directory, which is closed to the user that PostgreSQL runs as.
    directory = Path(tempfile.mkdtemp(prefix="tidegate-system-"))
    if AS_USER:
        shutil.chown(directory, AS_USER["user"], AS_USER["group"])
    running = Postgresql(directory)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(directory)


@contextlib.contextmanager
def redis_on(port: int, directory: Path) -> Iterator[None]:
    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
    with server(command, directory, ready):
        yield


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(20):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def replicas(url: str, make: Callable[[], object], poll_s: float) -> AsyncIterator[list[tuple[Store, list[int]]]]:
    """Two running replicas, and what each hears."""
    found = []
    for _ in range(2):
        store = Store(Database.open(url, OPTIONS), SystemClock(), waker=make(), poll_s=poll_s, keep_s=3_600)
        heard: list[int] = []
        store.bus.subscribe("boats", lambda change, to=heard: to.append(change.body["n"]))
        await store.database.migrate()
        await store.bus.catch_up()
        found.append((store, heard))
    tasks = [asyncio.create_task(store.run()) for store, _ in found]
    try:
        yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for store, _ in found:
            await store.database.aclose()


async def publish(store: Store, number: int) -> None:
    async with store.database.begin() as connection:
        await store.bus.publish(connection, "boats", {"n": number})


async def publish_until_heard(store: Store, heard: list[int]) -> None:
    """Whoever looks by itself once an hour only hears because it was woken."""
    with anyio.fail_after(20):
        number = 0
        while not heard:
            number += 1
            await publish(store, number)
            await asyncio.sleep(0.1)


async def test_postgresql_wakes_the_other_replica(postgresql: Postgresql) -> None:
    def make() -> PostgresWaker:
        return PostgresWaker(postgresql.url, OPTIONS)

    async with replicas(postgresql.url, make, 3_600) as ((one, _), (_, heard)):
        await publish_until_heard(one, heard)
        assert heard[0] >= 1


async def test_redis_wakes_the_other_replica_and_may_restart(postgresql: Postgresql, tmp_path: Path) -> None:
    port = free_port()

    def make() -> RedisWaker:
        return RedisWaker(f"redis://127.0.0.1:{port}/0")

    async with replicas(postgresql.url, make, 3_600) as ((one, _), (_, heard)):
        for _ in range(2):
            with redis_on(port, tmp_path):
                heard.clear()
                await publish_until_heard(one, heard)
                assert heard[0] >= 1


async def test_the_database_crashes_and_comes_back(postgresql: Postgresql) -> None:
    async with replicas(postgresql.url, lambda: None, 0.05) as ((one, _), (other, heard)):
        await publish_until_heard(one, heard)
        leases = [one.lease("push", 60), other.lease("push", 60)]
        assert [await lease.acquire() for lease in leases] == [True, False]

        await asyncio.to_thread(postgresql.stop)
        await until(lambda: other.down_seconds() is not None)
        await asyncio.to_thread(postgresql.start)
        await until(lambda: one.down_seconds() is None and other.down_seconds() is None)
        last = heard[-1]
        await publish(one, last + 1_000)
        await until(lambda: heard[-1] == last + 1_000)

        assert [await lease.acquire() for lease in leases] == [True, False]


async def test_the_probe_of_redis_says_how_quickly_it_answers_and_when_it_is_gone(tmp_path: Path) -> None:
    port = free_port()
    probe = RedisProbe(f"redis://127.0.0.1:{port}/0", SystemClock())
    with redis_on(port, tmp_path):
        found = await probe.run()
        assert (found.state, found.cause) == (State.OK, "")
        assert 0 < found.figures["response_seconds"] < 3
    gone = await probe.run()
    assert (gone.state, gone.cause) == (State.FAILING, Cause.REDIS_DOWN)
