"""The probes of a whole service: what operators are told, what it costs at Stream, and who makes the calls."""

import contextlib
import time

import anyio
import httpx2
import pytest
from dirty_equals import IsList, IsNumber, IsPositive, IsStr

from support.operating import KEYS, OPERATOR, VIEWER, bearer
from support.processes import beside
from tidegate.http.operators import digest
from tidegate.sandbox import SandboxServer
from tidegate.settings import IssuerConfig
from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.service import OneProcess

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS
STAMP = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PROBES = "/operator/v1/probes"
HEALTH = "/operator/v1/health"
STEP_S = 33
"""Seconds: the longest period of the probe that runs most often, jitter included."""


async def until(condition, seconds=5):
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.01)


async def seen(gate, probe, cause):
    """What a probe found, once it found that."""
    board = gate.runtime.watching.board
    await until(lambda: (last := board.last(probe)) is not None and last.cause == cause)
    return board.last(probe)


async def test_the_certificates_of_an_issuer_and_of_its_key_server_are_looked_at(gate_with, free_tcp_port):
    config = {"name": "login", "kind": "oidc", "issuer": f"https://localhost:{free_tcp_port}", "audience": ["app"]}
    async with gate_with(wait=False, issuers=(IssuerConfig.model_validate(config),)) as gate:
        titles = {spec.name: spec.title for spec in gate.runtime.watching.runner.specs()}
    assert titles["certificate:issuer:login"] == "Certificate of issuer login"
    assert titles["certificate:keys:login"] == "Certificate of the key server of issuer login"


async def test_what_is_probed_and_what_it_costs(gate):
    await seen(gate, "quota", "")
    await seen(gate, "credentials", "")
    async with gate.operator(VIEWER) as vera:
        answer = (await vera.get(PROBES)).json()
    names = ["configuration", "credentials", "generations", "app", "quota", "keys:sandbox", "clock", "database", "disk"]
    names.append("ledger")
    assert [probe["name"] for probe in answer["probes"]] == names
    assert answer["turn"] == "this"
    assert answer["calls_per_hour"] == {"get_app": 120.0, "get_rate_limits": 60.0}
    assert answer["calls_per_hour_total"] == 180.0
    credentials = next(probe for probe in answer["probes"] if probe["name"] == "credentials")
    assert credentials == {
        "name": "credentials",
        "title": IsStr(),
        "period_seconds": 30.0,
        "timeout_seconds": 15.0,
        "calls": {"get_app": 1.0},
        "each_replica": False,
        "outcome": {
            "state": "ok",
            "at": STAMP,
            "age_seconds": IsNumber(ge=0),
            "since": STAMP,
            "cause": "",
            "text": "",
            "mends": [],
            "blame": "nobody",
            "sure": 1.0,
            "figures": {
                "response_seconds": IsPositive(),
                "clock_difference_seconds": IsNumber(),
                "auth_checks_disabled": 0.0,
                "permission_checks_disabled": 0.0,
                "suspended": 0.0,
                "revoked_before": 0.0,
            },
            "ran": "here",
        },
    }


async def test_an_operator_has_a_probe_run_and_a_viewer_does_not(gate):
    await seen(gate, "credentials", "")
    gate.clock.shift += 3.0  # what was found just now would be given again
    before = len(gate.sandbox.sandbox.stream.requests)
    async with gate.operator(VIEWER) as vera, gate.operator(OPERATOR) as otto:
        refused = await vera.post(f"{PROBES}/credentials/run")
        ran = await otto.post(f"{PROBES}/credentials/run")
        again = await otto.post(f"{PROBES}/credentials/run")
        none = await otto.post(f"{PROBES}/none/run")
        keys = await otto.post(f"{PROBES}/keys:sandbox/run")
    assert (refused.status_code, refused.json()["reason"]) == (403, "operator_role_refused")
    assert (ran.status_code, ran.json()["outcome"]["state"]) == (200, "ok")
    assert again.json()["outcome"]["at"] == ran.json()["outcome"]["at"]
    assert len(gate.sandbox.sandbox.stream.requests) == before + 1
    assert (none.status_code, none.json()["reason"]) == (404, "not_found")
    assert keys.json()["outcome"]["figures"]["keys"] >= 1


async def test_health_for_strangers_and_for_operators(gate_with, sandbox):
    sandbox.sandbox.stream.fault("error", status=500)
    async with gate_with(profile_sync="off") as gate:
        await seen(gate, "credentials", Cause.STREAM_ERRORS)
        public = (await gate.client.get("/api/chat/health")).json()
        async with gate.operator(VIEWER) as vera:
            told = (await vera.get(HEALTH)).json()
    told_so = r"Stream answers with server errors\. Whose fault: Stream's, 95% sure; since"
    sentence = IsStr(regex=rf"{told_so} 20\d\d-\d\d-\d\dT[\d:]{{8}}Z\.")
    assert public["status"] == "degraded"
    assert public["warnings"] == IsList(sentence, length=...)
    assert public["troubleshooting"]["issues"] == IsList(sentence, length=...)
    assert public["troubleshooting"]["solutions"] == ["Look at Stream's status page."]
    assert told == {
        "status": "degraded",
        "message": IsStr(regex="Stream answers with server errors.*"),
        "checks": {"configurationValid": True, "connectionEstablished": True, "authenticationWorking": False},
        "findings": IsList(
            {
                "cause": "stream_errors",
                "status": "degraded",
                "text": "Stream answers with server errors.",
                "mends": ["Look at Stream's status page."],
                "subject": "credentials",
                "blame": "stream",
                "sure": 0.95,
                "since": STAMP,
            },
            length=...,
        ),
        "timestamp": STAMP,
    }


