"""What is made from the table of alerts is what is kept."""

import importlib.util
import json

import pytest

from support.processes import ROOT
from tidegate.watch.alerts.rules import RULES

SPEC = importlib.util.spec_from_file_location("alert_pages", ROOT / "tools/alert_pages.py")
PAGES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGES)


@pytest.mark.parametrize("name", PAGES.FILES)
def test_each_file_is_what_the_table_gives(name):
    kept = (ROOT / name).read_text(encoding="utf-8")

    assert kept == PAGES.FILES[name](), "make it anew: python tools/alert_pages.py"


def test_every_alert_has_a_section_and_a_rule_that_names_it():
    page, rules = PAGES.runbook(), PAGES.rules()

    for rule in RULES:
        assert page.count(f"\n## {rule.name}\n") == 1
        assert f"- alert: {rule.name}\n" in rules
        assert f"runbook: docs/alerts.md#{rule.name.lower()}\n" in rules


def test_the_dashboard_has_no_panel_without_a_question():
    dashboard = json.loads(PAGES.dashboard())

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["targets"]
        assert all(target["expr"] and "{window}" not in target["expr"] for target in panel["targets"])


def test_what_apps_tell_is_shown_from_20_users_on():
    panels = [one for one in json.loads(PAGES.dashboard())["panels"] if one["title"].startswith("Apps: ")]

    assert len(panels) == 5
    for panel in panels:
        assert panel["fieldConfig"]["defaults"]["noValue"] == "too few users to say"
        assert all(one["expr"].endswith("and on() (max(tidegate_client_users) >= 20)") for one in panel["targets"])
