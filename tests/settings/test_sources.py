from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, KEY, SECRET, problems
from tidegate.settings import load
from tidegate.settings.problems import Unfit
from tidegate.settings.sources import Given, Sources, read_file


def written(workdir: Path, content: bytes | str) -> Path:
    path = workdir / "settings.env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_forms_of_a_line(workdir: Path):
    content = "\ufeff# comment\nA=1\nexport B='two words'\nC=\"a\\nb\" # more\n\nD=\nE\nF=x#y\r\nA=2\n"
    assert read_file(written(workdir, content)) == {
        "A": "2",
        "B": "two words",
        "C": "a\nb",
        "D": "",
        "E": "",
        "F": "x#y",
    }


def test_nothing_is_expanded(workdir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert read_file(written(workdir, "S=a$HOME${HOME}b\n")) == {"S": "a$HOME${HOME}b"}


def test_a_line_that_is_none_is_named_by_number_and_not_repeated(workdir: Path):
    path = written(workdir, f"A=1\n'{SECRET} no equals sign\n")
    found = problems({}, env_file=path)
    assert "line 2" in found["TIDEGATE_ENV_FILE"]
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("content", "wrong"), [(b"A=\xff\xfe\n", "not UTF-8"), (b"A=" + b"x" * 1_048_577, "larger than 1048576 bytes")]
)
def test_a_file_that_cannot_be_one_of_settings(workdir: Path, content, wrong):
    with pytest.raises(Unfit, match=wrong):
        read_file(written(workdir, content))


def test_a_path_that_cannot_be_one():
    with pytest.raises(Unfit, match="cannot be read"):
        read_file(Path("a\0b"))


def test_a_value_that_is_not_utf8_is_a_problem():
    assert "not UTF-8" in problems({**DEVELOPMENT, "STREAM_API_SECRET": f"{SECRET}\udcff"})["STREAM_API_SECRET"]


def test_a_value_without_end_is_a_problem():
    assert "longer than" in problems({**DEVELOPMENT, "STREAM_API_SECRET": "x1" * 40_000})["STREAM_API_SECRET"]


def test_the_environment_and_the_file_complete_each_other(workdir: Path):
    path = written(workdir, f"STREAM_API_SECRET={SECRET}\nTIDEGATE_ENV_FILE=other\n")
    loaded = load({"STREAM_API_KEY": KEY}, env_file=path)
    assert loaded.settings.api_secret.get_secret_value() == SECRET
    assert loaded.settings.env_file == path


def test_what_is_on_its_way_does_not_show_itself():
    assert SECRET not in repr(Given(SECRET, "A", "environment A"))
    assert SECRET not in repr(Sources({}, {"A": SECRET}, {"B": SECRET}, None))
