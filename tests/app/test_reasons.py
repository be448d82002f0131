"""A reason is the same in the answer, the log line and the metric."""

import io
import json

import pytest

from tidegate.clock import SystemClock
from tidegate.errors import Reason
from tidegate.logs import RequestLog
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("shape", "reason", "issuer", "outcome"),
    [
        ({}, None, "sandbox", "issued"),
        ({"expired": True}, Reason.TOKEN_EXPIRED, "sandbox", "refused"),
        ({"azp": "https://evil.example"}, Reason.AUTHORIZED_PARTY_MISMATCH, "sandbox", "refused"),
        ({"iss": "https://evil.example"}, Reason.ISSUER_UNKNOWN, "none", "refused"),
        ({"pending": True}, Reason.SESSION_PENDING, "sandbox", "refused"),
    ],
)
async def test_answer_log_and_metric_agree(gate, shape, reason, issuer, outcome):
    stream = io.StringIO()
    gate.runtime.app._log = log = RequestLog(SystemClock(), stream, as_json=True)
    code = "none" if reason is None else reason.value
    labels = {"face": "mobile", "issuer": issuer, "outcome": outcome, "reason": code}
    before = REGISTRY.get_sample_value("tidegate_exchange_total", labels) or 0
    answer = await gate.exchange(gate.session(**shape))
    log.flush()
    line = json.loads(stream.getvalue())
    assert answer.json().get("reason", "none") == code
    assert line["reason"] == code
    assert line["issuer"] == issuer
    assert line["status"] == answer.status_code
    assert line["request_id"] == answer.headers["x-request-id"]
    assert REGISTRY.get_sample_value("tidegate_exchange_total", labels) == before + 1


async def test_the_log_line_has_a_pseudonym_and_the_trace_but_no_person(gate):
    stream = io.StringIO()
    gate.runtime.app._log = log = RequestLog(SystemClock(), stream, as_json=True)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    token = gate.session()
    answer = await gate.exchange(token, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    log.flush()
    text = stream.getvalue()
    assert json.loads(text)["trace_id"] == trace
    assert len(json.loads(text)["subject"]) == 12
    for secret in (answer.json()["user_id"], token, answer.json()["token"], "Ada"):
        assert secret not in text


async def test_metrics_have_the_names_that_operators_were_promised(gate):
    await gate.exchange(gate.session())
    await gate.client.get("/api/chat/test-connection")
    text = (await gate.client.get("/metrics")).text
    for name in (
        "tidegate_exchange_total",
        "tidegate_exchange_duration_seconds_bucket",
        "tidegate_jwks_keyset_age_seconds",
        "tidegate_jwks_refresh_total",
        "tidegate_jwks_unknown_kid_total",
        "tidegate_jwks_stale_served_total",
        "tidegate_session_cache_hits_total",
        "tidegate_session_cache_misses_total",
        "tidegate_session_cache_entries",
        "tidegate_limit_decisions_total",
        "tidegate_upstream_request_duration_seconds_bucket",
        "tidegate_upstream_connections",
        "tidegate_upstream_quota_remaining_ratio",
        "tidegate_upstream_breaker_state",
        "tidegate_build_info",
        "http_server_request_duration_seconds_bucket",
    ):
        assert f"\n{name}" in text, name
    assert 'le="5e-05"' in text
