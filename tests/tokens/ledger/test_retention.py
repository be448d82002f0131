"""Pruned chains prove; and a machine that writes, crashes, prunes and restarts finds no way to break one."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support.issuing import NOW
from support.ledgers import KEY, OTHER_KEY, Scribe, issued, summed, verified
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import lock
from tidegate.tokens.ledger.reading import FileChain, file_chains
from tidegate.tokens.ledger.retention import prunable, prune
from tidegate.tokens.ledger.segments import PRUNE_LOCK_FILE, chains

DAY = 86_400


@pytest.fixture
def folder(tmp_path):
    """Five days, a file each, two entries a day."""
    scribe = Scribe(tmp_path / "ledger")
    for day in range(5):
        scribe.write(issued(NOW + day * DAY), issued(NOW + day * DAY + 60))
    scribe.leave()
    return tmp_path / "ledger"


def pruned(folder, before):
    (chain,) = file_chains(folder)
    found = asyncio.run(prunable(chain, KEY, before))
    if found.pieces:
        asyncio.run(prune(found, KEY, NOW + 9 * DAY))
    return found


def state(folder):
    (finding,) = verified(folder)
    return finding.wrong, finding.pruned_through, finding.entries


def test_what_is_left_still_proves(folder):
    assert pruned(folder, NOW + 2 * DAY).entries == 4
    assert state(folder) == ("", 4, 6)
    assert pruned(folder, NOW + 3 * DAY + 30).entries == 2
    assert state(folder) == ("", 6, 4)
    again = Scribe(folder)
    again.write(issued(NOW + 5 * DAY))
    again.leave()
    assert state(folder) == ("", 6, 5)


def test_a_file_whose_last_entry_is_not_its_newest_stays_until_all_are_older(folder):
    scribe = Scribe(folder)
    scribe.write(issued(NOW + 5 * DAY + 0.9), summed(NOW + 5 * DAY + 0.1))
    scribe.write(issued(NOW + 6 * DAY))
    scribe.leave()

    assert pruned(folder, NOW + 5 * DAY + 0.5).entries == 10
    assert pruned(folder, NOW + 5 * DAY + 1).entries == 2
    assert state(folder) == ("", 12, 1)


def test_the_file_in_use_stays(folder):
    assert pruned(folder, NOW + 99 * DAY).entries == 8
    assert state(folder) == ("", 8, 2)


def test_what_does_not_hold_is_not_pruned(folder):
    path = min(folder.glob("*/*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"203.0.113.7", b"203.0.113.8", 1))
    with pytest.raises(LedgerError, match="holds up to entry 0"):
        pruned(folder, NOW + 2 * DAY)
    assert len(list(folder.glob("*/*.jsonl"))) == 5


def test_files_that_a_crash_left_behind_a_prune_count_as_gone(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "before")
    pruned(folder, NOW + DAY)
    pruned(folder, NOW + 3 * DAY)
    for path in (tmp_path / "before").glob("*/*.jsonl"):
        if not (target := folder / path.parent.name / path.name).exists():
            shutil.copy(path, target)

    assert state(folder) == ("", 6, 4)
    scribe = Scribe(folder)
    scribe.write(issued(NOW + 5 * DAY))
    scribe.leave()
    assert pruned(folder, NOW + 4 * DAY).entries == 2
    assert state(folder) == ("", 8, 3)
    assert len(list(folder.glob("*/*.jsonl"))) == 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [(b'"through": 4', b'"through": 6', "seal"), (b'"at": 1', b'"at": 2', "seal"), (b"{", b"[", "damaged")],
)
def test_the_record_of_pruning_cannot_be_forged(folder, old, new, why):
    pruned(folder, NOW + 2 * DAY)
    (record,) = folder.glob("*/pruned.json")
    record.write_bytes(record.read_bytes().replace(old, new))

    assert why in state(folder)[0]


def test_without_its_record_a_pruned_chain_is_a_broken_one(folder):
    pruned(folder, NOW + 2 * DAY)
    next(folder.glob("*/pruned.json")).unlink()

    assert "another number" in state(folder)[0]


def test_one_prunes_at_a_time_and_with_the_chains_own_key(folder):
    (chain,) = chains(folder)
    held = lock(chain.path / PRUNE_LOCK_FILE)
    assert held is not None
    with pytest.raises(LedgerError, match="somebody else"):
        pruned(folder, NOW + 2 * DAY)
    with pytest.raises(LedgerError, match="holds up to entry 0"):
        asyncio.run(prunable(FileChain(chain), OTHER_KEY, NOW + 2 * DAY))


class Life(RuleBasedStateMachine):
    """A ledger over its life; the model is the number of entries that were durable."""

    def __init__(self):
        super().__init__()
        self.kept = Path(tempfile.mkdtemp())
        self.folder = self.kept / "ledger"
        self.now = NOW
        self.durable = 0
        self.scribe = Scribe(self.folder, segment_bytes=2_000)

    def teardown(self):
        self.scribe.leave()
        shutil.rmtree(self.kept)

    @rule(count=st.integers(1, 4))
    def write(self, count):
        self.scribe.write(*[issued(self.now)] * count)
        self.durable += count

    @rule(days=st.integers(1, 3))
    def wait(self, days):
        self.now += days * DAY

    @rule(count=st.integers(1, 3), part=st.floats(0, 1))
    def crash(self, count, part):
        """The process dies within a write: any part of the batch is on the disk."""
        before = {path: path.stat().st_size for path in self.folder.glob("*/*.jsonl")}
        batch = self.scribe.write(*[issued(self.now)] * count)
        self.scribe.leave()
        path = max(self.folder.glob("*/*.jsonl"))
        left = batch.octets[: int(len(batch.octets) * part)]
        with path.open("r+b") as file:
            file.truncate(before.get(path, 0) + len(left))
        self.durable += left.count(b"\n")
        self.scribe = Scribe(self.folder, segment_bytes=2_000)

    @rule()
    def restart(self):
        self.scribe.leave()
        self.scribe = Scribe(self.folder, segment_bytes=2_000)

    @precondition(lambda self: self.durable)
    @rule(days=st.integers(0, 4))
    def prune(self, days):
        pruned(self.folder, self.now - days * DAY)

    @invariant()
    def proves(self):
        findings = verified(self.folder)
        assert [finding.wrong for finding in findings] == [""]
        assert findings[0].head.n == self.durable == self.scribe.chain.n
        assert findings[0].torn == 0


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
