"""The commands of revocations and bans, against a running service."""

import io
import json

import pytest

from support.operating import OPERATOR


def shown(ended):
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


@pytest.mark.usefixtures("service")
def test_from_ban_to_unban(tidegate):
    said = tidegate("ban", "ada", "--reason", "spam", "--until", "2h")
    assert said.status == 0
    assert said.out.startswith("ada  banned until 20")
    assert "reason: spam, by otto; Stream: pending" in said.out
    one = shown(tidegate("standing", "ada", "--json"))
    assert (one["user"], one["banned"], one["reason"]) == ("ada", True, "spam")
    assert tidegate("standing").out.startswith("ada  banned until 20")
    assert "ada  tokens void at" in tidegate("unban", "ada").out
    ended = tidegate("unban", "ada")
    assert (ended.status, "not banned" in ended.err) == (2, True)
    assert tidegate("standing", "nobody").out == "nobody  nothing revoked, not banned\n"


@pytest.mark.usefixtures("service")
def test_revocations(tidegate, monkeypatch):
    assert "ada  sessions revoked at" in tidegate("revoke", "ada").out
    span = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    assert f"from {span[0]} to {span[1]}" in tidegate("revoke", "--issued-between", *span).out
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert tidegate("revoke", "--all").status == 1
    assert "from the beginning to" in tidegate("revoke", "--all", "--yes").out
    answer = shown(tidegate("standing", "--json"))
    assert [one["user"] for one in answer["users"]] == ["ada"]
    assert [one["issued_from"] for one in answer["revocations"]] == [None]
    assert "everybody  sessions of the beginning to" in tidegate("standing").out


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("arguments", [(), ("ada", "--all"), ("--all", "--issued-between", "a", "b")])
def test_a_revocation_is_of_one_kind(tidegate, arguments):
    ended = tidegate("revoke", *arguments, "--yes")
    assert (ended.status, ended.out) == (2, "")


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    "arguments", [("revoke", "a.b"), ("ban", "ada", "--until", "soon"), ("revoke", "--issued-between", "x", "y")]
)
def test_what_the_service_refuses_fails(tidegate, arguments):
    ended = tidegate(*arguments)
    assert ended.status == 2
    assert "400 request_invalid" in ended.err


def test_without_a_service_a_command_says_so(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_OPERATOR_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", OPERATOR)
    ended = tidegate("ban", "ada")
    assert ended.status == 1
    assert "cannot be reached" in ended.err
