import os
import stat

import pytest

from tidegate import ownfiles
from tidegate.ownfiles import NotOurs


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept.json"


@pytest.mark.parametrize("write", [ownfiles.replace, ownfiles.add])
def test_a_file_is_its_owners_alone_and_nothing_lies_beside_it(path, write):
    old = os.umask(0)
    try:
        write(path, b"one")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert ownfiles.read_own(path, largest=3) == b"one"


def test_one_that_is_there_is_replaced_but_not_added_to(path):
    ownfiles.replace(path, b"one")
    with pytest.raises(FileExistsError):
        ownfiles.add(path, b"two")
    assert path.read_bytes() == b"one"
    ownfiles.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("write", [ownfiles.replace, ownfiles.add])
def test_a_disk_that_fails_leaves_what_was_there(path, monkeypatch, write):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    path.write_bytes(b"one")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_can_write_is_not_read(path, mode):
    path.write_bytes(b"one")
    path.chmod(mode)
    with pytest.raises(NotOurs, match="other users"):
        ownfiles.read_own(path, largest=3)


def test_neither_a_link_nor_a_pipe_nor_too_much_is_read(path, tmp_path):
    path.write_bytes(b"four")
    with pytest.raises(NotOurs, match="more than 3 octets"):
        ownfiles.read_own(path, largest=3)
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(path)
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="symbolic links"):
        ownfiles.read_own(link, largest=9)
    with pytest.raises(NotOurs, match="should not be"):
        ownfiles.read_own(pipe, largest=9)
