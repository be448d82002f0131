import os
import stat

import pytest

from tidegate.sandbox import runtime
from tidegate.sandbox.runtime import Running, RuntimeFileError

RUNNING = Running("http://127.0.0.1:1", "http://127.0.0.1:1/idp", "http://127.0.0.1:1/stream", "the-control-token")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / runtime.FILE_NAME


def test_it_reads_what_it_wrote(path):
    runtime.write(path, RUNNING)

    assert runtime.read(path) == RUNNING
    assert RUNNING.pid == os.getpid()


def test_only_the_owner_can_read_it(path):
    old = os.umask(0)
    try:
        runtime.write(path, RUNNING)
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_looser_one_is_tightened_by_replacing_it(path):
    path.parent.mkdir()
    path.write_text("{}")
    path.chmod(0o644)
    runtime.write(path, RUNNING)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_left_where_writing_fails(path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    runtime.write(path, RUNNING)
    monkeypatch.setattr(runtime.Path, "replace", fail)

    with pytest.raises(OSError, match="disk full"):
        runtime.write(path, Running("http://127.0.0.1:2", "", "", "other"))
    assert list(path.parent.iterdir()) == [path]
    assert runtime.read(path) == RUNNING


def test_one_that_others_can_read_is_refused(path):
    runtime.write(path, RUNNING)
    path.chmod(0o640)

    with pytest.raises(RuntimeFileError, match="0600"):
        runtime.read(path)


def test_no_file_means_no_sandbox(path):
    with pytest.raises(RuntimeFileError, match="no sandbox is running"):
        runtime.read(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"url": "http://127.0.0.1:1"}', "x" * 9000],
)
def test_other_content_is_refused(path, text):
    runtime.write(path, RUNNING)
    path.write_text(text)

    with pytest.raises(RuntimeFileError, match="not what a sandbox writes"):
        runtime.read(path)


@pytest.mark.parametrize("url", ["http://sandbox.example:1", "http://10.0.0.1:1", "", "http://localhost.example"])
def test_the_token_is_sent_to_loopback_alone(path, url):
    runtime.write(path, Running(url, "", "", "token"))

    with pytest.raises(RuntimeFileError, match="loopback"):
        runtime.read(path)


def test_it_is_removed_by_its_own_sandbox_alone(path):
    later = Running("http://127.0.0.1:2", "", "", "another-token")
    runtime.write(path, later)

    assert runtime.remove(path, RUNNING) is False
    assert runtime.read(path) == later
    assert runtime.remove(path, later) is True
    assert not path.exists()
    assert runtime.remove(path, later) is False


def test_the_token_is_not_shown():
    assert "the-control-token" not in repr(RUNNING)
