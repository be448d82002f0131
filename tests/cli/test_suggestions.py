import sys
from pathlib import Path

import pytest

from tidegate.cli.suggestions import gate_url, lines_to_try, program, session_command


@pytest.fixture
def started_by(monkeypatch, workplace):
    def start(path, *, make=True):
        script = workplace / path
        if make:
            script.parent.mkdir(parents=True, exist_ok=True)
            script.touch(mode=0o700)
        monkeypatch.setattr(sys, "argv", [str(path), "serve"])

    return start


def test_a_program_inside_the_directory_is_called_by_its_path(started_by, workplace, monkeypatch):
    started_by(".venv/bin/tidegate")
    assert program() == ".venv/bin/tidegate"

    monkeypatch.setattr(sys, "argv", [str(workplace / ".venv/bin/tidegate")])
    assert program() == ".venv/bin/tidegate"


def test_a_program_elsewhere_is_called_so_that_it_is_found(started_by, workplace, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("else where")
    started_by(elsewhere / "tidegate")
    assert program() == f"'{elsewhere}/tidegate'"

    monkeypatch.setenv("PATH", str(elsewhere))
    assert program() == "tidegate"

    monkeypatch.setenv("PATH", f"{workplace}:{elsewhere}")
    (workplace / "tidegate").touch(mode=0o700)  # another one comes first
    assert program() == f"'{elsewhere}/tidegate'"


@pytest.mark.parametrize(("beside", "shown"), [(True, "v/bin/tidegate"), (False, "v/bin/python -m tidegate")])
def test_a_program_run_as_a_module(started_by, workplace, monkeypatch, beside, shown):
    started_by("src/tidegate/__main__.py")
    python = workplace / "v" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o700)
    if beside:
        python.with_name("tidegate").touch(mode=0o700)
    monkeypatch.setattr(sys, "executable", str(python))

    assert program() == shown


def test_the_state_directory_is_named_where_it_would_not_be_found(started_by, monkeypatch):
    started_by("tidegate")
    assert session_command(Path(".tidegate")).endswith(" session")
    assert session_command(Path("my state")).endswith(" session --state-dir 'my state'")

    monkeypatch.setenv("TIDEGATE_STATE_DIR", "elsewhere")
    assert session_command(Path("elsewhere")).endswith(" session")
    assert session_command(Path(".tidegate")).endswith(" session --state-dir .tidegate")


@pytest.mark.parametrize(
    ("address", "tls", "url"),
    [
        (("127.0.0.1", 8000), False, "http://127.0.0.1:8000"),
        (("0.0.0.0", 8000), False, "http://127.0.0.1:8000"),
        (("::1", 8000), True, "https://[::1]:8000"),
        (("::", 1), False, "http://[::1]:1"),
    ],
)
def test_urls(address, tls, url):
    assert gate_url(address, tls=tls) == url


def test_lines_are_whole_commands(started_by):
    started_by("tidegate")
    lines = list(lines_to_try("http://127.0.0.1:1", Path(".tidegate")))

    assert lines[0] == 'curl -X POST -H "Authorization: Bearer $(tidegate session)" http://127.0.0.1:1/stream/token'
    assert all(line.startswith("curl ") for line in lines)
