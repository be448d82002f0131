"""What is put into a page is escaped, and what it shows is in words."""

import re
from dataclasses import replace

import pytest

from tidegate.console.pages import Pages, moment, number, seconds, span, with_token
from tidegate.console.picture import WHOSE
from tidegate.console.refusals import Refusals
from tidegate.http.operators import Operator, Role
from tidegate.tokens.ledger.model import SummedNote
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


def alerts(pages, current=(), past=(), runbook="https://docs.example/alerts", *, published=True):
    context = {"current": current, "past": past, "rules": BY_NAME, "runbook": runbook, "published": published}
    return pages.render("part_alerts", {**context, "whose": WHOSE, "may_act": True})


def refusals(pages, documentation):
    ring = Refusals(10, named=True)
    ring.take([SummedNote(1.0, 2.0, "token_malformed", "none", 77)])
    return pages.render("part_refusals", {"kept": True, "refusals": ring.last(9), "documentation": documentation})


def test_alerts_are_shown_with_fault_figures_and_what_to_do(pages):
    shown = alerts(pages, [FIRING])

    assert f"A quarter fails. {ESCAPED}" in shown
    assert "The fault is <strong>Stream&#39;s</strong>" in shown
    assert f'href="https://docs.example/alerts#{FIRING.name.lower()}"' in shown
    assert "<code>share</code> 0.25" in shown
    assert "No alert is firing." in alerts(pages)


def test_alerts_name_the_file_of_the_runbook_where_nobody_publishes_it(pages):
    over = replace(FIRING, phase=Phase.RESOLVED, resolved_at=NOW)
    shown = alerts(pages, [FIRING], [over], "docs/alerts.md", published=False)

    assert f"<code>docs/alerts.md#{FIRING.name.lower()}</code>" in shown
    assert f"<code>{over.name}</code>" in shown
    assert "href" not in shown


def test_refusals_link_to_their_reasons_only_where_these_are_published(pages):
    linked, plain = refusals(pages, "https://docs.example/reasons/"), refusals(pages, "")

    assert 'href="https://docs.example/reasons/token_malformed"' in linked
    assert "docs/reasons.md" not in linked
    assert "<code>token_malformed</code>" in plain
    assert "<code>docs/reasons.md</code>" in plain
    assert "href" not in plain


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
