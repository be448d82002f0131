import re
from pathlib import Path

import pytest

from support.environments import KEY, SECRET, publishable_key
from tidegate.settings import Settings, example, load
from tidegate.settings.model import VARIABLES
from tidegate.settings.sources import read_file

COMMITTED = Path(__file__).parents[2] / ".env.example"


def test_the_committed_file_is_what_the_declarations_make():
    assert COMMITTED.read_text("utf-8") == example.render(), "run: python -m tidegate.settings.example > .env.example"


def test_every_variable_is_in_it():
    assert set(re.findall(r"[A-Z][A-Z0-9_]{6,}", example.render())) >= set(VARIABLES)


def test_it_parses_and_means_nothing_by_itself(workdir: Path):
    (workdir / ".env").write_text(example.render())
    assert set(read_file(workdir / ".env").values()) == {""}
    loaded = load({})
    assert loaded.settings == Settings(env_file=Path(".env"))
    assert loaded.settings.sandbox_wanted


def test_every_default_may_be_uncommented(workdir: Path):
    (workdir / ".env").write_text(re.sub(r"(?m)^#(?=[A-Z0-9_]+=)", "", example.render()))
    assert len(read_file(workdir / ".env")) > 60
    assert load({}).settings == Settings(env_file=Path(".env"))


def test_three_blanks_to_fill_in(workdir: Path):
    lines = {"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET, "CLERK_PUBLISHABLE_KEY": publishable_key("c.example")}
    text = example.render()
    for name, value in lines.items():
        text = text.replace(f"\n{name}=\n", f"\n{name}={value}\n")
    (workdir / ".env").write_text(text)
    loaded = load({})
    assert loaded.warnings == ()
    assert loaded.settings.issuers[0].issuer == "https://c.example"


@pytest.mark.parametrize("line", example.render().splitlines())
def test_no_line_is_too_long(line):
    assert len(line) <= 120
