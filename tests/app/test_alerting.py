"""Where alerts say that the runbook is."""

import pytest

from support.environments import PRODUCTION
from tidegate.app.alerting import runbook_page
from tidegate.settings import load
from tidegate.watch.alerts.notify.model import Notification, Place


@pytest.mark.parametrize(
    ("published", "runbook"),
    [
        ("https://docs.example/reasons/", "https://docs.example/alerts/"),
        ("https://docs.example/chat/reasons/", "https://docs.example/chat/alerts/"),
        ("", "docs/alerts.md"),
    ],
)
def test_the_runbook_is_beside_the_reasons_or_a_file_of_the_repository(published, runbook):
    assert runbook_page(load({**PRODUCTION, "TIDEGATE_DOCUMENTATION_URL": published}).settings) == runbook


def test_the_file_is_there_and_messages_name_it(request):
    page = runbook_page(load(PRODUCTION).settings)
    text = Notification("msg_1", 0.0, "alerts.test", [], Place("production", "here", page)).text()
    assert (request.config.rootpath / page).is_file()
    assert text.endswith("Runbook: docs/alerts.md")
    assert "://" not in text
