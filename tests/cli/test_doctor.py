"""The doctor as its users run it."""

import base64
import json
from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, without
from tidegate.cli.sandbox import env_lines

GOLDEN = Path(__file__).parent / "doctoring" / "golden.json"
ITEM = {"section": str, "id": str, "state": str, "text": str, "mends": list, "blame": str, "file": str, "line": int}


@pytest.fixture
def asked(tidegate):
    """Runs the doctor for programs."""

    def run(*arguments):
        ended = tidegate("doctor", "--json", *arguments)
        assert ended.err == ""
        assert SECRET not in ended.out
        return ended.status, json.loads(ended.out)

    return run


def items(answer, *, section=None, state=None):
    return {
        item["id"]: item
        for item in answer["items"]
        if section in {None, item["section"]} and state in {None, item["state"]}
    }


def write(root: Path, path: str, text: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def test_sound_production_settings_are_well_and_nothing_is_made(asked, configure, workplace):
    configure(PRODUCTION)

    status, answer = asked()

    assert (status, answer["exit"], answer["environment"], answer["live"]) == (0, 0, "production", False)
    assert items(answer, state="error") == items(answer, state="warning") == {}
    assert items(answer, section="probes", state="ok").keys() == {"configuration", "disk"}
    assert {"credentials", "quota", "keys:clerk", "certificate:stream", "ledger"} <= items(
        answer, state="skipped"
    ).keys()
    assert list(workplace.iterdir()) == []


def test_the_answer_for_programs_has_the_form_that_is_kept(asked, configure, workplace):
    configure(PRODUCTION)
    write(workplace, "app/a.ts", "client.devToken(id)\n")

    _, answer = asked("app")

    kept = json.loads(GOLDEN.read_text())
    assert answer.keys() == kept.keys()
    counts, shown = answer.pop("counts"), answer.pop("items")
    assert counts.keys() == kept.pop("counts").keys()
    assert sum(counts.values()) == len(shown)
    named = {one["id"] for one in kept["items"]}
    assert [one for one in shown if one["id"] in named] == kept.pop("items")
    assert answer == kept
    for item in shown:
        assert item.keys() == ITEM.keys()
        assert all(value is None or type(value) is ITEM[name] for name, value in item.items())


def test_settings_that_are_wrong_are_2_and_all_is_shown_that_can_be(asked, configure, workplace):
    wrong = {
        "TIDEGATE_BIND": "nowhere",
        "TIDEGATE_TOKEN_LIFE_SECONDS": "ten",
        "TIDEGATE_ISSUERS": "[",
        "TIDEGATE_NO": "1",
    }
    configure({**without(PRODUCTION, "STREAM_API_SECRET"), **wrong, "STREAM_API_SECRET": "short"})
    write(workplace, "app/a.ts", "client.devToken(id)\n")

    status, answer = asked("app")

    assert status == answer["exit"] == 2
    assert items(answer, section="settings", state="error").keys() == (wrong.keys() - {"TIDEGATE_NO"}) | {
        "STREAM_API_SECRET"
    }
    checklist = items(answer, section="checklist")
    assert checklist["token-life"]["state"] == "skipped"
    assert checklist["api-secret-length"]["state"] == "error"
    assert checklist["https"]["state"] == "ok"
    assert items(answer, section="probes")["disk"]["state"] == "ok"
    assert items(answer, section="probes")["credentials"]["state"] == "skipped"
    assert items(answer, section="source", state="error").keys() == {"dev-token"}


@pytest.mark.parametrize(
    ("environ", "extra", "status"),
    [
        (DEVELOPMENT, (), 0),
        (DEVELOPMENT, ("--strict",), 1),
        ({**PRODUCTION, "STREAM_CHAT_ENABLE_LOGGING": "true"}, (), 1),
        ({**PRODUCTION, "TIDEGATE_BIND": "nowhere"}, (), 2),
        ({}, (), 0),
    ],
)
def test_the_status_says_how_bad_it_is(asked, configure, environ, extra, status):
    configure(environ)

    assert asked(*extra)[0] == status


def test_live_asks_everybody(asked, configure, sandbox):
    configure(dict(line.split("=", 1) for line in env_lines(sandbox)))

    status, answer = asked("--live")

    probes = items(answer, section="probes")
    assert status == 0, items(answer, state="error")
    assert {name for name, item in probes.items() if item["state"] == "ok"} >= {
        "credentials",
        "app",
        "quota",
        "clock",
        "configuration",
        "disk",
        "keys:clerk",
    }
    assert {name for name, item in probes.items() if item["state"] == "skipped"} == {"ledger"}
    assert items(answer, section="checklist")["live-credentials"]["state"] == "ok"
    assert any("No person can get these ids" in note for note in answer["notes"])


def test_live_says_whose_fault_it_is(asked, configure, sandbox):
    configure(dict(line.split("=", 1) for line in env_lines(sandbox)))
    sandbox.sandbox.stream.fault("suspended")

    status, answer = asked("--live")

    probe = items(answer, section="probes")["credentials"]
    assert (status, probe["state"], probe["blame"]) == (1, "error", "ours")
    assert probe["mends"]


def test_live_with_wrong_credentials_does_not_call_stream(asked, configure, sandbox):
    environ = dict(line.split("=", 1) for line in env_lines(sandbox))
    configure({**environ, "STREAM_API_SECRET": "short"})
    before = len(sandbox.sandbox.stream.users.query(()))

    status, answer = asked("--live")

    assert status == 2
    assert items(answer, section="probes")["credentials"]["state"] == "skipped"
    assert items(answer, section="probes")["keys:clerk"]["state"] == "ok"
    assert items(answer)["live"]["state"] == "skipped"
    assert len(sandbox.sandbox.stream.users.query(())) == before


def test_an_app_with_faults_is_1_and_each_place_is_named(tidegate, configure, workplace):
    configure(PRODUCTION)
    write(workplace, "app/src/chat.tsx", '"use client";\n\nclient.devToken(id);\n')
    write(workplace, "app/dist/app.js", f'var s = "{SECRET}"')
    write(workplace, "app/public/hidden.txt", base64.b64encode(SECRET.encode()).decode())

    ended = tidegate("doctor", "app")

    assert ended.status == 1
    assert "ERROR  src/chat.tsx:3  dev-token\n" in ended.out
    assert "ERROR  dist/app.js:1  secret-value\n" in ended.out
    assert "ERROR  public/hidden.txt:1  secret-value\n" in ended.out
    assert "It is STREAM_API_SECRET's." in ended.out
    assert "       Mend: Get the token from Tidegate" in ended.out
    assert SECRET not in ended.out + ended.err
    assert KEY not in ended.out + ended.err


def test_a_name_of_a_file_reaches_no_terminal_as_it_is(tidegate, configure, workplace):
    configure(PRODUCTION)
    write(workplace, "app/\x1b[2J\u202ea\n.ts", "client.devToken(id)")

    ended = tidegate("doctor", "app")

    assert r"\x1b[2J\u202ea\n.ts:1  dev-token" in ended.out
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


def test_an_app_that_is_not_there_is_2(tidegate, configure):
    configure(PRODUCTION)

    ended = tidegate("doctor", "./now\x1bhere")

    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "tidegate: now\\x1bhere is no folder. Mend: name the folder of its source.\n"


def test_a_folder_in_which_nothing_was_looked_at_is_not_called_well(asked, configure, workplace):
    configure(PRODUCTION)
    (workplace / "app" / "node_modules").mkdir(parents=True)
    (workplace / "app" / "node_modules" / "a.js").write_text("")

    status, answer = asked("app")

    source = items(answer, section="source")
    assert (status, source.keys(), source["files"]["state"]) == (0, {"files"}, "warning")
    assert "is this the folder of the app's source?" in source["files"]["text"]
    assert asked("app", "--strict")[0] == 1


def test_a_source_of_credentials_that_cannot_be_read_is_said(asked, configure, workplace):
    environ = without(PRODUCTION, "STREAM_API_KEY", "STREAM_API_SECRET")
    configure({**environ, "TIDEGATE_CREDENTIALS_SOURCE": "file", "TIDEGATE_CREDENTIALS_FILE": str(workplace / "gone")})

    status, answer = asked()

    assert status == 2
    assert items(answer, section="settings", state="error")
    assert items(answer, section="probes")["credentials"]["state"] == "skipped"
