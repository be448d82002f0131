"""What is put into a page is escaped, and what it shows is in words."""

import re
from dataclasses import replace

import pytest

from tidegate.console.pages import Pages, moment, number, seconds, span, with_token
from tidegate.console.picture import WHOSE
from tidegate.http.operators import Operator, Role
from tidegate.watch.alerts.model import AlertState, Phase
from tidegate.watch.alerts.rules import BY_NAME, RULES
from tidegate.watch.probes.model import Blame

NOW = 1_700_000_000.0
EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;{{7*7}}"
FIRING = AlertState(
    RULES[0].name,
    RULES[0].severity,
    Phase.FIRING,
    NOW - 90,
    fired_at=NOW - 60,
    figures={"share": 0.25},
    blame=Blame.STREAM,
    text=f"A quarter fails. {EVIL}",
)


@pytest.fixture(scope="module")
def pages():
    return Pages("/assets", {"environment": "development", "version": "1", "provider": ""})


def alerts(pages, current=(), past=()):
    context = {"current": current, "past": past, "rules": BY_NAME, "runbook": "https://docs.example/alerts"}
    return pages.render("part_alerts", {**context, "whose": WHOSE, "may_act": True})


def test_alerts_are_shown_with_fault_figures_and_what_to_do(pages):
    shown = alerts(pages, [FIRING])

    assert f"A quarter fails. {ESCAPED}" in shown
    assert "The fault is <strong>Stream&#39;s</strong>" in shown
    assert f'href="https://docs.example/alerts#{FIRING.name.lower()}"' in shown
    assert "<code>share</code> 0.25" in shown
    assert "No alert is firing." in alerts(pages)


def test_alerts_that_are_over_are_history_those_of_later_versions_too(pages):
    over = replace(FIRING, phase=Phase.RESOLVED, resolved_at=NOW)
    shown = alerts(pages, past=[over, replace(over, name="of-a-later-version")])

    assert "Over: the last 2" in shown
    assert "of-a-later-version" in shown


def test_a_notice_is_text(pages):
    parts = dict.fromkeys(("state", "apps", "alerts", "refusals", "probes", "issuers", "credentials"), "")
    context = {
        "parts": parts,
        "word": type("Word", (), {"text": EVIL, "state": "ok"}),
        "charts": (),
        "app_charts": (),
        "operator": Operator(EVIL, Role.OPERATOR),
        "may_act": True,
        "notice": (EVIL, True),
        "now": NOW,
    }
    shown = pages.render("home", context, token="t" * 43)

    assert "<img src=x" not in shown
    assert shown.count(ESCAPED) == 3
    assert 'name="token" value="' + "t" * 43 in shown


def test_the_place_of_a_token_is_another_one_at_each_start():
    assert with_token("token-0123456789abcdef", "x") == "token-0123456789abcdef"


def test_times_are_for_machines_and_for_people():
    assert re.fullmatch(r'<time datetime="2023-11-14T22:13:20Z" title=".*">22:13:20 UTC</time>', moment(NOW))
    assert "data-span" in span(NOW)
    assert (moment(None), span(None)) == ("never", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0012, "1.2 ms"),
        (0.1204, "120 ms"),
        (3.0, "3 s"),
        (90, "90 s"),
        (600, "10 min"),
        (7_200, "2 h"),
        (86_400 * 5, "5 days"),
    ],
)
def test_durations_have_the_unit_that_suits_them(value, shown):
    assert seconds(value) == shown


def test_numbers_are_as_short_as_they_can_be_read():
    assert [number(value) for value in (0, 12, 0.25, 1234567)] == ["0", "12", "0.25", "1\u202f234\u202f567"]
