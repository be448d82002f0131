"""The rules at Prometheus: by promtool, and with a real Prometheus and Alertmanager that scrape a real service."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from support.processes import ROOT, of_sandbox, running
from support.programs import program, server
from tidegate.sandbox.server import SandboxServer

pytestmark = pytest.mark.system

RULES = ROOT / "deploy/prometheus/tidegate.rules.yml"
ANSWERS = "http_server_request_duration_seconds_count"
ROUTE = 'http_route="/stream/token",http_request_method="POST"'
CALLS = "tidegate_upstream_request_duration_seconds_count"


def answers(good, bad, minutes=15, refused=0):
    """Series of answers, so many more of each kind in a minute."""
    kinds = {"200": good, "503": bad, "401": refused}
    return {
        f'{ANSWERS}{{{ROUTE},http_response_status_code="{status}"}}': f"0+{count}x{minutes}"
        for status, count in kinds.items()
    }


CASES = {
    "4.9 % are no alert": (answers(951, 49), 10, "ChatErrorRateHigh", False),
    "5.1 % are one": (answers(949, 51), 10, "ChatErrorRateHigh", True),
    "refusals neither raise it nor drown it": (answers(94, 6, refused=10_000), 10, "ChatErrorRateHigh", True),
    "only refusals raise nothing": (answers(100, 0, refused=10_000), 10, "ChatErrorRateHigh", False),
    "three requests at night": (answers(0, 0.2), 10, "ChatErrorRateHigh", False),
    "calls to Stream that fail": (
        {f'{CALLS}{{code="ok"}}': "0+90x15", f'{CALLS}{{code="timeout"}}': "0+10x15"},
        10,
        "ChatErrorRateHigh",
        True,
    ),
    "calls that Stream refuses": (
        {f'{CALLS}{{code="ok"}}': "0+90x15", f'{CALLS}{{code="16"}}': "0+90x15"},
        10,
        "ChatErrorRateHigh",
        False,
    ),
    "health for less than a minute": ({"tidegate_health_status": "0 0 0 1 0 0"}, 3, "ChatHealthNotHealthy", False),
    "health for longer": ({"tidegate_health_status": "0 1 1 1 1 1"}, 5, "ChatHealthNotHealthy", True),
    "a probe that knows nothing": ({'tidegate_probe_state{probe="canary"}': "3x10"}, 8, "CanaryDeliveryFailing", False),
    "a canary that fails": ({'tidegate_probe_state{probe="canary"}': "2x10"}, 8, "CanaryDeliveryFailing", True),
    "a service without a store": ({"tidegate_store_up": " ".join(["NaN"] * 10)}, 8, "DatabaseUnavailable", False),
    "a database that is down": ({"tidegate_store_up": "0x10"}, 8, "DatabaseUnavailable", True),
    "a secret that is never too old": (
        {"tidegate_credential_age_seconds": "9e9x10", "tidegate_credential_max_age_seconds": "0x10"},
        8,
        "CredentialTooOld",
        False,
    ),
    "a secret of 91 days": (
        {"tidegate_credential_age_seconds": "7862400x10", "tidegate_credential_max_age_seconds": "7776000x10"},
        8,
        "CredentialTooOld",
        True,
    ),
    "a budget that burns": (answers(98, 2, minutes=90), 80, "ErrorBudgetBurnsFast", True),
    "a budget that burns slowly": (answers(992, 8, minutes=400), 390, "ErrorBudgetBurns", True),
    "a budget that does not": (answers(9_999, 1, minutes=400), 390, "ErrorBudgetBurns", False),
    "a replica that is gone": ({'up{job="tidegate"}': "1 1 0 0 0 0 0 0"}, 6, "TidegateDown", True),
    "a replica that is there": ({'up{job="tidegate"}': "1x10"}, 6, "TidegateDown", False),
}


def asked(series, minute, alert):
    """A file of tests for promtool, which says of each alert's rule only whether it fires."""
    inputs = "\n".join(f"      - series: '{name}'\n        values: '{values}'" for name, values in series.items())
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    every = "5m" if minute > 60 else "30s"
    return (
        f"rule_files: ['{RULES}']\nevaluation_interval: {every}\n"
        f"tests:\n  - interval: 1m\n    input_series:\n{inputs}\n"
        f"    promql_expr_test:\n      - expr: '{firing}'\n"
        f"        eval_time: {minute}m\n        exp_samples: [{{labels: '{{}}', value: VALUE}}]\n"
    )


