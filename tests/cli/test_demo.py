import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

import httpx2
import pytest

from support.processes import environment, pasted_session, started
from tidegate.cli.demo import tell
from tidegate.cli.demo_steps import STEPS, Step, StepFailed
from tidegate.cli.screen import Screen
from tidegate.sandbox.server import SandboxServer

DEMO = [sys.executable, "-m", "tidegate", "demo"]
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{12,}|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}")

# Runs the command with a sandbox that writes its secrets down, for the test to look for, and may have a fault.
WATCHED = """
import json, pathlib, sys
from tidegate.cli import main
from tidegate.sandbox.server import SandboxServer
start = SandboxServer.start
def watched(self):
    start(self)
    pathlib.Path("secrets").write_text(json.dumps([self.sandbox.credentials()[1], self._running.control_token]))
    if FAULT:
        self.sandbox.stream.fault(FAULT, path="/users", method="GET")
SandboxServer.start = watched
sys.exit(main(["demo", *ARGUMENTS]))
"""


def watched(directory, *arguments, fault="", **variables):
    code = WATCHED.replace("FAULT", repr(fault)).replace("ARGUMENTS", repr(arguments))
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return run, json.loads((directory / "secrets").read_text())


NO_TERMINAL = "The output is no terminal, so the demo ends here; 'tidegate serve' keeps a sandbox running."


def test_every_step_holds_whatever_is_configured_and_no_secret_is_shown(workplace):
    (workplace / ".env").write_text("STREAM_CHAT_ENVIRONMENT=production\nSTREAM_API_KEY=demo-key\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        run, secrets = watched(
            workplace, "--once", "--port", str(taken), STREAM_API_SECRET="short", TIDEGATE_BIND="nowhere"
        )

    assert (run.returncode, run.stderr) == (0, "")
    assert re.findall(r"^ *(\d+)  pass ", run.stdout, re.MULTILINE) == [str(one + 1) for one in range(len(STEPS))]
    assert len(re.findall(r"\(\d+ ms\)$", run.stdout, re.MULTILINE)) == len(STEPS)
    assert run.stdout.rstrip().endswith(f"All {len(STEPS)} steps held.")  # asked to end, it needs to say no more
    moved = re.search(rf"Port {taken} is taken; the next free one is (\d+)\.", run.stdout)
    assert f"http://127.0.0.1:{moved[1]}" in run.stdout
    for shown in ("iss ", "sub ", "user_id ", "signature_invalid", "token_expired", "algorithm_not_allowed", "code 43"):
        assert shown in run.stdout
    assert all(secret not in run.stdout for secret in secrets)
    assert JWT.search(run.stdout) is None
    assert not (workplace / ".tidegate" / "sandbox.json").exists()


def test_a_step_that_does_not_hold_is_named_and_the_end_is_1(workplace):
    # Without --once: where there is no terminal it ends all the same.
    run, _ = watched(workplace, "--port", "0", fault="refuse_secret")

    number = [step.says for step in STEPS].index("Stream's stand-in accepts the token") + 1
    assert run.returncode == 1
    assert run.stderr == (
        f"tidegate: the demo failed at step {number} (Stream's stand-in accepts the token): answered 401 43.\n"
    )
    assert re.findall(r"^ *(\d+)  FAIL ", run.stdout, re.MULTILINE) == [str(number)]
    assert f"{number + 1}  pass" not in run.stdout
    assert NO_TERMINAL not in run.stdout


def test_in_a_terminal_the_service_goes_on_with_lines_that_work(workplace):
    ours, theirs = pty.openpty()
    with started(
        [*DEMO, "--port", "0"],
        cwd=workplace,
        env=environment(TERM="dumb", NO_COLOR="1", COLUMNS="60"),
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        told = _read_until(ours, "Ctrl-C ends it.")
        url, session = pasted_session(told, workplace)
        answer = httpx2.post(f"{url}/stream/token", headers={"Authorization": f"Bearer {session}"})
        process.send_signal(signal.SIGINT)
        error = process.stderr.read()
        status = process.wait(10)
    os.close(ours)

    assert (answer.status_code, status, error) == (200, 0, b"")
    assert JWT.search(told) is None


def test_a_sandbox_that_runs_here_already_keeps_its_sessions(workplace):
    # Without --once and without a terminal: the last line says why it ends.
    with SandboxServer(state_dir=workplace / ".tidegate") as sandbox:
        before = sandbox.runtime_file.read_bytes()
        run = subprocess.run(
            [*DEMO, "--port", "0"],
            cwd=workplace,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert (run.returncode, run.stderr) == (0, "")
        assert f"All {len(STEPS)} steps held." in run.stdout
        assert run.stdout.splitlines()[-1] == NO_TERMINAL
        assert sandbox.runtime_file.read_bytes() == before
        assert list((workplace / ".tidegate").iterdir()) == [sandbox.runtime_file]


def _read_until(terminal, text):
    told = ""
    deadline = time.monotonic() + 30
    while text not in told:
        assert time.monotonic() < deadline, told
        told += os.read(terminal, 65536).decode(errors="replace")
    return told


def _holds(*lines):
    def tries(_):
        yield from lines

    return tries


def _breaks(error):
    def tries(_):
        yield "seen before"
        raise error

    return tries


def test_steps_are_told_with_what_they_saw(capsys):
    assert tell((Step("One", _holds("[seen]")), Step("Two", _holds())), None, Screen()) == ""

    out = capsys.readouterr().out
    assert re.search(r"^ 1  pass  One  \(\d+ ms\)\n        \[seen\]\n 2  pass  Two", out, re.MULTILINE)
    assert "All 2 steps held." in out


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StepFailed("it answered 500"), "it answered 500"),
        (httpx2.ConnectError("refused"), "refused"),
        (httpx2.ReadTimeout(""), "ReadTimeout"),
        (KeyError("token"), "an answer of another form came back (KeyError)"),
        (ValueError("eyJhbGciOiJIUzI1NiJ9"), "an answer of another form came back (ValueError)"),
    ],
)
def test_the_first_step_that_breaks_ends_it(capsys, error, says):
    steps = (Step("One", _holds()), Step("Two", _breaks(error)), Step("Three", _holds()))

    failed = tell(steps, None, Screen())

    out = capsys.readouterr().out
    assert failed == f"2 (Two): {says}"
    assert "FAIL" in out
    assert "seen before" in out
    assert "Three" not in out
