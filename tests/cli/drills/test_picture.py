import io

import pytest

from tidegate.cli.drills.model import Moment, Mood, Report, Seen
from tidegate.cli.drills.picture import CELLS, can_show_blocks, show, summary
from tidegate.cli.screen import Screen

GOOD, WEAK, BAD = Seen(Mood.GOOD, "gets a token"), Seen(Mood.WEAK, "degraded"), Seen(Mood.BAD, "503 reason")
HOUR = 3600


def report(seen, horizon=24 * HOUR, **more):
    moments = (*(Moment(at, {"asks": one}) for at, one in seen), Moment(horizon, {}))
    return Report("a-drill", "Something breaks.", {"asks": "asks for a token"}, moments, None, **more)


def drawn(report, *, blocks=False):
    stream = io.StringIO()
    show(report, Screen(stream), blocks=blocks)
    return stream.getvalue()


def line_of(text):
    (line,) = [one for one in text.splitlines() if one.startswith("asks for a token") and ";" not in one][:1]
    return line.removeprefix("asks for a token  ")


def test_a_line_has_a_cell_for_each_part_of_the_time():
    text = drawn(report([(0, GOOD), (12 * HOUR, WEAK), (18 * HOUR, BAD)]))
    assert line_of(text) == "#" * 30 + "+" * 15 + "." * 15
    assert "asks for a token  gets a token; from 12 h on degraded; from 18 h on 503 reason" in text
    assert "0 h            6 h            12 h           18 h       24 h" in text


def test_a_cell_shows_the_worst_that_was_met_in_it():
    text = drawn(report([(0, GOOD), (2 * HOUR, BAD), (2 * HOUR + 60, GOOD)]))
    assert line_of(text) == "#" * 5 + "." + "#" * 54


@pytest.mark.parametrize("horizon", [360, HOUR, 26 * HOUR, 400 * HOUR])
def test_lines_and_axis_are_of_one_length(horizon):
    lines = drawn(report([(0, GOOD)], horizon), blocks=True).splitlines()
    assert len(line_of("\n".join(lines))) == CELLS
    axis = lines[3]
    assert len(axis) == len("asks for a token") + 2 + CELLS
    assert axis.rstrip().endswith(("h", "min"))


def test_the_outcome_in_a_line():
    assert summary(report([(0, GOOD)])) == "People who are signed in get tokens for all of the 1 d that were looked at."
    ended = Report("x", "", {}, (Moment(1, {}),), 7261.0, 5.0)
    assert summary(ended) == "People who are signed in get tokens for 2 h 1 min. 5 s after its end they get them again."


def test_a_terminal_without_block_characters_gets_letters(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert not can_show_blocks()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert can_show_blocks()
    drawn(report([(0, GOOD), (HOUR, WEAK), (2 * HOUR, BAD)])).encode("ascii")
