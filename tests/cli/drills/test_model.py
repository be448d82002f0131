import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.cli.drills.model import Moment, Mood, Report, Seen, Span, first_bad, told

GOOD, WEAK, BAD = Seen(Mood.GOOD, "gets a token"), Seen(Mood.WEAK, "degraded"), Seen(Mood.BAD, "503 reason")


def report(seen, survives=None, **more):
    moments = tuple(Moment(60.0 * at, {} if one is None else {"asks": one}) for at, one in enumerate(seen))
    return Report("a-drill", "Something breaks.", {"asks": "asks for a token"}, moments, survives, **more)


def test_what_stays_the_same_is_one_span():
    assert report([GOOD, GOOD, WEAK, None, WEAK, BAD]).spans("asks") == [
        Span(0, 60, Mood.GOOD, "gets a token"),
        Span(120, 240, Mood.WEAK, "degraded"),
        Span(300, 300, Mood.BAD, "503 reason"),
    ]
    assert report([GOOD]).spans("another") == []


def test_when_it_first_was_bad_and_the_last_look_before():
    assert first_bad(report([GOOD, GOOD, BAD, GOOD]).moments, "asks") == (60, 120)
    assert first_bad(report([GOOD, None, BAD]).moments, "asks") == (0, 120)
    assert first_bad(report([GOOD, WEAK]).moments, "asks") is None


@pytest.mark.parametrize(("survives", "held"), [(None, True), (3600, True), (3599, False), (0, False)])
def test_whether_it_held(survives, held):
    assert report([GOOD], survives).held(3600) is held


def test_for_programs():
    members = report([GOOD, BAD], 12.4, recovers=3.0, notes=("A note.",)).as_members()
    assert json.loads(json.dumps(members)) == {
        "drill": "a-drill",
        "outage": "Something breaks.",
        "looked_at_seconds": 60,
        "survives_seconds": 12,
        "recovers_seconds": 3,
        "rows": [
            {
                "row": "asks",
                "title": "asks for a token",
                "spans": [
                    {"begins": 0, "ends": 0, "mood": "good", "said": "gets a token"},
                    {"begins": 60, "ends": 60, "mood": "bad", "said": "503 reason"},
                ],
            }
        ],
        "notes": ["A note."],
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (0.9, "0 s"), (59, "59 s"), (60, "1 min"), (61.5, "1 min 1 s"), (3600, "1 h")),
        *((3661, "1 h 1 min"), (3601, "1 h"), (86399, "23 h 59 min"), (90000, "1 d 1 h"), (86400 + 59, "1 d")),
    ],
)
def test_times_for_people(seconds, text):
    assert told(seconds) == text


@given(st.floats(0, 1e7))
def test_a_time_for_people_is_never_longer_and_has_two_units_at_most(seconds):
    words = told(seconds).split()
    units = {"d": 86400, "h": 3600, "min": 60, "s": 1}
    value = sum(int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert len(words) in {2, 4}
    assert value <= seconds < value + 86400
