"""The table of figures: what is sampled, how it is merged, and how Prometheus says the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from tidegate.errors import REASONS, Reason
from tidegate.watch.series.ring import Merge

ROUTES: Final = ("/stream/token", "/api/chat/token", "/webhooks/identity/{issuer}")
"""What apps and providers ask for. Only their answers say how well the service works: health, metrics and unknown
paths answer anybody, so a stranger could drown errors in them, or make them."""

METHODS: Final = ("GET", "POST")
"""A preflight is answered to anybody, too."""

FAILED_CALLS: Final = (
    "-1", "2", "5", "5xx", "9", "23", "40", "41", "42", "43", "99", "other", "timeout", "unexpected", "unreachable",
)  # fmt: skip
"""Codes of calls to Stream that failed. Not among them: what Stream refuses about one user, or one call's content."""

UNJUDGED_CALLS: Final = ("4", "6", "16", "17", "22", "24", "4xx", "cancelled")
"""Codes that say nothing about how Stream is."""

AUTH_REASONS: Final = tuple(
    reason.value
    for reason in Reason
    if REASONS[reason].status == HTTPStatus.UNAUTHORIZED and not reason.value.startswith("operator_")
)
"""Refusals of a session that nobody could be found in: what a guesser gets, and an app that is out of step."""

SLOW_S: Final = 2.0
"""Seconds above which an answer is slow; a bound of both histograms."""

