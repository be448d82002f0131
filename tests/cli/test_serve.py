import json
import re
import signal
import socket
import subprocess
import sys

import httpx2
import pytest

from support.environments import DEVELOPMENT
from support.operating import KEYS
from support.processes import ROOT, environment, pasted_session, running, started
from tidegate.app.run import _wants_ops
from tidegate.settings import load

SERVE = [sys.executable, "-m", "tidegate", "serve"]
WRONG = {"STREAM_API_KEY": "demo-key", "STREAM_API_SECRET": "short", "TIDEGATE_TOKEN_LIFE_SECONDS": "soon"}


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_wrong_settings_are_2_with_a_line_for_each(tidegate, monkeypatch):
    for name, text in WRONG.items():
        monkeypatch.setenv(name, text)

    ended = tidegate("serve")

    lines = ended.err.splitlines()
    assert (ended.status, ended.out) == (2, "")
    assert [line.split(":")[0] for line in lines] == list(WRONG)
    assert all(re.fullmatch(r"[A-Z_]+: .+\. Mend: .+\.", line) for line in lines)


def test_the_script_of_the_guide_prints_the_same_lines(tidegate, monkeypatch, workplace):
    script = subprocess.run(
        [sys.executable, str(ROOT / "stream_token_service.py")],
        cwd=workplace,
        env=environment(**WRONG),
        capture_output=True,
        text=True,
        check=False,
    )
    for name, text in WRONG.items():
        monkeypatch.setenv(name, text)
    ended = tidegate("serve")

    assert (script.returncode, script.stdout, script.stderr) == (ended.status, ended.out, ended.err)


def test_options_count_before_the_environment(tidegate, workplace, monkeypatch):
    monkeypatch.setenv("TIDEGATE_BIND", "127.0.0.1:0")
    (workplace / "named").write_text("STREAM_API_KEY=demo-key\n")

    ended = tidegate("serve", "--bind", "nowhere", "--env-file", "named")

    assert ended.status == 2
    assert {line.split(":")[0] for line in ended.err.splitlines()} >= {"STREAM_API_KEY", "TIDEGATE_BIND"}


def test_a_file_that_is_not_there_is_2(tidegate):
    ended = tidegate("serve", "--env-file", "nothing")

    assert ended.status == 2
    assert ended.err.startswith("TIDEGATE_ENV_FILE: ")


@pytest.mark.parametrize("asked", [("--port", "9000"), ("-p", "9000"), ("--host", "0.0.0.0", "--port", "9000")])
def test_asked_for_a_port_it_says_how_to_get_it(tidegate, asked):
    ended = tidegate("serve", *asked)

    assert ended.status == 2
    assert ended.err == "tidegate: There is no --port and no --host. Mend: give both as --bind HOST:PORT.\n"


def test_what_does_not_work_is_not_offered(tidegate):
    assert "--port " not in tidegate("serve", "--help").out


def test_a_misspelt_secret_is_named_before_the_sandbox_stands_in(tidegate, workplace, monkeypatch):
    (workplace / "file").touch()
    monkeypatch.setenv("TIDEGATE_STATE_DIR", "file/state")  # where the sandbox cannot start, so that the command ends
    monkeypatch.setenv("STREAM_API_SECERT", "k3yq8zt7wv5xu2ns4rm6")

    ended = tidegate("serve", "--bind", "127.0.0.1:0")

    assert "STREAM_API_SECERT is no setting; did you mean STREAM_API_SECRET?" in ended.err
    assert "k3yq8zt7wv5xu2ns4rm6" not in ended.err


def test_a_port_that_is_taken_is_1_and_says_how_to_get_another(tidegate, taken):
    ended = tidegate("serve", "--bind", f"127.0.0.1:{taken}")

    assert ended.status == 1
    assert f"port {taken} is in use" in ended.err
    assert "--next-free-port" in ended.err


def test_the_script_of_the_guide_says_which_variable_gives_another_port(workplace, taken):
    script = subprocess.run(
        [sys.executable, str(ROOT / "stream_token_service.py")],
        cwd=workplace,
        env=environment(TIDEGATE_BIND=f"127.0.0.1:{taken}"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert script.returncode == 1
    assert f"port {taken} is in use" in script.stderr
    assert "TIDEGATE_BIND" in script.stderr


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([("a", "7"), ("b", "7")], "two subjects are assigned the same user id"),
        ([("a", "tg-7")], "an assigned user id must be one that Stream takes, and not begin with tg-"),
    ],
)
def test_a_table_of_user_ids_that_cannot_be_used_is_a_line_and_no_traceback(
    tidegate, workplace, monkeypatch, entries, says
):
    lines = [json.dumps({"subject": subject, "user_id": user_id}) for subject, user_id in entries]
    (workplace / "ids.jsonl").write_text("\n".join(lines))
    for name, text in {**DEVELOPMENT, "TIDEGATE_USER_ID_MAP_FILE": "ids.jsonl"}.items():
        monkeypatch.setenv(name, text)

    ended = tidegate("serve", "--bind", "127.0.0.1:0")

    assert (ended.status, ended.err.splitlines()[-1]) == (1, f"tidegate: ids.jsonl: {says}")


