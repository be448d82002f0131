import json
import re

import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET
from support.gate import settings_for
from tidegate.cli.live import PROBES, check_live
from tidegate.cli.sandbox import env_lines


def failed(lines):
    return {line.id for line in lines if not line.passed}


def test_show_has_each_setting_with_its_origin_and_no_secret(tidegate, configure, workplace):
    configure(DEVELOPMENT)
    (workplace / ".env").write_text("TIDEGATE_TOKEN_LIFE_SECONDS=900\n")

    ended = tidegate("config", "show")

    rows = {line.split()[0]: line for line in ended.out.splitlines() if line}
    assert ended.status == 0
    assert re.search(r"900 +file .env TIDEGATE_TOKEN_LIFE_SECONDS", rows["TIDEGATE_TOKEN_LIFE_SECONDS"])
    assert re.search(rf"set \({len(SECRET)} characters\) +environment STREAM_API_SECRET", rows["STREAM_API_SECRET"])
    assert re.search(r"127.0.0.1:8000 +default", rows["TIDEGATE_BIND"])
    assert SECRET not in ended.out
    assert KEY not in ended.out


def test_show_keeps_a_long_value_in_one_line_where_there_is_no_terminal(tidegate, configure, monkeypatch):
    address = "https://stream.example.com/" + "a" * 300
    configure({**DEVELOPMENT, "STREAM_CHAT_BASE_URL": address})
    monkeypatch.setenv("COLUMNS", "80")

    assert re.search(rf"^STREAM_CHAT_BASE_URL +{address} +environment ", tidegate("config", "show").out, re.MULTILINE)


def test_show_for_programs(tidegate, configure):
    configure(DEVELOPMENT)

    rows = {row["name"]: row for row in json.loads(tidegate("config", "show", "--json").out)}

    assert rows["TIDEGATE_BIND"] == {"name": "TIDEGATE_BIND", "value": "127.0.0.1:8000", "origin": "default"}
    assert SECRET not in str(rows)


@pytest.mark.parametrize("command", ["show", "check"])
def test_wrong_settings_are_2_with_a_line_for_each(tidegate, configure, command):
    configure({"STREAM_API_KEY": "demo-key", "STREAM_API_SECRET": "short", "TIDEGATE_BIND": "nowhere"})

    ended = tidegate("config", command)

    assert (ended.status, ended.out) == (2, "")
    assert [line.split(":")[0] for line in ended.err.splitlines()] == [
        "STREAM_API_KEY",
        "STREAM_API_SECRET",
        "TIDEGATE_BIND",
    ]
    assert all(". Mend: " in line for line in ended.err.splitlines())


def test_check_passes_for_sound_production_settings(tidegate, configure):
    configure(PRODUCTION)

    ended = tidegate("config", "check")

    assert ended.status == 0, ended.out
    assert "FAIL" not in ended.out
    assert len(re.findall(r"^pass ", ended.out, re.MULTILINE)) >= 15
    assert ", 0 failed." in ended.out


def test_check_hints_that_alerts_carry_no_link(tidegate, configure):
    configure(PRODUCTION)
    ended = tidegate("config", "check")
    assert ended.status == 0
    assert re.search(r"^hint +documentation-url +Alerts carry no link", ended.out, re.MULTILINE)
    assert "TIDEGATE_DOCUMENTATION_URL" in ended.out

    configure({**PRODUCTION, "TIDEGATE_DOCUMENTATION_URL": "https://docs.example/reasons/"})
    assert "hint" not in tidegate("config", "check").out


@pytest.mark.parametrize(("environment", "said"), [(DEVELOPMENT, True), (PRODUCTION, False)])
def test_check_says_outside_production_that_lines_may_fail(tidegate, configure, environment, said):
    configure({**environment, "STREAM_CHAT_ENABLE_LOGGING": "true"})

    ended = tidegate("config", "check")

    assert ended.status == 1
    assert ("expected to fail" in ended.out) is said


