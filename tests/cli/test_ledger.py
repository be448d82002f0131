"""The commands of the ledger, on the ledger of a service and on a copy of it."""

import csv
import io
import json
import re
import shutil
import time

import pytest

from support.ledgers import Scribe, issued, operated, summed
from tidegate.tokens.ledger.keys import KEY_FILE, ledger_keys


@pytest.fixture
def folder(workplace):
    return workplace / ".tidegate" / "ledger"


@pytest.fixture
def written(workplace, folder):
    """A chain of five entries where the service keeps it by default."""
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    batch = scribe.write(*(issued(request=f"r-{n}") for n in range(5)))
    scribe.leave()
    scribe.lines = batch.octets.splitlines()
    return scribe


def test_a_ledger_that_holds(tidegate, written):
    ended = tidegate("ledger", "verify")

    assert (ended.status, ended.err) == (0, "")
    assert f"pass  {written.chain.name}  entries 1 to 5, 2027-01-15T08:00:00.000Z to" in ended.out
    assert "5 entries hold. Every chain is whole." in ended.out


@pytest.mark.usefixtures("written")
def test_a_changed_entry_is_found(tidegate, folder):
    (path,) = folder.glob("*/*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"r-3"', b'"r-9"'))
    ended = tidegate("ledger", "verify")

    assert ended.status == 1
    assert "holds up to entry 3, and not further" in ended.out
    assert "Broken chains: 1." in ended.out


@pytest.mark.usefixtures("written")
def test_what_was_cut_off_is_found_against_a_checkpoint(tidegate, folder, workplace):
    (workplace / "kept").write_text(tidegate("ledger", "checkpoint").out)
    (path,) = folder.glob("*/*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))

    assert tidegate("ledger", "verify").status == 0
    ended = tidegate("ledger", "verify", "--against", "kept")
    assert ended.status == 1
    assert "missing at the end: the checkpoint says that there were 5, there are 3" in ended.out


@pytest.mark.usefixtures("written")
def test_a_copy_elsewhere_with_its_key(tidegate, folder, workplace):
    shutil.copytree(folder, workplace / "copy")
    shutil.move(workplace / ".tidegate" / KEY_FILE, workplace / "key")
    shutil.rmtree(folder)

    assert tidegate("ledger", "verify", "--folder", "copy", "--key-file", "key").status == 0
    ended = tidegate("ledger", "verify", "--folder", "copy")
    assert (ended.status, "TIDEGATE_LEDGER_KEY" in ended.err) == (1, True)


def test_where_there_is_none(tidegate):
    ended = tidegate("ledger", "verify")

    assert ended.status == 2
    assert "there is no ledger" in ended.err


def test_entries_are_looked_up(tidegate, written):
    ended = tidegate("ledger", "query", "--user", "ada", "--newest", "2")
    assert ended.status == 0
    assert [line.split()[-1] for line in ended.out.splitlines()[1:]] == ["r-3", "r-4"]

    ended = tidegate("ledger", "query", "--request", "r-1", "--json")
    assert json.loads(ended.out)["request"] == "r-1"
    assert ended.out.strip().encode() in written.lines

    assert tidegate("ledger", "query", "--since", "2027-01-16").out.count("\n") == 1


def test_no_entry_commands_the_terminal_or_a_spreadsheet(tidegate, folder, workplace):
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    scribe.write(issued(request="\x1b[2J\r\nforged", agent=b"=HYPERLINK(1)"), issued(request="+1", agent=b"a\nb"))
    scribe.leave()

    assert "\x1b" not in tidegate("ledger", "query").out
    assert "\x1b" not in tidegate("ledger", "export").out
    rows = list(csv.DictReader(io.StringIO(tidegate("ledger", "export", "--csv").out)))
    assert [(row["agent"], row["request"]) for row in rows] == [
        ("'=HYPERLINK(1)", "\\x1b[2J\\r\\nforged"),
        ("a\\nb", "'+1"),
    ]


def test_refusals_in_sums_are_shown(tidegate, folder, workplace):
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    written = scribe.write(issued(), summed(count=8_412), summed(reason="token_malformed", issuer="none", count=3))
    scribe.leave()

    ended = tidegate("ledger", "query", "--event", "summed")
    assert [line.split()[1:] for line in ended.out.splitlines()[1:]] == [
        ["summed", "8412", "token_expired", "clerk"],
        ["summed", "3", "token_malformed", "none"],
    ]
    assert tidegate("ledger", "export").out.encode() == written.octets
    rows = list(csv.DictReader(io.StringIO(tidegate("ledger", "export", "--csv").out)))
    assert [(row["event"], row["count"], row["subject"]) for row in rows[1:]] == [
        ("summed", "8412", ""),
        ("summed", "3", ""),
    ]
    assert "counts 8415 more refusals in sums, since they name nobody" in tidegate("ledger", "verify").out
    (one,) = json.loads(tidegate("ledger", "who", "--from", "1800000000", "--to", "1800000001", "--json").out)
    assert one["user_id"] == "ada"


def test_the_calls_of_an_operator_are_looked_up(tidegate, folder, workplace):
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    scribe.write(issued(), operated(), operated(operator="vera", method="GET"))
    scribe.leave()

    ended = tidegate("ledger", "query", "--operator", "otto")
    (line,) = ended.out.splitlines()[1:]
    called = ["operated", "DELETE", "/operator/v1/bans/{user_id}", "200"]
    assert line.split()[1:] == [*called, "none", "otto", "127.0.0.1", "r-3"]
    assert tidegate("ledger", "query", "--operator", "nobody").out.count("\n") == 1


def test_an_export_is_what_was_written(tidegate, written):
    assert tidegate("ledger", "export").out.encode().splitlines() == written.lines
    assert tidegate("ledger", "export", "--until", "2020-01-01").out == ""


@pytest.mark.usefixtures("written")
def test_who_could_have_held_a_token(tidegate):
    ended = tidegate("ledger", "who", "--from", "2027-01-15T08:30:00Z", "--to", "2027-01-15T08:31:00Z")
    assert ended.status == 0
    assert re.search(r"^ *ada +clerk +user_\w+ +1 +2027-01-15T07:59:55Z +2027-01-15T08:59:55Z", ended.out, re.MULTILINE)
    assert "1 users." in ended.out

    (one,) = json.loads(tidegate("ledger", "who", "--from", "1800000000", "--to", "1800000001", "--json").out)
    assert (one["user_id"], one["tokens"], one["addresses"]) == ("ada", 1, ["203.0.113.7"])
    assert json.loads(tidegate("ledger", "who", "--from", "0", "--to", "1", "--json").out) == []
    assert tidegate("ledger", "who", "--from", "2", "--to", "1").status == 2
    assert tidegate("ledger", "who", "--from", "soon", "--to", "1").status == 2


def test_pruning_asks_and_leaves_a_chain_that_proves(tidegate, workplace, folder, monkeypatch):
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    for day in range(3):
        scribe.write(issued(1_700_000_000 + day * 86_400))
    scribe.leave()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    assert tidegate("ledger", "prune", "--before", "2023-11-16").status != 0
    assert len(list(folder.glob("*/*.jsonl"))) == 3
    ended = tidegate("ledger", "prune", "--before", "2023-11-16", "--yes")
    assert (ended.status, "2 entries in 2 files removed, through entry 2" in ended.out) == (0, True)
    ended = tidegate("ledger", "verify")
    assert (ended.status, "pruned through entry 2" in ended.out) == (0, True)


@pytest.mark.usefixtures("written")
def test_nothing_of_the_last_day_is_pruned(tidegate):
    ended = tidegate("ledger", "prune", "--before", str(int(time.time())), "--yes")

    assert ended.status == 2
    assert "24 hours" in ended.err
