"""The commands of the ledger, on the ledger of a service and on a copy of it."""

import shutil

import pytest

from support.ledgers import Scribe, issued
from tidegate.tokens.ledger.keys import KEY_FILE, ledger_keys


@pytest.fixture
def folder(workplace):
    return workplace / ".tidegate" / "ledger"


@pytest.fixture
def written(workplace, folder):
    """A chain of five entries where the service keeps it by default."""
    key = ledger_keys((), workplace / ".tidegate", make=True).sealing
    scribe = Scribe(folder, key=key)
    scribe.write(*(issued(request=f"r-{n}") for n in range(5)))
    scribe.leave()
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