def test_check_shows_the_line_that_fails_with_its_mend(tidegate, configure):
    configure({**PRODUCTION, "TIDEGATE_TOKEN_LIFE_SECONDS": "86400"})

    ended = tidegate("config", "check")

    assert ended.status == 1
    assert re.findall(r"^FAIL +(\S+)", ended.out, re.MULTILINE) == ["token-life"]
    assert "Mend: Set TIDEGATE_TOKEN_LIFE_SECONDS" in ended.out
    assert ", 1 failed." in ended.out


def test_live_needs_credentials(tidegate):
    ended = tidegate("config", "check", "--live")

    assert ended.status == 2
    assert "STREAM_API_SECRET" in ended.err


def test_live_asks_stream_and_the_issuers_and_says_what_it_made(tidegate, configure, sandbox):
    configure(dict(line.split("=", 1) for line in env_lines(sandbox)))

    ended = tidegate("config", "check", "--live")

    live = dict(re.findall(r"^(pass|FAIL) +(live-\S+)", ended.out, re.MULTILINE)[::-1])
    assert set(live) == {"pass"}
    assert len(re.findall(r"^pass +live-", ended.out, re.MULTILINE)) == 9
    assert set(sandbox.sandbox.stream.users.query(PROBES)[0]) >= {"id", "name"}
    assert all(one in ended.out for one in PROBES)
    assert sandbox.sandbox.credentials()[1] not in ended.out + ended.err


def test_probe_ids_are_ones_that_no_subject_can_get():
    assert all(one.startswith("tg-@probe-") for one in PROBES)
    assert PROBES[0] != PROBES[1]
    assert len({one.lower() for one in PROBES}) == 1


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        ("refuse_key", {"live-credentials", "live-auth-checks", "live-permission-checks", "live-not-suspended"}),
        ("refuse_secret", {"live-credentials", "live-auth-checks", "live-permission-checks", "live-not-suspended"}),
        ("suspended", {"live-auth-checks", "live-permission-checks", "live-not-suspended"}),
        ("drop", {"live-reachable", "live-credentials", "live-clock", "live-not-suspended"}),
        ("clock", {"live-clock"}),
    ],
)
def test_each_trouble_at_stream_fails_its_lines(sandbox, workplace, fault, lines):
    sandbox.sandbox.stream.fault(fault, **({"seconds": 20} if fault == "clock" else {}))

    answer = check_live(settings_for(sandbox, workplace, timeout_ms=2000))

    assert lines <= failed(answer.lines)
    assert fault == "clock" or answer.notes
    assert sandbox.sandbox.credentials()[1] not in str(answer)


def test_posture_and_quota_fail_their_lines(sandbox, workplace):
    sandbox.sandbox.stream.app_settings["disable_permissions_checks"] = True
    sandbox.sandbox.stream.limits.exhaust("UpdateUsersPartial")

    answer = check_live(settings_for(sandbox, workplace))

    assert failed(answer.lines) == {"live-permission-checks", "live-quota"}


def test_an_issuer_without_keys_fails_its_line(sandbox, workplace):
    sandbox.sandbox.provider.fail("unavailable")

    answer = check_live(settings_for(sandbox, workplace))

    assert failed(answer.lines) == {"live-issuer-keys"}
    assert any("Issuer sandbox" in note for note in answer.notes)


@pytest.mark.parametrize("escaped", [False, True])
def test_a_stream_that_folds_capitals_fails_unless_they_are_escaped(sandbox, workplace, monkeypatch, escaped):
    users = sandbox.sandbox.stream.users
    upsert = users.upsert
    monkeypatch.setattr(
        users,
        "upsert",
        lambda given: upsert({key.lower(): {**user, "id": key.lower()} for key, user in given.items()}),
    )

    answer = check_live(settings_for(sandbox, workplace, escape_capitals=escaped))

    assert failed(answer.lines) == (set() if escaped else {"live-capitals"})
