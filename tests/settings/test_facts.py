import os
from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, SECRET
from tidegate.settings import facts, load


def test_modes_are_looked_up(workdir: Path):
    (workdir / ".env").write_text("TIDEGATE_STATE_DIR=state\n")
    (workdir / ".env").chmod(0o604)
    (workdir / "state").mkdir(mode=0o750)
    (workdir / "state").chmod(0o750)
    for name in ("chain.pem", "key.pem"):
        (workdir / name).write_text("pem")
        (workdir / name).chmod(0o640)
    loaded = load({"TIDEGATE_TLS_CERTIFICATE_FILE": "chain.pem", "TIDEGATE_TLS_KEY_FILE": "key.pem"})
    found = facts.gather(loaded, {})
    assert (found.env_file_mode, found.tls_key_mode, found.state_dir_mode) == (0o604, 0o640, 0o750)
    assert found.state_dir_writable


def test_nothing_there_is_nothing_known():
    found = facts.gather(load({}), {})
    assert (found.env_file_mode, found.tls_key_mode, found.state_dir_mode) == (None, None, None)
    assert found.state_dir_writable
    assert found.public_secrets == ()


def test_a_state_directory_that_cannot_be_one(workdir: Path):
    (workdir / "file").write_text("")
    assert not facts.gather(load({"TIDEGATE_STATE_DIR": "file/state"}), {}).state_dir_writable


@pytest.mark.parametrize("mode", [0o500, 0o600])
def test_a_state_directory_without_permission(workdir: Path, mode, monkeypatch: pytest.MonkeyPatch):
    (workdir / "state").mkdir()
    asked = []

    def access(path: Path, wanted: int) -> bool:
        asked.append(wanted)
        assert path == workdir / "state"
        return mode & (wanted << 6) == wanted << 6

    # root may write anywhere, so what the system would say to somebody else is put in its place.
    monkeypatch.setattr(os, "access", access)
    assert not facts.gather(load({"TIDEGATE_STATE_DIR": "state"}), {}).state_dir_writable
    assert asked == [os.W_OK | os.X_OK]


def test_public_secrets_by_name_and_value():
    loaded = load(DEVELOPMENT)
    environ = {"NEXT_PUBLIC_A": SECRET, "NEXT_PUBLIC_B_SECRET": "x", "NEXT_PUBLIC_C": "x"}
    assert facts.gather(loaded, environ).public_secrets == ("NEXT_PUBLIC_A", "NEXT_PUBLIC_B_SECRET")
