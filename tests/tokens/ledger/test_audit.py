"""What a checkpoint that was kept elsewhere shows, and what a chain alone shows."""

import shutil

import pytest

from support.ledgers import Scribe, issued, summed, verified
from tidegate.tokens.ledger.audit import checkpoint_lines, read_checkpoints
from tidegate.tokens.ledger.errors import LedgerError


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "ledger"


def write(folder, *counts, request="r-1"):
    """Batches of so many entries, and where the chain stands after them."""
    scribe = Scribe(folder, segment_bytes=1_000)
    heads = []
    for count in counts:
        for _ in range(count):
            scribe.write(issued(request=request))
        heads.append(scribe.chain.head)
    scribe.leave()
    return heads


def against(folder, *heads):
    return [finding.wrong for finding in verified(folder, checkpoints={head.chain: head for head in heads})]


def test_a_checkpoint_that_the_chain_has_passed(folder):
    first, last = write(folder, 5, 4)

    assert against(folder, first) == [""]
    assert against(folder, last) == [""]


def test_entries_cut_off_at_the_end_show_against_the_checkpoint_alone(folder):
    _, last = write(folder, 5, 4)
    *_, path = sorted(folder.glob("*/*.jsonl"))
    path.unlink()

    assert against(folder) == [""]
    assert "missing at the end" in against(folder, last)[0]


def test_a_chain_made_anew_under_the_same_name(folder):
    (old,) = write(folder, 3)
    (path,) = folder.glob("*/*1.jsonl")
    for segment in folder.glob("*/*.jsonl"):
        segment.unlink()
    write(folder, 6, request="r-2")

    assert path.exists()
    assert "made anew" in against(folder, old)[0]


def test_a_chain_that_is_gone(folder):
    (head,) = write(folder, 3)
    shutil.rmtree(folder / head.chain)

    assert "gone" in against(folder, head)[0]


def test_a_finding_has_the_extent_of_the_chain(folder):
    write(folder, 7)
    (finding,) = verified(folder)

    assert (finding.entries, finding.head.n, finding.pruned_through, finding.torn) == (7, 7, 0, 0)
    assert finding.since == finding.until == "2027-01-15T08:00:00.000Z"


def test_a_finding_says_how_many_refusals_are_in_sums_and_a_changed_sum_is_found(folder):
    scribe = Scribe(folder)
    scribe.write(issued(agent=b'","event":"summed","count":9'), summed(count=1_200), summed(count=34))
    scribe.leave()
    (finding,) = verified(folder)
    assert (finding.wrong, finding.summed, finding.lost) == ("", 1_234, 0)

    (path,) = folder.glob("*/*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"count":1200', b'"count":1201'))
    (finding,) = verified(folder)
    assert "holds up to entry 1, and not further" in finding.wrong
    assert finding.summed == 0


def test_checkpoints_are_read_as_they_were_written_and_the_furthest_counts(folder, tmp_path):
    heads = write(folder, 2, 3)
    (file := tmp_path / "checkpoints").write_text(checkpoint_lines([*heads, heads[0]]))

    assert read_checkpoints(file) == {heads[1].chain: heads[1]}


@pytest.mark.parametrize("text", ["{", "[]", '{"chain": "a", "n": 1}', '{"chain": "a", "n": "x", "mac": ""}'])
def test_what_is_no_checkpoint(tmp_path, text):
    (tmp_path / "file").write_text(text)
    with pytest.raises(LedgerError, match="no file of checkpoints"):
        read_checkpoints(tmp_path / "file")