@pytest.mark.parametrize(
    ("fault", "cause", "blame"),
    [
        ({"kind": "drop"}, Cause.STREAM_UNREACHABLE, "stream"),  # the identity provider can be reached
        ({"kind": "latency", "delay": 0.6}, Cause.STREAM_TIMED_OUT, "stream"),
        ({"kind": "rate_limited"}, Cause.STREAM_LIMITED, "ours"),
        ({"kind": "wrong_body"}, Cause.NOT_STREAM, "network"),
        ({"kind": "refuse_key"}, Cause.API_KEY_REFUSED, "ours"),
        ({"kind": "refuse_secret"}, Cause.API_SECRET_REFUSED, "ours"),
        ({"kind": "suspended"}, Cause.APP_SUSPENDED, "ours"),
    ],
)
async def test_whose_fault_each_failure_is(gate_with, sandbox, fault, cause, blame):
    sandbox.sandbox.stream.fault(fault.pop("kind"), **fault)
    async with gate_with(profile_sync="off", timeout_ms=300) as gate:
        outcome = await seen(gate, "credentials", cause)
        assert (outcome.blame, outcome.state) == (blame, "failing")


async def test_a_clock_that_differs_from_stream_s_and_from_the_issuer_s_is_ours(gate_with):
    async with gate_with(profile_sync="off") as gate:
        await seen(gate, "clock", "")
        gate.clock.shift += 60.0
        async with gate.operator(OPERATOR) as otto:
            await otto.post(f"{PROBES}/credentials/run")
            found = (await otto.post(f"{PROBES}/clock/run")).json()["outcome"]
        assert found["state"] == "failing"
        assert found["cause"] in {Cause.CLOCK_DIFFERS, Cause.CLOCK_WRONG}
        assert found["figures"]["stream_difference_seconds"] == pytest.approx(-60, abs=3)


async def test_an_hour_costs_what_is_said(gate_with, sandbox):
    stream = sandbox.sandbox.stream
    async with gate_with(profile_sync="off") as gate:
        runner = gate.runtime.watching.runner
        await seen(gate, "quota", "")
        runner._tick_s = 0.002
        runner._turn = OneProcess()  # a lease would run out while an hour passes in seconds
        async with gate.operator(VIEWER) as vera:
            said = (await vera.get(PROBES)).json()["calls_per_hour"]
        came = {"/app": 0, "/rate_limits": 0}
        for _ in range(3_600 // STEP_S):
            stream.requests.clear()
            gate.clock.shift += STEP_S
            stream.clear_faults()
            stream.fault("clock", seconds=gate.clock.shift)
            runner._woken.set()
            await anyio.sleep(0.01)
            await until(lambda: all(task.done() for task in runner._flying.values()))
            for request in stream.requests:
                came[request.path] = came.get(request.path, 0) + 1
        stream.clear_faults()
    assert came.keys() == {"/app", "/rate_limits"}
    assert 0.7 * said["get_app"] <= came["/app"] <= said["get_app"]
    assert 0.7 * said["get_rate_limits"] <= came["/rate_limits"] <= said["get_rate_limits"]


@contextlib.contextmanager
def replica(directory, sandbox, database_url):
    directory.mkdir()
    variables = {
        "TIDEGATE_DATABASE_URL": database_url,
        "TIDEGATE_PROBE_SECONDS": "5",
        "TIDEGATE_PROFILE_SYNC": "off",
        "TIDEGATE_OPS_BIND": "127.0.0.1:0",
        "TIDEGATE_OPERATOR_KEYS": f"otto:operator:{digest(OPERATOR)}",
    }
    with beside(sandbox, directory, **variables) as service:
        yield service


def health(service):
    return httpx2.get(f"{service.url}/api/chat/health").json()


def test_two_processes_on_one_postgresql_do_not_double_the_calls(tmp_path, postgresql_url):
    with SandboxServer() as sandbox:
        stream = sandbox.sandbox.stream
        with (
            replica(tmp_path / "one", sandbox, postgresql_url) as one,
            replica(tmp_path / "two", sandbox, postgresql_url) as two,
        ):
            deadline = time.monotonic() + 20
            while [health(each)["status"] for each in (one, two)] != ["healthy", "healthy"]:
                assert time.monotonic() < deadline, (health(one), health(two))
                time.sleep(0.1)
            stream.requests.clear()
            began = time.monotonic()
            time.sleep(6)
            calls, seconds = [request.path for request in stream.requests], time.monotonic() - began
            known = [health(each) for each in (one, two)]
    # One call every five to five and a half seconds, whoever of the two makes it.
    assert 1 <= calls.count("/app") <= 1 + seconds // 5
    assert calls.count("/rate_limits") <= 1
    assert [each["status"] for each in known] == ["healthy", "healthy"]
    assert all(each["performance"]["responseTimeMs"] > 0 for each in known)


async def test_the_command_shows_probes_and_what_they_cost(gate, monkeypatch, capsys):
    from tidegate.cli.probes import _show

    await seen(gate, "quota", "")
    async with gate.operator(VIEWER) as vera:
        answer = (await vera.get(PROBES)).json()
    found = next(probe["outcome"] for probe in answer["probes"] if probe["name"] == "quota")
    found |= {
        "state": "failing",
        "cause": "stream_errors",
        "text": CAUSES[Cause.STREAM_ERRORS].text,
        "blame": "stream",
        "sure": 0.95,
    }
    monkeypatch.setenv("COLUMNS", "200")
    _show(answer["probes"], answer)
    shown = capsys.readouterr().out
    assert "Calls to Stream: at most 180 in an hour for all replicas together" in shown
    assert "(get_app 120, get_rate_limits 60)" in shown
    assert "Stream answers with server errors. Whose fault: Stream's, 95% sure. Since" in shown
    assert bearer(OPERATOR)["Authorization"] not in shown
