import json
import re

import pytest

from support.environments import DEVELOPMENT
from support.operating import KEYS, VIEWER
from tidegate.http.operators import Operators
from tidegate.settings import load


def line_of(out):
    (line,) = re.findall(r"^\s*(TIDEGATE_OPERATOR_KEYS=\S+)$", out, re.MULTILINE)
    return line.split("=", 1)


def test_a_key_is_printed_once_with_the_line_that_lets_it_in(tidegate, workplace):
    ended = tidegate("operator", "add", "ada", "--role", "operator")

    assert ended.status == 0, ended.err
    (key,) = set(re.findall(r"tgo_[A-Za-z0-9_-]{43}", ended.out))
    name, text = line_of(ended.out)
    settings = load({**DEVELOPMENT, name: text}).settings
    operator = Operators(settings.operator_keys).identify(f"Bearer {key}".encode())
    assert (operator.name, operator.role) == ("ada", "operator")
    assert key not in text
    assert list(workplace.iterdir()) == []


def test_the_line_keeps_those_who_are_there(tidegate, monkeypatch):
    first = tidegate("operator", "add", "ada", "--role", "viewer", "--json")
    before = json.loads(first.out)
    monkeypatch.setenv(*before["line"].split("=", 1))

    second = json.loads(tidegate("operator", "add", "ben", "--role", "operator", "--json").out)
    monkeypatch.setenv(*second["line"].split("=", 1))
    listed = tidegate("operator", "list")

    assert second["line"].startswith(before["line"])
    assert second["key"] != before["key"]
    assert listed.out.splitlines() == ["ada  viewer", "ben  operator"]
    assert not re.search(r"[0-9a-f]{64}|tgo_", listed.out + listed.err)
    assert json.loads(tidegate("operator", "list", "--json").out)[1] == {"name": "ben", "role": "operator"}


def test_a_file_of_settings_is_read(tidegate, workplace):
    (workplace / "service.env").write_text(f"TIDEGATE_OPERATOR_KEYS={KEYS[0].written()}\n")

    assert tidegate("operator", "list", "--env-file", "service.env").out == "vera  viewer\n"


@pytest.mark.parametrize(
    "arguments",
    [("Ada", "viewer"), ("", "viewer"), ("a:b", "viewer"), ("a" * 33, "viewer"), ("ada", "root"), ("ada", "Viewer")],
)
def test_a_name_or_role_that_is_none(tidegate, arguments):
    ended = tidegate("operator", "add", arguments[0], "--role", arguments[1])

    assert (ended.status, ended.out) == (2, "")


def test_a_setting_that_cannot_be_read_is_not_repeated(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_OPERATOR_KEYS", f"vera:viewer:{VIEWER}")

    for arguments in (("list",), ("add", "ada", "--role", "viewer")):
        ended = tidegate("operator", *arguments)
        assert ended.status == 2
        assert VIEWER not in ended.out + ended.err
        assert "TIDEGATE_OPERATOR_KEYS" in ended.err


def test_without_operators_the_list_says_how_to_make_one(tidegate):
    ended = tidegate("operator", "list")

    assert (ended.status, ended.out) == (0, "")
    assert "tidegate operator add" in ended.err
