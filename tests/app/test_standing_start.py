"""A replica that starts: whom the database bans gets no token, however early the question comes."""

import asyncio
import socket
import time

import pytest
from pydantic import SecretStr

from support.gate import open_gate, settings_for
from tidegate.app.build import build
from tidegate.metrics import REGISTRY
from tidegate.tokens.standing import repo

pytestmark = pytest.mark.anyio

ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"
UNLIMITED = {"profile_sync": "off", "limit_address_per_minute": 0, "limit_subject_per_minute": 0}


@pytest.fixture
async def banned(sandbox, tmp_path):
    """A state directory whose database bans Ada."""
    async with open_gate(sandbox, tmp_path, profile_sync="off") as gate, gate.operator() as otto:
        assert (await otto.post("/operator/v1/bans", json={"user": ADA})).status_code == 200
    return tmp_path


async def asked(gate, person, seconds):
    """What the exchange answers from the first moment on, in the order in which the answer changed."""
    session, until, seen = gate.session(person, life=300), time.monotonic() + seconds, []
    while time.monotonic() < until:
        answer = await gate.exchange(session)
        said = (answer.status_code, answer.json().get("reason"), answer.headers.get("retry-after"))
        if not seen or seen[-1] != said:
            seen.append(said)
        await asyncio.sleep(0.005)
    return seen


async def test_a_sound_database(sandbox, banned):
    async with open_gate(sandbox, banned, wait=False, **UNLIMITED) as gate:
        ready = await gate.client.get("/readyz", params={"verbose": ""})
        assert (ready.status_code, ready.json()["checks"]["standing"]) == (503, "loading")
        answers = [asyncio.create_task(asked(gate, person, 1.0)) for person in ("ada", "grace")]
        while gate.runtime.standing.memory.knowledge == "loading":
            await asyncio.sleep(0.01)
        ada, grace = [
            await task + await asked(gate, name, 0.1) for task, name in zip(answers, ("ada", "grace"), strict=True)
        ]
        ada, grace = list(dict.fromkeys(ada)), list(dict.fromkeys(grace))
    assert ada == [(503, "store_unavailable", "1"), (403, "subject_banned", None)]
    assert grace == [(503, "store_unavailable", "1"), (200, None, None)]


async def test_a_slow_database(sandbox, banned, monkeypatch):
    page, answers = repo.page, asyncio.Event()

    async def slow(*arguments, **more):
        await answers.wait()
        return await page(*arguments, **more)

    monkeypatch.setattr(repo, "page", slow)
    async with open_gate(sandbox, banned, wait=False, **UNLIMITED) as gate:
        assert await asked(gate, "ada", 0.3) == [(503, "store_unavailable", "1")]
        answers.set()
        assert (await asked(gate, "ada", 0.3))[-1] == (403, "subject_banned", None)
        assert (await gate.client.get("/readyz")).status_code == 200


async def test_an_absent_database_is_waited_for_so_long_and_no_longer(sandbox, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = SecretStr(f"postgresql://tide@127.0.0.1:{closed.getsockname()[1]}/none")
        async with open_gate(sandbox, tmp_path, wait=False, database_url=url, **UNLIMITED) as gate:
            assert await asked(gate, "ada", 0.3) == [(503, "store_unavailable", "1")]
            assert (await gate.client.get("/readyz")).status_code == 503
            while gate.runtime.store.database.healthy():
                await asyncio.sleep(0.01)
            gate.clock.shift = 5
            assert (await asked(gate, "ada", 0.1))[-1][0] == 200
            assert (await gate.client.get("/readyz")).status_code == 200
            assert REGISTRY.get_sample_value("tidegate_standing_loaded") == 0
            issues = gate.runtime.watch.health().troubleshooting.issues
    assert any("was not read since the start" in issue for issue in issues)


async def test_who_keeps_nothing_does_not_wait(sandbox, tmp_path):
    runtime = build(settings_for(sandbox, tmp_path, operator_keys=()))
    assert runtime.standing.memory.knowledge == "known"
