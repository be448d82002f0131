"""Every command on every page is one that works; what an example says is answered is answered."""

import contextlib
import io
import itertools
import json
import re
import shlex
import tomllib
from pathlib import Path

import httpx2
import pytest

from support.markdown import ROOT, Block, all_blocks, blocks, commands, pages
from support.processes import Service
from tidegate.cli import main

SESSION = "$(.venv/bin/tidegate session)"
BASES = ("http://127.0.0.1:8000", "https://chat.example.com")
FIXED = frozenset({"type", "title", "status", "reason", "service", "success", "keyType", "environment"})
OTHERS = {
    "chmod 600 .env",
    "openssl rand -hex 32",
    "pip install -r requirements.txt",
    "python stream_token_service.py",
    "uvicorn stream_token_service:app --reload",
}
SHELL = [
    pytest.param(command, id=f"{block}-{command[:40]}") for block in all_blocks("bash") for command in commands(block)
]


def curls() -> list[pytest.param]:
    """Each curl command with the answer that stands after it, if one does."""
    found = []
    for page in pages():
        for block, following in itertools.pairwise([*blocks(page), None]):
            if block is None or block.language != "bash":
                continue
            all_of_it = [command for command in commands(block) if command.startswith("curl ")]
            expected = following if following and following.language == "json" and len(all_of_it) == 1 else None
            found += [pytest.param(command, expected, id=f"{block}-{command[:40]}") for command in all_of_it]
    return found


def run_curl(command: str, service: Service, session: str) -> httpx2.Response:
    """Do what a curl command would; only the options that our pages use are known."""
    arguments = iter(shlex.split(command.replace(SESSION, session))[1:])
    method, headers, url = "GET", {}, ""
    for argument in arguments:
        if argument == "-X":
            method = next(arguments)
        elif argument == "-H":
            name, _, value = next(arguments).partition(":")
            headers[name] = value.strip()
        else:
            assert not argument.startswith("-"), f"{argument} is an option that this test does not know"
            url = argument
    base = next(base for base in BASES if url.startswith(base))
    return httpx2.request(method, service.url + url.removeprefix(base), headers=headers)


def assert_alike(actual: object, shown: object, where: str = "$") -> None:
    """The same members with the same types; the same values where they do not depend on the moment."""
    if isinstance(shown, dict):
        assert isinstance(actual, dict), where
        assert actual.keys() == shown.keys(), where
        for name, value in shown.items():
            assert_alike(actual[name], value, f"{where}.{name}")
            if name in FIXED and isinstance(value, str | int) and where == "$":
                assert actual[name] == value, f"{where}.{name}"
    elif shown is None:
        assert actual is None or isinstance(actual, str), where
    elif isinstance(shown, bool) or not isinstance(shown, int | float):
        assert type(actual) is type(shown), where
    else:
        assert isinstance(actual, int | float), where


@pytest.mark.parametrize("command", SHELL)
def test_each_command_is_known(command: str) -> None:
    words = shlex.split(command)

    if words[0] == "make":
        assert re.search(rf"^{re.escape(words[1])}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[0] == ".venv/bin/tidegate":
        names = [word for word in words[1:] if not word.startswith("-")]
        shown = help_of(*names)
        options = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
        assert [option for option in options if option not in shown] == []
    else:
        assert words[0] == "curl" or command in OTHERS


def help_of(*names: str) -> str:
    """What ``tidegate NAMES --help`` prints; fails for a command that is not there."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        for name, text in {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}.items():
            patch.setenv(name, text)
        assert main([*names, "--help"]) == 0, shown.getvalue()
    return shown.getvalue()


@pytest.mark.parametrize(("command", "expected"), curls())
def test_each_request_is_answered_as_shown(
    command: str, expected: Block | None, service: Service, session: str
) -> None:
    answer = run_curl(command, service, session)

    assert answer.status_code < 500
    if expected is not None:
        assert_alike(answer.json(), json.loads(expected.text))


def test_inline_commands_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = "\n".join(page.read_text() for page in pages())
    named = set(re.findall(r"`tidegate ((?:config )?[a-z]+)", text))

    assert project["project"]["scripts"] == {"tidegate": "tidegate.cli:main"}
    assert {"serve", "session", "verify", "config check", "config show"} <= named
    for name in sorted(named):
        help_of(*name.split())


def test_the_make_targets_that_pages_name_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {name for page in pages() for name in re.findall(r"`make ([a-z-]+)", page.read_text())}

    assert {"demo", "test", "check"} <= named
    assert {name for name in named if not re.search(rf"^{name}:.*## ", makefile, re.MULTILINE)} == set()


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_of_the_pages_at_the_root_lead_somewhere(page: Path) -> None:
    # Those under docs/ are checked by the documentation's own build.
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []


def test_the_comparison_sees_a_difference() -> None:
    assert_alike({"a": 1, "b": ["x"]}, {"a": 2.5, "b": []})
    for wrong in ({"a": 1}, {"a": "1", "b": []}, {"a": 1, "b": [], "c": 1}):
        with pytest.raises(AssertionError):
            assert_alike(wrong, {"a": 1, "b": []})
    with pytest.raises(AssertionError):
        assert_alike({"status": 403}, {"status": 401})
