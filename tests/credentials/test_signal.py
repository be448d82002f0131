"""SIGHUP: a running service reads its source of secrets again at once."""

import json
import os
import re
import signal
import sys
import time

import httpx2

from support.processes import running
from tidegate.sandbox import SandboxServer

PERIOD = {"TIDEGATE_CREDENTIALS_POLL_SECONDS": "3600"}
SERVE = [sys.executable, "-m", "tidegate", "serve"]


def written(path, first, second=(None, None)):
    names = ("STREAM_API_KEY", "STREAM_API_SECRET", "TIDEGATE_NEXT_API_KEY", "TIDEGATE_NEXT_API_SECRET")
    pairs = {name: text for name, text in zip(names, (*first, *second), strict=True) if text}
    path.with_suffix(".new").write_text(json.dumps(pairs))
    path.with_suffix(".new").replace(path)


def sample(service, name):
    """The value of a metric, which development shows at the main listener."""
    found = re.search(rf"^{re.escape(name)} ([0-9.]+)$", httpx2.get(f"{service.url}/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_new_pair_is_read_and_verified_at_once(tmp_path):
    source = tmp_path / "pairs.json"
    with SandboxServer() as server:
        written(source, server.sandbox.credentials())
        given = {
            **PERIOD,
            "STREAM_CHAT_BASE_URL": server.stream_url,
            "TIDEGATE_CREDENTIALS_SOURCE": f"file:{source}",
            "TIDEGATE_OPS_BIND": "127.0.0.1:0",
        }
        with running(tmp_path, SERVE, given) as service:
            read = 'tidegate_credential_reads_total{result="read"}'
            verified = 'tidegate_credential_generations{state="verified"}'
            assert eventually(lambda: sample(service, read) > 0)
            second = server.sandbox.stream.add_pair()
            written(source, server.sandbox.credentials(), second)
            time.sleep(0.2)
            assert sample(service, verified) == 0
            os.kill(service.pid, signal.SIGHUP)
            assert eventually(lambda: sample(service, verified) == 1)
            log = service.log.read_text()
    assert "credentials_verified" in log
    assert not any(secret in log for secret in (server.sandbox.credentials()[1], second[1]))