def test_a_state_directory_that_cannot_be_is_a_line_and_no_traceback(tidegate, workplace, monkeypatch):
    (workplace / "file").touch()
    monkeypatch.setenv("TIDEGATE_STATE_DIR", "file/state")

    ended = tidegate("serve", "--bind", "127.0.0.1:0")

    assert ended.status == 1
    # The last line: in one process with other tests, their log set-up may let the sandbox's server speak before it.
    assert ended.err.splitlines()[-1].startswith("tidegate: the sandbox cannot start")
    assert "TIDEGATE_STATE_DIR" in ended.err.splitlines()[-1]


def test_a_certificate_that_is_none_is_a_line_and_no_traceback(tidegate, workplace, monkeypatch):
    (workplace / "file").write_text("no certificate")
    files = {"TIDEGATE_TLS_CERTIFICATE_FILE": "file", "TIDEGATE_TLS_KEY_FILE": "file"}
    for name, text in {**DEVELOPMENT, **files}.items():
        monkeypatch.setenv(name, text)

    ended = tidegate("serve", "--bind", "127.0.0.1:0")

    assert ended.status == 1
    assert ended.err.splitlines()[-1].startswith("tidegate: the TLS certificate or its key cannot be used")


def test_the_operators_port_has_another_mend(tidegate, monkeypatch, taken):
    for name, text in {**DEVELOPMENT, "TIDEGATE_OPS_BIND": f"127.0.0.1:{taken}"}.items():
        monkeypatch.setenv(name, text)

    ended = tidegate("serve", "--bind", "127.0.0.1:0")

    assert ended.status == 1
    assert "TIDEGATE_OPS_BIND" in ended.err


def test_people_get_a_banner_with_lines_that_work(workplace, taken):
    # The sandbox stands in, the port is taken, and the log is for people.
    command = [*SERVE, "--bind", f"127.0.0.1:{taken}", "--next-free-port"]
    variables = environment(TIDEGATE_LOG_FORMAT="console")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(command, cwd=workplace, env=variables, text=True, **pipes) as process:
        banner = ""
        while "Ctrl-C" not in banner:
            line = process.stderr.readline()
            assert line, banner
            banner += line
        (url,) = re.search(r"Tidegate listens on (\S+) \(development\)", banner).groups()
        asked, session = pasted_session(banner, workplace)
        answer = httpx2.post(f"{asked}/stream/token", headers={"Authorization": f"Bearer {session}"})
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

    assert (answer.status_code, process.returncode) == (200, 0)
    assert url == asked
    assert int(url.rpartition(":")[2]) > taken
    assert "the sandbox stands in" in banner
    assert answer.json()["token"] not in out + banner + err
    assert session not in out + banner + err


def test_machines_get_log_lines_and_the_missing_issuer_is_named(workplace):
    # `running` waits for the log line that says which port it is.
    variables = {"STREAM_API_KEY": DEVELOPMENT["STREAM_API_KEY"]}
    variables["STREAM_API_SECRET"] = DEVELOPMENT["STREAM_API_SECRET"]
    with running(workplace, SERVE, variables) as service:
        answer = httpx2.post(f"{service.url}/stream/token", headers={"Authorization": "Bearer a.b.c"})

    log = service.log.read_text()
    assert answer.json()["reason"] == "issuer_not_configured"
    assert "CLERK_PUBLISHABLE_KEY" in log
    assert "Ctrl-C" not in log
    assert DEVELOPMENT["STREAM_API_SECRET"] not in log


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ({}, False),
        ({"TIDEGATE_OPS_BIND": "127.0.0.1:8001"}, True),
        ({"TIDEGATE_OPERATOR_KEYS": KEYS[0].written()}, True),
        ({"TIDEGATE_OPERATOR_KEY": "tgo_" + "x" * 43}, False),
    ],
)
def test_the_operators_listener_is_there_where_it_is_named_or_someone_operates(given, opened):
    assert _wants_ops(load({**DEVELOPMENT, **given})) is opened
