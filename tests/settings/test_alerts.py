import pytest

from support.environments import DEVELOPMENT, PRODUCTION, problems
from tidegate.settings import load

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "TIDEGATE_ALERT_WEBHOOK_URL"
KEY = "TIDEGATE_ALERT_WEBHOOK_SECRET"


def test_a_webhook_has_an_address_and_a_secret():
    settings = load({**PRODUCTION, URL: "https://alerts.example.com/hook", KEY: SECRET}).settings

    assert settings.alert_webhook_url.get_secret_value() == "https://alerts.example.com/hook"
    assert settings.alert_webhook_secret.get_secret_value() == SECRET
    assert "hook" not in repr(settings.alert_webhook_url) + repr(settings.alert_webhook_secret)


@pytest.mark.parametrize(
    ("environment", "given", "wrong"),
    [
        (PRODUCTION, {URL: "http://alerts.example.com/hook", KEY: SECRET}, URL),
        (PRODUCTION, {URL: "http://127.0.0.1:9000/hook", KEY: SECRET}, URL),
        (PRODUCTION, {URL: "https://user:secret@alerts.example.com/hook", KEY: SECRET}, URL),
        (PRODUCTION, {URL: "file:///etc/passwd", KEY: SECRET}, URL),
        (PRODUCTION, {URL: "https://alerts.example.com/hook"}, KEY),
        (PRODUCTION, {KEY: SECRET}, URL),
        (PRODUCTION, {URL: "https://alerts.example.com/hook", KEY: "whsec_c2hvcnQ="}, KEY),
        (DEVELOPMENT, {URL: "http://10.0.0.1/hook", KEY: SECRET}, URL),
        (DEVELOPMENT, {"TIDEGATE_ALERT_RECEIVERS": "hunter2"}, "TIDEGATE_ALERT_RECEIVERS"),
        (
            DEVELOPMENT,
            {"TIDEGATE_ALERT_RECEIVERS": " ".join(f"json://h{n}" for n in range(17))},
            "TIDEGATE_ALERT_RECEIVERS",
        ),
    ],
)
def test_what_cannot_be_told_safely_is_refused(environment, given, wrong):
    found = problems({**environment, **given})

    assert list(found) == [wrong]
    assert not any(text in found[wrong] for text in ("hunter2", "user:secret", SECRET))


def test_this_machine_may_be_told_in_plain_text_in_development():
    settings = load({**DEVELOPMENT, URL: "http://127.0.0.1:9000/hook", KEY: SECRET}).settings

    assert settings.alert_webhook_url.get_secret_value() == "http://127.0.0.1:9000/hook"


def test_receivers_are_separated_by_spaces_since_their_urls_have_commas():
    given = "mailto://u:p@example.com?to=a@example.com,b@example.com  slack://A/B/C"
    settings = load({**DEVELOPMENT, "TIDEGATE_ALERT_RECEIVERS": given}).settings

    assert [one.get_secret_value() for one in settings.alert_receivers] == given.split()
    assert "slack" not in repr(settings.alert_receivers)
