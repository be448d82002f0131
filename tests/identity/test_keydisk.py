"""Key sets on disk: who can write them can forge sessions, so hardly any file is good enough."""

import json
import os
import stat
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from support.jwks import jwks
from tidegate.identity.keydisk import Distrust, KeyDisk, KeyDiskError, SavedKeys
from tidegate.identity.keys import KeySet

ISSUER = "https://login.example"
URL = "https://login.example/jwks.json"
SAVED = SavedKeys(ISSUER, URL, jwks("a"), 1_700_000_000.5, 300.0)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def disk(state):
    return KeyDisk(state)


@pytest.fixture
def file(state, disk):
    disk.save(SAVED)
    (path,) = (state / "keys").iterdir()
    return path


def ignored_for(disk):
    """What the one warning says, where the file is ignored."""
    with capture_logs() as logs:
        assert disk.load(ISSUER, URL) is None
    assert [entry["event"] for entry in logs] == ["keys_on_disk_ignored"]
    return logs[0]["cause"]


def test_what_was_saved_is_loaded(disk, file):
    assert disk.load(ISSUER, URL) == SAVED
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_nothing_saved_is_nothing_to_warn_of(disk):
    with capture_logs() as logs:
        assert disk.load(ISSUER, URL) is None
    assert logs == []


def test_modes_hold_whatever_the_umask(state):
    before = os.umask(0)
    try:
        KeyDisk(state).save(SAVED)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (state / "keys").iterdir()} == {0o600}
    assert stat.S_IMODE((state / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_folder_that_others_can_read_is_closed(state, disk):
    (state / "keys").mkdir(parents=True, mode=0o755)
    disk.save(SAVED)
    assert stat.S_IMODE((state / "keys").stat().st_mode) == 0o700


def test_issuers_and_addresses_never_mix(disk):
    other = replace(SAVED, issuer="https://other.example", document=jwks("b"))
    moved = replace(SAVED, binding=URL + "2", document=jwks("c"))
    for saved in (SAVED, other, moved):
        disk.save(saved)
    for saved in (SAVED, other, moved):
        assert disk.load(saved.issuer, saved.binding) == saved
    assert disk.load("https://other.example", URL + "2") is None


@pytest.mark.parametrize("member", ["issuer", "url"])
def test_a_file_under_the_name_of_another_is_ignored(disk, file, member):
    file.write_text(json.dumps(json.loads(file.read_text()) | {member: "https://other.example"}))
    assert "another issuer or address" in ignored_for(disk)


@pytest.mark.parametrize("value", [None, True, "5", -1, 1e400, [], {}])
@pytest.mark.parametrize("member", ["fetched_at", "fresh_seconds"])
def test_impossible_times_are_ignored(disk, file, member, value):
    file.write_text(json.dumps(json.loads(file.read_text()) | {member: value}))
    assert disk.load(ISSUER, URL) is None


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b"\xff", b'{"issuer": 1, "issuer": 2}', b"[" * 5000, b" " * 300_000]
)
def test_a_damaged_file_is_ignored(disk, file, octets):
    file.write_bytes(octets)
    assert ignored_for(disk) != ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_makes_loading_fail(disk, file, data):
    disk.save(SAVED)
    octets = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(octets[: data.draw(st.integers(0, len(octets)))])
    loaded = disk.load(ISSUER, URL)
    assert loaded is None or (loaded.issuer, loaded.binding) == (ISSUER, URL)


