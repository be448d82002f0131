"""Lines that are read back as they were meant, and files that change in one place only."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.cli import envlines
from tidegate.cli.exits import CommandFailed
from tidegate.settings.sources import read_file

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"), min_size=1)
FILE = """\
# mine
STREAM_API_KEY=abc # the key

export TIDEGATE_ISSUERS='[
  {"a": 1}
]'
TIDEGATE_BIND=127.0.0.1:8000"""


@given(text=TEXTS)
def test_a_line_says_what_it_was_given(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("lines") / "x.env"
    path.write_text(envlines.line("NAME", text) + "\nOTHER=1\n", encoding="utf-8")
    assert read_file(path) == {"NAME": text, "OTHER": "1"}


def test_only_what_is_named_changes():
    after = envlines.changed(FILE, {"TIDEGATE_ISSUERS": '[{"b": "it\'s"}]', "NEW": "1"})
    assert after == (
        "# mine\nSTREAM_API_KEY=abc # the key\n\n"
        'TIDEGATE_ISSUERS=\'[{"b": "it\\\'s"}]\'\n'
        "TIDEGATE_BIND=127.0.0.1:8000\nNEW=1\n"
    )
    assert envlines.changed(FILE, {}) == FILE
    assert envlines.changed("", {"A": "1"}) == "A=1\n"


def test_of_a_variable_that_stands_twice_one_line_is_left():
    assert envlines.changed("A=1\nB=2\nA=3\n", {"A": "4"}) == "B=2\nA=4\n"


def test_the_file_is_its_owners_and_a_link_stays_one(tmp_path):
    target, link = tmp_path / "real.env", tmp_path / "link.env"
    target.write_text("OLD=1\n")
    target.chmod(0o644)
    link.symlink_to(target)
    envlines.write(link, "NEW=1\n")
    assert (target.read_text(), link.is_symlink()) == ("NEW=1\n", True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.env", "real.env"]


def test_where_nothing_can_be_written(tmp_path):
    with pytest.raises(CommandFailed, match="cannot be written"):
        envlines.write(tmp_path / "none" / "x.env", "A=1\n")
