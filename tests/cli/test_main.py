import subprocess
import sys

import pytest

from support.processes import environment
from tidegate import __version__, cli
from tidegate.cli import application
from tidegate.cli.exits import MEANINGS, CommandFailed, Exit
from tidegate.errors import TidegateError


def test_the_version(tidegate):
    assert tidegate("version").out.strip() == __version__


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["token"], ["demo", "--port", "99999"]])
def test_a_wrong_command_line_is_2(tidegate, arguments):
    ended = tidegate(*arguments)

    assert (ended.status, ended.out) == (Exit.WRONG, "")
    assert ended.err != ""


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (TidegateError("it broke"), 1, "tidegate: it broke\n"),
        (CommandFailed("it broke", "mend it"), 1, "tidegate: it broke. Mend: mend it.\n"),
        (CommandFailed("it broke", status=Exit.WRONG), 2, "tidegate: it broke.\n"),
    ],
)
def test_an_error_is_a_line_and_a_status_and_no_traceback(monkeypatch, capsys, error, status, line):
    def fails(**_):
        raise error

    monkeypatch.setattr(application, "app", fails)

    assert cli.main([]) == status
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("error", [CommandFailed("the port is taken", "stop that program"), KeyboardInterrupt()])
def test_serving_without_options_ends_like_every_command(monkeypatch, capsys, error):
    def fails():
        raise error

    monkeypatch.setattr(cli, "serve_until_ended", fails)

    assert cli.main(["serve"]) == (Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED)
    assert "Traceback" not in capsys.readouterr().err


def test_every_status_has_its_meaning():
    assert set(MEANINGS) == set(Exit)


def test_nothing_heavy_is_loaded_before_a_command_needs_it():
    code = (
        "import sys; from tidegate.cli import main; main(['--help'])\n"
        "print(sorted(name for name in ('fastapi', 'pydantic', 'uvicorn', 'httpx2', 'cryptography') "
        "if name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)

    assert run.stdout.splitlines()[-1] == "[]"
