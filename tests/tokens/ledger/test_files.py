"""Chains in files: what crashes, full disks, other writers and other people leave behind."""

import errno
import os
import stat

import pytest

from support.issuing import NOW
from support.ledgers import KEY, OTHER_KEY, Scribe, entry_lines, issued, verified
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKeys

DAY = 86_400


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "ledger"


def segments(folder):
    return sorted(path.name for path in folder.glob("*/*.jsonl"))


def whole(folder):
    findings = verified(folder)
    assert [finding.wrong for finding in findings] == [""] * len(findings)
    return [finding.entries for finding in findings]


def test_a_restart_goes_on_with_the_chain(folder):
    for _ in range(3):
        scribe = Scribe(folder)
        scribe.write()
        scribe.write(issued(), issued())
        scribe.leave()

    assert whole(folder) == [9]


def test_writers_beside_each_other_have_a_chain_each_and_later_ones_take_them_up(folder):
    first, second = Scribe(folder), Scribe(folder)
    first.write()
    second.write()
    assert first.chain.name != second.chain.name
    first.leave()
    third = Scribe(folder)
    assert third.chain.head == first.chain.head
    second.leave()
    third.leave()

    assert whole(folder) == [1, 1]


@pytest.mark.parametrize("left", [1, 40, -1])
def test_the_line_that_a_crash_cut_off_is_taken_away_and_said_so(folder, left):
    scribe = Scribe(folder)
    scribe.write()
    before = scribe.chain.head
    batch = scribe.write()
    scribe.leave()
    (path,) = folder.glob("*/*.jsonl")
    octets = path.read_bytes().removesuffix(batch.octets)
    torn = batch.octets[:left]
    path.write_bytes(octets + torn)

    assert verified(folder)[0].torn == len(torn)
    again = Scribe(folder)
    assert again.opened.cut == len(torn)
    assert again.chain.head == before
    again.write()
    again.leave()
    assert whole(folder) == [2]


def test_a_chain_that_is_broken_elsewhere_is_left_as_evidence_and_another_begun(folder):
    scribe = Scribe(folder)
    scribe.write(issued(), issued(), issued())
    scribe.leave()
    (path,) = folder.glob("*/*.jsonl")
    changed = path.read_bytes().replace(b"203.0.113.7", b"203.0.113.8", 1)
    path.write_bytes(changed)

    again = Scribe(folder)
    again.write()
    again.leave()
    assert path.read_bytes() == changed
    assert again.chain.name != scribe.chain.name
    broken, sound = sorted(verified(folder), key=lambda finding: finding.wrong == "")
    assert "holds up to entry 0" in broken.wrong
    assert sound.entries == 1


def test_a_segment_has_a_size_and_a_day(folder):
    scribe = Scribe(folder, segment_bytes=1_000)
    for n in range(4):
        scribe.write(issued(NOW + n), issued(NOW + n))
    scribe.write(issued(NOW + DAY))
    scribe.write(issued(NOW + 2 * DAY))
    scribe.write(issued(NOW + 2 * DAY + 1))
    scribe.leave()

    assert segments(folder) == [f"{first:018d}.jsonl" for first in (1, 3, 5, 7, 9, 10)]
    again = Scribe(folder, segment_bytes=1_000)
    again.write(issued(NOW + 2 * DAY + 2))
    again.leave()
    assert whole(folder) == [12]


def test_a_batch_that_failed_halfway_is_kept_once(folder, monkeypatch):
    scribe = Scribe(folder)
    scribe.write()
    real, calls = os.write, []

    def full(descriptor, octets):
        if len(octets) < 100:
            return real(descriptor, octets)
        calls.append(real(descriptor, octets[: len(octets) // 2]))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LedgerError, match="No space left"):
        scribe.write(issued(), issued())
    batch = entry_lines(folder)
    monkeypatch.undo()
    assert calls
    assert len(batch) > 1
    # The writer comes again with the same batch.
    rest = Scribe(folder.parent / "other")
    rest.leave()
    scribe.leave()
    again = Scribe(folder)
    again.write()
    again.leave()
    assert verified(folder)[0].wrong == ""


def test_a_file_that_somebody_removed_is_missed_and_the_rest_is_written(folder):
    scribe = Scribe(folder)
    scribe.write()
    next(folder.glob("*/*.jsonl")).unlink()
    scribe.write()
    scribe.leave()

    assert segments(folder) == ["000000000000000002.jsonl"]
    assert "another number" in verified(folder)[0].wrong


def test_nobody_else_can_read_it(folder):
    scribe = Scribe(folder)
    scribe.write()
    scribe.leave()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_a_folder_that_others_can_write_to_is_refused(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(LedgerError, match="other users"):
        Scribe(folder)


def test_a_file_put_there_as_a_link_is_not_followed(folder, tmp_path):
    scribe = Scribe(folder)
    scribe.leave()
    (target := tmp_path / "target").write_text("kept")
    (folder / scribe.chain.name / "000000000000000001.jsonl").symlink_to(target)
    again = Scribe(folder)
    again.write()
    again.leave()

    assert target.read_text() == "kept"


def test_another_key_begins_another_chain_and_the_old_one_still_proves(folder):
    for key in (KEY, OTHER_KEY):
        scribe = Scribe(folder, key=key)
        scribe.write()
        scribe.leave()

    assert [finding.entries for finding in verified(folder, LedgerKeys([OTHER_KEY, KEY]))] == [1, 1]
    assert any(KEY.id in finding.wrong for finding in verified(folder, LedgerKeys([OTHER_KEY])))
