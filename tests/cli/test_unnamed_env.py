"""A .env that came with a folder, and somebody with Stream's secret in the environment who works there."""

import contextlib
import socket
import threading

import pytest

from support.environments import DEVELOPMENT, SECRET


@contextlib.contextmanager
def stranger():
    """Somebody who listens: the port, and what was heard."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen():
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    with caller:
                        heard.append(caller.recv(65_536))

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def here(workplace, monkeypatch):
    """A function that puts the file there, and the credentials into the environment."""

    def put(port, name=".env"):
        for variable, text in DEVELOPMENT.items():
            monkeypatch.setenv(variable, text)
        (workplace / name).write_text(f"STREAM_CHAT_BASE_URL=http://127.0.0.1:{port}\nSTREAM_CHAT_TIMEOUT=500\n")

    return put


@pytest.mark.parametrize("command", [("config", "check", "--live"), ("config", "check"), ("doctor", "--live")])
def test_no_token_signed_with_the_secret_goes_where_the_file_says(tidegate, here, command):
    with stranger() as (port, heard):
        here(port)
        ended = tidegate(*command)
    assert ended.status == 2
    said = " ".join((ended.out + ended.err).split())
    assert "STREAM_CHAT_BASE_URL" in said
    assert "that nobody named" in said
    assert SECRET not in said
    assert heard == []


def test_where_somebody_names_the_file_it_does(tidegate, here):
    with stranger() as (port, heard):
        here(port, "mine.env")
        tidegate("config", "check", "--live", "--env-file", "mine.env")
    assert heard
