import json
import os
import pwd

import pytest

from support.environments import DEVELOPMENT, SECRET
from support.ledgers import Scribe, issued
from tidegate.cli.tokens_shown import decoded
from tidegate.sandbox import stream_tokens
from tidegate.tokens.ledger.keys import ledger_keys


@pytest.fixture(autouse=True)
def configured(monkeypatch, workplace):
    del workplace
    for name, text in DEVELOPMENT.items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize(("options", "life"), [([], 3600), (["--life", "300"], 300)])
def test_the_token_alone_is_printed_and_the_reason_logged(tidegate, monkeypatch, options, life):
    monkeypatch.setenv("LOGNAME", "somebody-else")
    ended = tidegate("token", "ada", "--reason", "a drill", *options)
    token = ended.out.strip()
    line = json.loads(ended.err)

    claims = decoded(token)[1]
    caller = stream_tokens.verify(token, SECRET, claims["iat"])
    assert (ended.status, caller.user_id) == (0, "ada")
    assert claims["exp"] - claims["iat"] == life
    assert line.items() >= {"event": "operator_minted", "user_id": "ada", "reason": "a drill"}.items()
    assert line["operator"] == pwd.getpwuid(os.getuid()).pw_name
    assert token not in ended.err
    assert SECRET not in ended.out + ended.err


def test_it_is_logged_whatever_the_level(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_LOG_LEVEL", "error")

    assert "a drill" in tidegate("token", "ada", "--reason", "a drill").err


@pytest.mark.parametrize("user_id", ["", "auth0|x", "a.b@example.com", "ada lovelace", "ä", "x" * 256, "ada\n"])
def test_ids_that_stream_would_not_take_are_refused(tidegate, user_id):
    ended = tidegate("token", user_id, "--reason", "a drill")

    assert (ended.status, ended.out) == (2, "")
    assert "Stream would not take this user id" in ended.err


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_that_says_nothing_is_refused(tidegate, reason):
    ended = tidegate("token", "ada", "--reason", reason)

    assert (ended.status, ended.out) == (2, "")
    assert "--reason" in ended.err


@pytest.mark.parametrize("arguments", [["ada"], ["ada", "--reason", "x", "--life", "299"], ["--reason", "x"]])
def test_nothing_is_minted_on_a_wrong_command_line(tidegate, arguments):
    ended = tidegate("token", *arguments)

    assert (ended.status, ended.out) == (2, "")


def test_without_credentials_there_is_nothing_to_sign_with(tidegate, monkeypatch):
    for name in DEVELOPMENT:
        monkeypatch.delenv(name)

    ended = tidegate("token", "ada", "--reason", "a drill")

    assert (ended.status, ended.out) == (2, "")
    assert "STREAM_API_SECRET" in ended.err


def ledger_of(tidegate):
    assert tidegate("ledger", "verify").status == 0
    return [json.loads(line) for line in tidegate("ledger", "export").out.splitlines()]


@pytest.mark.parametrize("kept", ["files", "database"])
def test_it_stands_in_the_ledger_and_the_chain_of_a_running_service_goes_on(tidegate, workplace, monkeypatch, kept):
    monkeypatch.setenv("TIDEGATE_LEDGER", kept)
    state = workplace / ".tidegate"
    running = Scribe(state / "ledger", key=ledger_keys((), state, make=True).sealing)
    running.write(issued())
    token = tidegate("token", "ada", "--reason", 'a "drill"\n').out.strip()
    running.write(issued())
    running.leave()

    entries = ledger_of(tidegate)
    (minted,) = [entry for entry in entries if entry["event"] == "minted"]
    claims = decoded(token)[1]
    operator = pwd.getpwuid(os.getuid()).pw_name
    assert (minted["user_id"], minted["operator"], minted["note"]) == ("ada", operator, 'a "drill"')
    assert (minted["iat"], minted["exp"]) == (claims["iat"], claims["exp"])
    assert minted["generation"]
    assert len([entry for entry in entries if entry["event"] == "issued"]) == (2 if kept == "files" else 0)
    span = ("--from", str(claims["iat"]), "--to", str(claims["iat"]))
    assert [one["actors"] for one in json.loads(tidegate("ledger", "who", *span, "--json").out)] == [[operator]]


def test_what_cannot_be_recorded_is_not_handed_out(tidegate, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TIDEGATE_LEDGER_DIR", str(tmp_path / "file"))
    ended = tidegate("token", "ada", "--reason", "a drill")
    assert (ended.status, ended.out) == (1, "")
    assert "operator_minted" not in ended.err

    monkeypatch.setenv("TIDEGATE_LEDGER", "off")
    assert tidegate("token", "ada", "--reason", "a drill").out.count(".") == 2