def test_a_symbolic_link_is_not_read(disk, file, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert "cannot be read" in ignored_for(disk)


def test_a_symbolic_link_is_replaced_and_not_followed(disk, file, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.unlink()
    file.symlink_to(victim)
    disk.save(SAVED)
    assert victim.read_text() == "precious"
    assert not file.is_symlink()
    assert disk.load(ISSUER, URL) == SAVED


def test_a_folder_that_is_a_symbolic_link_is_neither_read_nor_written(disk, file, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    file.parent.rename(elsewhere)
    file.parent.symlink_to(elsewhere)
    assert "symbolic link" in ignored_for(disk)
    with pytest.raises(KeyDiskError, match="symbolic link"):
        disk.save(SAVED)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_read(disk, file, mode):
    file.chmod(mode)
    assert "other users" in ignored_for(disk)


def test_a_folder_that_others_can_write_is_not_read(disk, file):
    file.parent.chmod(0o777)
    assert "other users" in ignored_for(disk)


def test_a_file_of_another_user_is_not_read(disk, file, monkeypatch):
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert "other users" in ignored_for(disk)


def test_a_named_pipe_does_not_stop_the_start(disk, file):
    file.unlink()
    os.mkfifo(file)
    assert "should not be" in ignored_for(disk)


def test_a_crash_while_writing_leaves_the_old_file(disk, file, monkeypatch):
    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyDiskError, match="No space left"):
        disk.save(replace(SAVED, fetched_at=1.0))
    assert disk.load(ISSUER, URL) == SAVED
    assert list(file.parent.iterdir()) == [file]


def test_the_file_is_flushed_before_it_takes_its_name(disk, file, monkeypatch):
    steps = []
    monkeypatch.setattr(os, "fsync", lambda _: steps.append(("flush", json.loads(file.read_text())["fetched_at"])))
    disk.save(replace(SAVED, fetched_at=2.0))
    assert steps == [("flush", SAVED.fetched_at), ("flush", 2.0)]


def test_only_the_keys_are_kept(disk, file):
    disk.save(replace(SAVED, document=SAVED.document | {"extra": "x" * 1000}))
    assert disk.load(ISSUER, URL) == SAVED
    assert "extra" not in file.read_text()


def test_distrusted_keys_are_kept_by_issuer(disk, state):
    disk.distrust(ISSUER, Distrust(thumbprints=frozenset({"t1"})))
    disk.distrust(ISSUER, Distrust(names=frozenset({"n1"})))
    assert disk.distrusted(ISSUER) == Distrust(frozenset({"t1"}), frozenset({"n1"}))
    assert disk.distrusted("https://other.example") == Distrust()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (state / "keys").iterdir()} == {0o600}


@pytest.mark.parametrize("octets", [b"", b"{}", b'{"issuer": "x", "thumbprints": [], "names": []}'])
def test_a_list_of_distrusted_keys_that_cannot_be_read_is_no_empty_list(disk, state, octets):
    disk.distrust(ISSUER, Distrust(names=frozenset({"n1"})))
    (path,) = (state / "keys").iterdir()
    path.write_bytes(octets)
    with pytest.raises(KeyDiskError):
        disk.distrusted(ISSUER)
    with pytest.raises(KeyDiskError):
        disk.distrust(ISSUER, Distrust(names=frozenset({"n2"})))


@pytest.mark.parametrize("value", [None, "n1", [1], {}])
@pytest.mark.parametrize("member", ["thumbprints", "names"])
def test_a_damaged_list_of_distrusted_keys(disk, state, member, value):
    disk.distrust(ISSUER, Distrust(names=frozenset({"n1"})))
    (path,) = (state / "keys").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {member: value}))
    with pytest.raises(KeyDiskError, match="damaged"):
        disk.distrusted(ISSUER)


def test_the_list_of_distrusted_keys_is_bounded(disk):
    disk.distrust(ISSUER, Distrust(names=frozenset(map(str, range(1000)))))
    with pytest.raises(KeyDiskError, match="more than 1000"):
        disk.distrust(ISSUER, Distrust(names=frozenset({"one more"})))


def test_what_is_covered_by_distrust():
    first, second = KeySet.from_jwks(jwks("a", "b"))
    assert Distrust(thumbprints=frozenset({first.fingerprint})).covers(first)
    assert Distrust(names=frozenset({first.fingerprint})).covers(first)
    assert Distrust(names=frozenset({"a"})).covers(first)
    assert not Distrust(frozenset({first.fingerprint}), frozenset({"a"})).covers(second)
    assert not Distrust(thumbprints=frozenset({"a"})).covers(first)
