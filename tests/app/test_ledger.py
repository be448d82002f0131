"""The ledger over HTTP: every exchange stands in it, and what is in it proves."""

import contextlib
import json

import anyio
import pytest

from support.ledgers import entry_lines
from support.operating import KEYS, VIEWER
from tidegate.app.ledger import keys_of, ledger_folder
from tidegate.tokens.ledger.audit import audit, read_checkpoints
from tidegate.tokens.ledger.reading import file_chains
from tidegate.tokens.ledger.rows import database_chains
from tidegate.tokens.ledger.search import search, wanted

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")

OPERATED_BY = KEYS
ADA = "user_2sandboxadaXk4Tz9QmWv2LrB7Nc"


async def entries(gate, count):
    """The exchanges in the ledger, once there are so many."""
    folder = ledger_folder(gate.runtime.settings)
    with anyio.fail_after(5):
        while True:
            found = [json.loads(line) for line in entry_lines(folder)]
            found = [entry for entry in found if entry["event"] in {"issued", "refused"}]
            if len(found) >= count:
                return found
            await anyio.sleep(0.02)


async def test_issuances_and_refusals_stand_in_it_and_the_chain_holds(gate):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    token = gate.session(impersonated_by="user_support")
    answer = await gate.exchange(token, user_agent='evil"\x1b[31m', traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    refused = await gate.exchange(gate.session(expired=True), "/api/chat/token")
    nothing = await gate.client.post("/stream/token")

    first, second, third = await entries(gate, 3)
    assert first["user_id"] == answer.json()["user_id"] == ADA
    assert (first["subject"], first["act"], first["issuer"]) == (ADA, "user_support", "sandbox")
    assert (first["address"], first["agent"], first["trace"]) == ("203.0.113.7", 'evil"\x1b[31m', trace)
    assert first["request"] == answer.headers["x-request-id"]
    assert (second["reason"], second["issuer"]) == (refused.json()["reason"], "sandbox")
    assert second["request"] == refused.headers["x-request-id"]
    assert (third["reason"], third["issuer"]) == (nothing.json()["reason"], "none")
    settings = gate.runtime.settings
    (finding,) = await audit(file_chains(ledger_folder(settings)), keys_of(settings, make=False), checkpoints={})
    assert (finding.wrong, finding.entries) == ("", 4)


async def test_no_token_and_no_session_is_written(gate):
    token = gate.session()
    answer = await gate.exchange(token)
    await entries(gate, 1)
    written = b"\n".join(entry_lines(ledger_folder(gate.runtime.settings))).decode()
    for part in (*token.split("."), *answer.json()["token"].split(".")[1:], "Ada Lovelace", "ada@sandbox"):
        assert part not in written


async def test_a_refusal_after_verification_says_whose(gate_with):
    async with gate_with(limit_subject_per_minute=1) as gate:
        token = gate.session()
        while (answer := await gate.exchange(token)).status_code == 200:
            pass
        *_, last = await entries(gate, 2)
    assert (last["reason"], last["user_id"]) == (answer.json()["reason"], ADA) == ("limit_subject", ADA)


async def test_strangers_beyond_the_bound_are_counted_and_persons_are_not(gate_with):
    async with gate_with(
        ledger_refusals_per_second=2, limit_subject_per_minute=1, limit_address_per_minute=10_000
    ) as gate:
        for _ in range(20):
            assert (await gate.client.post("/stream/token")).status_code == 401
        token = gate.session()
        answers = [(await gate.exchange(token)).status_code for _ in range(6)]
    written = [json.loads(line) for line in entry_lines(ledger_folder(gate.runtime.settings))]
    strangers = [one for one in written if one["event"] == "refused" and "subject" not in one]
    sums = [one for one in written if one["event"] == "summed"]
    assert len(strangers) + sum(one["count"] for one in sums) == 20
    assert {(one["reason"], one["issuer"]) for one in sums} == {("token_missing", "none")}
    assert [one["reason"] for one in written if "subject" in one and one["event"] == "refused"] == [
        "limit_subject"
    ] * answers.count(429)
    assert answers.count(429) > 0
    settings = gate.runtime.settings
    (finding,) = await audit(file_chains(ledger_folder(settings)), keys_of(settings, make=False), checkpoints={})
    assert (finding.wrong, finding.summed) == ("", sum(one["count"] for one in sums))


async def test_the_calls_of_operators_stand_in_it_and_no_key_does(gate_with):
    distrust = "/operator/v1/issuers/sandbox/distrust"
    async with (
        gate_with(ledger_refusals_per_second=1, operator_failures_per_minute=1_000) as gate,
        gate.operator() as otto,
        gate.operator("tgo_" + "x" * 43) as stranger,
    ):
        done = await otto.post(distrust, json={"kid": "none-such"})
        unknown = await otto.get("/operator/v1/somebody%20s%20name")
        for _ in range(20):
            await stranger.get("/operator/v1/whoami")
    lines = entry_lines(ledger_folder(gate.runtime.settings))
    written = [json.loads(line) for line in lines]
    calls = [entry for entry in written if entry["event"] == "operated"]
    assert [(one["operator"], one["method"], one["route"], one["status"], one["request"]) for one in calls[:2]] == [
        ("otto", "POST", "/operator/v1/issuers/{name}/distrust", 200, done.headers["x-request-id"]),
        ("otto", "GET", "unmatched", 404, unknown.headers["x-request-id"]),
    ]
    strangers = [one for one in calls if "operator" not in one]
    sums = [one for one in written if one["event"] == "summed"]
    assert {one["reason"] for one in (*strangers, *sums)} == {"operator_key_refused"}
    assert len(strangers) + sum(one["count"] for one in sums) == 20
    assert not any(b"tgo_" in line or b"none-such" in line or b"somebody" in line for line in lines)


async def test_hashed_names(gate_with):
    async with gate_with(ledger_hashed=True) as gate:
        await gate.exchange(gate.session())
        (entry,) = await entries(gate, 1)
        key = keys_of(gate.runtime.settings, make=False).sealing
    assert entry["user_id"] == key.name("user_id", ADA)
    assert entry["address"] == key.name("address", "203.0.113.7")


async def test_with_sync_the_entry_is_there_before_the_answer(gate_with):
    async with gate_with(ledger_durability="sync") as gate:
        assert gate.runtime.app.shortcuts == {}
        for count in range(1, 6):
            answer = await gate.exchange(gate.session())
            written = [json.loads(line) for line in entry_lines(ledger_folder(gate.runtime.settings))]
            assert [entry["request"] for entry in written if entry["event"] == "issued"].count(
                answer.headers["x-request-id"]
            ) == 1
            assert len(written) == count + 1


async def test_a_folder_that_cannot_be_used_stops_no_exchange_unless_it_is_to(gate_with, tmp_path):
    (tmp_path / "file").write_text("")
    async with gate_with(ledger_dir=tmp_path / "file") as gate:
        assert (await gate.exchange(gate.session())).status_code == 200
        with anyio.fail_after(5):
            while "The ledger cannot be written" not in str(gate.runtime.watch.health()):
                await anyio.sleep(0.01)
        (tmp_path / "file").unlink()  # the end waits for as long as the folder cannot be used
    assert [json.loads(line)["event"] for line in entry_lines(tmp_path / "file")] == ["opened", "issued", "closed"]
    (tmp_path / "another").write_text("")
    async with gate_with(ledger_dir=tmp_path / "another", ledger_durability="sync", ledger_wait_ms=50) as gate:
        answer = await gate.exchange(gate.session())
        (tmp_path / "another").unlink()
    assert (answer.status_code, answer.json()["reason"]) == (503, "ledger_unavailable")
    assert "token" not in answer.json()


async def test_in_the_database(gate_with):
    async with gate_with(ledger="database", ledger_durability="sync", ledger_wait_ms=20_000) as gate:
        answer = await gate.exchange(gate.session())
        assert answer.status_code == 200
        settings = gate.runtime.settings

        @contextlib.asynccontextmanager
        async def opens():
            yield gate.runtime.store.database

        keys = keys_of(settings, make=False)
        entries = search(await database_chains(opens), keys, wanted(keys, {"event": "issued"}))
        assert [entry.request async for entry in entries] == [answer.headers["x-request-id"]]
    assert not ledger_folder(settings).exists()


async def test_switched_off_nothing_is_written(gate_with):
    async with gate_with(ledger="off") as gate:
        assert (await gate.exchange(gate.session())).status_code == 200
    assert not ledger_folder(gate.runtime.settings).exists()


HEAD = "/operator/v1/ledger/head"


async def test_a_viewer_is_told_where_the_chain_stands_and_a_copy_proves_what_is_cut_off(gate, tmp_path):
    async with gate.operator(VIEWER) as vera:
        for _ in range(3):
            await gate.exchange(gate.session())
        await entries(gate, 3)
        with anyio.fail_after(5):
            while (answer := await vera.get(HEAD)).json().get("n", 0) < 4:
                await anyio.sleep(0.02)
    (tmp_path / "kept elsewhere").write_text(answer.text + "\n")
    checkpoints = read_checkpoints(tmp_path / "kept elsewhere")
    folder, keys = ledger_folder(gate.runtime.settings), keys_of(gate.runtime.settings, make=False)

    (finding,) = await audit(file_chains(folder), keys, checkpoints=checkpoints)
    assert finding.wrong == ""
    (path,) = folder.glob("*/*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    (finding,) = await audit(file_chains(folder), keys, checkpoints=checkpoints)
    assert "entries are missing at the end" in finding.wrong


async def test_where_there_is_no_chain_there_is_no_head(gate_with, tmp_path):
    (tmp_path / "file").write_text("")
    async with gate_with(ledger="off") as gate, gate.operator(VIEWER) as vera:
        assert ((await vera.get(HEAD)).status_code, (await vera.get(HEAD)).json()["reason"]) == (404, "not_found")
    async with gate_with(ledger_dir=tmp_path / "file") as gate, gate.operator(VIEWER) as vera:
        assert (await vera.get(HEAD)).json()["reason"] == "ledger_unavailable"
        (tmp_path / "file").unlink()
