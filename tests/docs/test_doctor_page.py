"""The page of the doctor: its examples are run, and its table is the table of rules."""

import re
from pathlib import Path

import pytest

from support.environments import PRODUCTION
from support.markdown import ROOT, blocks
from support.processes import environment
from tidegate.cli import main
from tidegate.watch.doctor.rules import RULES
from tidegate.watch.doctor.service import look_at

PAGE = ROOT / "docs" / "how-to" / "doctor.md"


def titled(title: str) -> str:
    (block,) = (one for one in blocks(PAGE) if one.title == title)
    return block.text


def test_the_example_is_what_the_doctor_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my-app" / "src").mkdir(parents=True)
    (tmp_path / "my-app" / "src" / "chat.ts").write_text(titled("src/chat.ts"))
    for name, text in environment(**PRODUCTION).items():
        monkeypatch.setenv(name, text)
    monkeypatch.chdir(tmp_path)

    assert main(["doctor", "./my-app"]) == 1

    assert titled("doctor") in capsys.readouterr().out


def test_the_line_that_is_ignored_is_ignored(tmp_path: Path) -> None:
    example = titled("ignored.ts")
    place = tmp_path / "server.ts"
    place.write_text(example)
    assert look_at(tmp_path, {}).findings == []

    place.write_text(example.splitlines()[1])
    assert [one.rule for one in look_at(tmp_path, {}).findings] == ["cors-wildcard"]


def test_the_table_has_every_rule_with_its_severity() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert rows == [(rule.id, rule.severity.value) for rule in RULES.values()]