_APPS: Final = 'http_route=~"/stream/token|/api/chat/token|/webhooks/identity/.*",http_request_method=~"GET|POST"'
_REQUESTS: Final = "http_server_request_duration_seconds"
_CALLS: Final = "tidegate_upstream_request_duration_seconds"
_JUDGED: Final = f'code!~"{"|".join(UNJUDGED_CALLS)}"'


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        title: for a person.
        merge: what stands for several values, of several slots or several replicas.
        promql: the same at Prometheus, of everything that it scrapes; ``{window}`` stands for a duration.
            Empty: there it has no counterpart.
        unit: ``s``, ``ratio``, ``bytes``, or nothing for a number.
    """

    title: str
    merge: Merge
    promql: str = ""
    unit: str = ""


def _counted(title: str, selector: str) -> Figure:
    return Figure(title, Merge.SUM, f"sum(increase({selector}[{{window}}]))")


def _measured(title: str, selector: str, unit: str = "", merge: Merge = Merge.MAX) -> Figure:
    return Figure(title, merge, f"{merge.value}({selector})", unit)


def _quantile(title: str, quantile: float, histogram: str, selector: str = "") -> Figure:
    asked = f"histogram_quantile({quantile}, sum by (le) (rate({histogram}_bucket{selector}[{{window}}])))"
    return Figure(title, Merge.MAX, asked, "s")


def _slow(title: str, histogram: str, judged: str) -> Figure:
    """Those above the bound: all less those below; both sums are over the same series."""
    everything = f"sum(increase({histogram}_count{{{judged}}}[{{window}}]))"
    quick = f'sum(increase({histogram}_bucket{{{judged},le="{SLOW_S}"}}[{{window}}]))'
    return Figure(title, Merge.SUM, f"({everything} - {quick})")


_NOT_REFUSED: Final = f'{_APPS},http_response_status_code!~"4.."'

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        # The exchange.
        "exchanges": _counted("Exchanges", "tidegate_exchange_total"),
        "exchanges.issued": _counted("Tokens issued", 'tidegate_exchange_total{outcome="issued"}'),
        "exchanges.refused": _counted("Exchanges refused", 'tidegate_exchange_total{outcome="refused"}'),
        "exchanges.unavailable": _counted("Exchanges failed", 'tidegate_exchange_total{outcome="unavailable"}'),
        "exchange.p50": _quantile("Exchange, median", 0.5, "tidegate_exchange_duration_seconds"),
        "exchange.p95": _quantile("Exchange, 95 %", 0.95, "tidegate_exchange_duration_seconds"),
        "exchange.p99": _quantile("Exchange, 99 %", 0.99, "tidegate_exchange_duration_seconds"),
        "refusals.auth": _counted(
            "Sessions not accepted",
            f'tidegate_exchange_total{{reason=~"{"|".join(AUTH_REASONS)}"}}',
        ),
        "sessions.hits": _counted("Sessions found verified", "tidegate_session_cache_hits_total"),
        "sessions.misses": _counted("Sessions verified in full", "tidegate_session_cache_misses_total"),
        # What apps and providers were answered; refusals are no part of it.
        "answers": _counted("Answers that count", f"{_REQUESTS}_count{{{_NOT_REFUSED}}}"),
        "answers.failed": _counted("Answers 5xx", f'{_REQUESTS}_count{{{_APPS},http_response_status_code=~"5.."}}'),
        "answers.slow": _slow("Answers over 2 s", _REQUESTS, _NOT_REFUSED),
        # Stream.
        "stream.calls": _counted("Calls to Stream", f"{_CALLS}_count{{{_JUDGED}}}"),
        "stream.failed": _counted("Calls to Stream that failed", f'{_CALLS}_count{{code=~"{"|".join(FAILED_CALLS)}"}}'),
        "stream.slow": _slow("Calls to Stream over 2 s", _CALLS, _JUDGED),
        "stream.p50": _quantile("Stream, median", 0.5, _CALLS),
        "stream.p95": _quantile("Stream, 95 %", 0.95, _CALLS),
        "stream.p99": _quantile("Stream, 99 %", 0.99, _CALLS),
        "stream.breaker": _measured("Circuit breaker (2: open)", "tidegate_upstream_breaker_state"),
        "quota.lowest_ratio": _measured(
            "Smallest part left of a limit of Stream's",
            "tidegate_upstream_quota_lowest_ratio",
            "ratio",
            Merge.MIN,
        ),
        "sync.waiting": _measured("Profiles that wait", "tidegate_sync_queue_entries"),
        "canary.connect_seconds": _quantile("Canary: time to connect", 0.95, "tidegate_canary_connect_seconds"),
        "canary.delivery_seconds": _quantile("Canary: time to arrive", 0.95, "tidegate_canary_delivery_seconds"),
        # The state of things.
        "health.status": _measured("Health (0 healthy, 1 degraded, 2 unhealthy)", "tidegate_health_status"),
        "keys.age_seconds": _measured("Age of the oldest key set", "tidegate_jwks_keyset_age_seconds", "s"),
        "keys.stale": _measured("Issuers whose keys are not fresh", "tidegate_jwks_stale_issuers"),
        "credentials.age_seconds": _measured("Age of the oldest secret", "tidegate_credential_age_seconds", "s"),
        "credentials.max_age_seconds": _measured(
            "Age at which a secret is too old", "tidegate_credential_max_age_seconds", "s"
        ),
        "posture.unsafe": _measured("Checks that the app at Stream has off", "tidegate_app_unsafe"),
        "ledger.lag_seconds": _measured("Ledger: oldest entry not durable", "tidegate_ledger_lag_seconds", "s"),
        "ledger.waiting": _measured("Ledger: entries that wait", "tidegate_ledger_queue_entries"),
        "ledger.lost": _counted("Ledger: entries lost", "tidegate_ledger_lost_total"),
        "standing.owed_seconds": _measured(
            "Revocations that Stream is to be told", "tidegate_standing_owed_seconds", "s"
        ),
        "store.up": _measured("Database in use", "tidegate_store_up", merge=Merge.MIN),
        "store.waker_up": _measured("Woken by other replicas", "tidegate_changes_waker_up", merge=Merge.MIN),
        "notify.failing_seconds": _measured(
            "Time for which nobody could be notified", "tidegate_notify_failing_seconds", "s"
        ),
        "plan.connections": _measured("Connections that the plan has", "tidegate_plan_connections"),
        "http.connections": Figure("Connections open here", Merge.SUM, "sum(tidegate_http_connections)"),
        "client.connections": Figure(
            "Connections to Stream, by the apps", Merge.SUM, "sum(tidegate_client_connections >= 0)"
        ),
        # What apps tell, of the last whole window; missing where too few users told of it.
        "client.users": Figure("Users whose apps told something", Merge.SUM, "sum(tidegate_client_users >= 0)"),
        "client.failed": Figure(
            "Failures that apps met", Merge.MAX, "sum(increase(tidegate_client_failures_total[{window}]))"
        ),
        **{
            f"client.{name}.{short}": _quantile(f"{title}, {word}", quantile, f"tidegate_client_{name}_seconds")
            for name, title in (
                ("connect", "Apps: time to connect"),
                ("delivery", "Apps: time until a message arrives"),
                ("session", "Apps: how long they are open"),
            )
            for short, quantile, word in (("p50", 0.5, "median"), ("p95", 0.95, "95 %"))
        },
    }
)
"""Every figure but those that have one for each reason (``refusals.…``, ``client.failures.…``) or each probe
(``probe.…``)."""

REFUSALS: Final = "refusals."
PROBES: Final = "probe."
ISSUER_REFUSED: Final = "issuer.refused."
APP_FAILURES: Final = "client.failures."


def figure(name: str) -> Figure:
    """What a figure is.

    Args:
        name: of the table, or of a family.

    Raises:
        KeyError: there is no such figure.
    """
    known = FIGURES.get(name)
    if known is not None:
        return known
    if name.startswith(REFUSALS):
        reason = name.removeprefix(REFUSALS)
        return _counted(f"Refused: {reason}", f'tidegate_exchange_total{{reason="{reason}"}}')
    if name.startswith(ISSUER_REFUSED):
        issuer, reasons = name.removeprefix(ISSUER_REFUSED), "|".join(AUTH_REASONS)
        selector = f'tidegate_exchange_total{{issuer="{issuer}",reason=~"{reasons}"}}'
        return _counted(f"Sessions of {issuer} not accepted", selector)
    if name.startswith(APP_FAILURES):
        reason = name.removeprefix(APP_FAILURES)
        selector = f'tidegate_client_failures_total{{reason="{reason}"}}'
        return Figure(f"Users whose apps met: {reason}", Merge.MAX, f"sum(increase({selector}[{{window}}]))")
    if name.startswith(PROBES):
        probe = name.removeprefix(PROBES)
        return _measured(
            f"Probe {probe} (0 well, 1 warning, 2 failing)", f'tidegate_probe_state{{probe=~"{probe}.*"}} != 3'
        )
    raise KeyError(name)
