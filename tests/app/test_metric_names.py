"""The names that are promised: each stands in what a running service exposes, of the promised kind, with its labels."""

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.operating import KEYS

pytestmark = pytest.mark.anyio
OPERATED_BY = KEYS
C, G, H = "counter", "gauge", "histogram"
PROMISED = {
    "tidegate_exchange_total": (C, "face issuer outcome reason"),
    "tidegate_exchange_duration_seconds": (H, "face"),
    "tidegate_jwks_keyset_age_seconds": (G, "issuer"),
    "tidegate_jwks_refresh_total": (C, "issuer result"),
    "tidegate_jwks_unknown_kid_total": (C, ""),
    "tidegate_jwks_stale_served_total": (C, ""),
    "tidegate_session_cache_hits_total": (C, ""),
    "tidegate_session_cache_misses_total": (C, ""),
    "tidegate_session_cache_entries": (G, ""),
    "tidegate_limit_decisions_total": (C, "decision scope"),
    "tidegate_upstream_request_duration_seconds": (H, "code operation"),
    "tidegate_upstream_connections": (G, ""),
    "tidegate_upstream_quota_remaining_ratio": (G, "endpoint"),
    "tidegate_upstream_breaker_state": (G, ""),
    "tidegate_canary_connect_seconds": (H, ""),
    "tidegate_canary_delivery_seconds": (H, ""),
    "tidegate_client_connect_seconds": (H, ""),
    "tidegate_client_delivery_seconds": (H, ""),
    "tidegate_client_session_seconds": (H, ""),
    "tidegate_credential_age_seconds": (G, "generation"),
    "tidegate_ledger_lag_seconds": (G, ""),
    "tidegate_alert_active": (G, "alert"),
    "tidegate_build_info": (G, "python version"),
    "http_server_request_duration_seconds": (H, "http_request_method http_response_status_code http_route"),
}


async def exposed(gate):
    """Every family by its full name: its kind, and the names of its labels."""
    async with gate.operator() as otto:
        text = (await otto.get("/metrics")).text
    found = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == C else family.name
        for sample in family.samples:
            found[name] = (family.type, " ".join(sorted(sample.labels.keys() - {"le"})))
    return found


async def test_each_promised_metric_is_exposed_with_its_kind_and_labels(gate_with):
    async with gate_with(telemetry="on") as gate:
        assert (await gate.exchange(gate.session())).status_code == 200
        await gate.exchange("no session")
        with anyio.fail_after(10):
            while PROMISED.keys() - (found := await exposed(gate)).keys():
                await anyio.sleep(0.05)  # what comes with the first probes and alerts takes a moment
    assert {name: found[name] for name in PROMISED} == PROMISED