def test_the_files_are_what_prometheus_and_alertmanager_read():
    folder = ROOT / "deploy/prometheus"
    for command in (
        [program("promtool"), "check", "rules", str(RULES)],
        [program("promtool"), "check", "config", str(folder / "prometheus.yml")],
        [program("amtool"), "check-config", str(folder / "alertmanager.yml")],
    ):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("case", CASES)
def test_each_rule_fires_where_it_should(case, tmp_path):
    series, minute, alert, fires = CASES[case]
    file = tmp_path / "tests.yml"
    file.write_text(asked(series, minute, alert).replace("VALUE", str(int(fires))))

    run = subprocess.run([program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def receiver():
    """Takes Alertmanager's webhooks."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.extend(json.loads(self.rfile.read(int(self.headers["content-length"])))["alerts"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    one = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=one.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{one.server_port}/", taken
    finally:
        one.shutdown()
        thread.join()
        one.server_close()


def answers_at(url):
    def ready():
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(url).status_code == 200
        return False

    return ready


def quicker(text):
    """A file as it is shipped, with the waits of a test."""
    text = re.sub(r"for: (?:1m|2m|5m)\n", "for: 1s\n", text)
    return re.sub(r"(group_wait|scrape_interval|evaluation_interval|group_interval): \w+", r"\1: 1s", text)


@contextlib.contextmanager
def watched(directory: Path, scraped: str, hook: str):
    """Prometheus and Alertmanager with the files as they are shipped, but for addresses and waits."""
    shipped, ports = ROOT / "deploy/prometheus", (free_port(), free_port())
    rules, config, manager = (
        quicker((shipped / name).read_text()) for name in ("tidegate.rules.yml", "prometheus.yml", "alertmanager.yml")
    )
    config = config.replace("127.0.0.1:9093", f"127.0.0.1:{ports[1]}").replace("127.0.0.1:8001", scraped)
    manager = re.sub(r"https://\w+\.example/hook", hook, manager)
    for folder, files in (("p", {"tidegate.rules.yml": rules, "prometheus.yml": config}), ("a", {"a.yml": manager})):
        (directory / folder).mkdir()
        for name, text in files.items():
            (directory / folder / name).write_text(text)
    prometheus = [
        program("prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{ports[0]}",
    ]
    alertmanager = [
        program("prometheus-alertmanager"),
        "--config.file=a.yml",
        "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{ports[1]}",
        "--cluster.listen-address=",
    ]
    with (
        server(alertmanager, directory / "a", answers_at(f"http://127.0.0.1:{ports[1]}/-/ready")),
        server(prometheus, directory / "p", answers_at(f"http://127.0.0.1:{ports[0]}/-/ready")),
    ):
        yield f"http://127.0.0.1:{ports[0]}"


def until(found, seconds=60):
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
    return value


def settings_of(sandbox):
    return {**of_sandbox(sandbox), "TIDEGATE_PROBE_SECONDS": "5"}


def test_an_outage_of_stream_reaches_a_receiver_by_way_of_prometheus(tmp_path):
    (tmp_path / "service").mkdir()
    serve = [sys.executable, "-m", "tidegate", "serve"]
    with (
        SandboxServer() as sandbox,
        running(tmp_path / "service", serve, settings_of(sandbox)) as service,
        receiver() as (hook, taken),
        watched(tmp_path, service.url.removeprefix("http://"), hook) as prometheus,
    ):

        def metrics():
            return httpx2.get(f"{service.url}/metrics").text

        until(lambda: "tidegate_health_status 0.0" in metrics())
        until(lambda: '"tidegate_health_status"' in httpx2.get(f"{prometheus}/api/v1/label/__name__/values").text)
        time.sleep(3)
        assert taken == [], "nothing is wrong yet"

        sandbox.sandbox.stream.fault("error", status=500)
        until(lambda: "tidegate_health_status 1.0" in metrics())
        alert = until(lambda: next((one for one in taken if one["status"] == "firing"), None))
        assert alert["labels"]["alertname"] == "ChatHealthNotHealthy"
        assert alert["labels"]["severity"] == "page"
        assert alert["annotations"]["runbook"] == "docs/alerts.md#chathealthnothealthy"

        page = httpx2.get(f"{service.url}/api/chat/health").json()
        assert page["status"] == "degraded"
