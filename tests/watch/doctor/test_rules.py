"""Each rule on files that break it, in each line that says so, and on files that look alike and do not."""

import re
import time
from pathlib import Path

import pytest

from tidegate.watch.doctor.patterns import PATTERNS
from tidegate.watch.doctor.rules import RULES
from tidegate.watch.doctor.service import look_at
from tidegate.watch.doctor.texts import Kind, Text

HERE = Path(__file__).parent
MADE_BY_TESTS = {"secret-value", "env-committed"}
FILED = sorted(RULES.keys() - MADE_BY_TESTS)
SLOWEST_SECONDS = 1.5
HOSTILE = [
    "Date.now() + " + "1 * " * 12_500,
    "new Date(" + "a." * 25_000,
    "{" * 50_000,
    "const {" + "userId " * 12_500,
    "const { " * 10_000,
    'secret: "' + "a" * 50_000,
    'secret: "' * 7_500,
    "VITE_" * 12_500,
    "NEXT_PUBLIC_" + "A" * 50_000,
    "`\\`" * 15_000,
    "/*" * 25_000,
    '"\\' * 25_000,
    " " * 50_000,
    "\n" * 50_000,
    "exp" * 15_000 + "<",
    "getInstance(" * 5_000,
    "Access-Control-Allow-Origin" * 2_000,
    "createToken( req " * 3_000,
    "# tidegate-doctor: ignore " * 2_000,
]


def expected(tree: Path) -> set[tuple[str, int]]:
    return {
        (path.relative_to(tree).as_posix(), number)
        for path in tree.rglob("*")
        if path.is_file()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "expect" in line
    }


@pytest.mark.parametrize("rule", FILED)
def test_files_that_break_a_rule_are_found_line_by_line(rule):
    survey = look_at(HERE / "wrong" / rule, {})

    found = {(one.path, one.line) for one in survey.findings if one.rule == rule}
    assert found == expected(HERE / "wrong" / rule)
    assert found


@pytest.mark.parametrize("rule", FILED)
def test_files_that_only_look_alike_are_left_in_peace(rule):
    survey = look_at(HERE / "right" / rule, {})

    assert survey.files > 0
    assert survey.findings == []


def test_every_rule_is_recognised_and_says_why_and_how_to_mend():
    assert {pattern.rule for pattern in PATTERNS} == RULES.keys() - MADE_BY_TESTS
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.id)
        assert all(text.endswith(".") for text in (rule.what, rule.why, rule.mend))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_takes_long(text):
    began = time.process_time()

    for kind in (Kind.SCRIPT, Kind.BUNDLE, Kind.PYTHON):
        one = Text(kind, text)
        for pattern in PATTERNS:
            if kind in pattern.kinds:
                list(pattern.found(one))

    assert time.process_time() - began < SLOWEST_SECONDS


@pytest.mark.parametrize(
    ("kind", "text", "bare"),
    [
        (Kind.SCRIPT, "a // b\nc", "a     \nc"),
        (Kind.SCRIPT, 'x = "http://a" // b', 'x = "http://a"     '),
        (Kind.SCRIPT, "a /* b\nc */ d", "a     \n     d"),
        (Kind.SCRIPT, "`//` // b", "`//`     "),
        (Kind.SCRIPT, "a /* b", "a /* b"),
        (Kind.PYTHON, "a # b\n'#'", "a    \n'#'"),
        (Kind.ENV, "# A=b\nB=c#d", "     \nB=c#d"),
        (Kind.PLAIN, "// a", "// a"),
    ],
)
def test_comments_are_blanked_and_places_kept(kind, text, bare):
    assert Text(kind, text).bare == bare


def test_places_become_lines():
    text = Text(Kind.PLAIN, "a\nb\n\nc")

    assert [text.line_of(place) for place in range(6)] == [1, 1, 2, 2, 3, 4]
