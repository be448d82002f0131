import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge

from tidegate import metrics
from tidegate.errors import REASONS, Reason
from tidegate.upstream.errors import ERRORS_BY_CODE
from tidegate.watch.series import figures
from tidegate.watch.series.sources import LEVELS, Buckets, client_connections, highest, lowest, read


def counted_by(act):
    """What an act adds to the counters, without those that it leaves alone."""
    before = read().counts
    act()
    after = read().counts
    return {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}


def test_exchanges_are_counted_by_what_came_of_them():
    def act():
        metrics.EXCHANGE_TOTAL.labels("mobile", "one", "issued", "none").inc(3)
        metrics.EXCHANGE_TOTAL.labels("web", "one", "refused", "token_expired").inc(2)
        metrics.EXCHANGE_TOTAL.labels("web", "one", "unavailable", "identity_unavailable").inc()

    assert counted_by(act) == {
        "exchanges": 6,
        "exchanges.issued": 3,
        "exchanges.refused": 2,
        "exchanges.unavailable": 1,
        "refusals.token_expired": 2,
        "refusals.identity_unavailable": 1,
        "refusals.auth": 2,
        "issuer.refused.one": 2,
    }


@pytest.mark.parametrize(
    ("method", "route", "status", "counted"),
    [
        ("POST", "/stream/token", "200", {"answers"}),
        ("POST", "/api/chat/token", "503", {"answers", "answers.failed"}),
        ("GET", "/api/chat/token", "502", {"answers", "answers.failed"}),
        ("POST", "/webhooks/identity/{issuer}", "500", {"answers", "answers.failed"}),
        ("POST", "/stream/token", "401", set()),
        ("POST", "/stream/token", "429", set()),
        ("OPTIONS", "/stream/token", "204", set()),
        ("GET", "/", "200", set()),
        ("GET", "/api/chat/health", "503", set()),
        ("GET", "/readyz", "503", set()),
        ("GET", "unmatched", "500", set()),
        ("POST", "/operator/v1/standing/bans", "503", set()),
    ],
)
def test_only_answers_that_a_stranger_cannot_bring_about_count(method, route, status, counted):
    assert set(counted_by(lambda: metrics.REQUEST_DURATION.labels(method, route, status).observe(0.1))) == counted


def test_an_answer_is_slow_above_two_seconds():
    observe = metrics.REQUEST_DURATION.labels("POST", "/stream/token", "200").observe

    assert "answers.slow" not in counted_by(lambda: observe(2.0))
    assert counted_by(lambda: observe(2.01))["answers.slow"] == 1


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        ("ok", {"stream.calls"}),
        ("timeout", {"stream.calls", "stream.failed"}),
        ("-1", {"stream.calls", "stream.failed"}),
        ("9", {"stream.calls", "stream.failed"}),
        ("16", set()),
        ("4xx", set()),
        ("cancelled", set()),
    ],
)
def test_calls_to_stream_fail_by_what_stream_is_and_not_by_what_was_asked(code, counted):
    assert set(counted_by(lambda: metrics.UPSTREAM_DURATION.labels("app", code).observe(0.1))) == counted


def test_slow_calls_to_stream_are_counted():
    assert counted_by(lambda: metrics.UPSTREAM_DURATION.labels("app", "ok").observe(2.1))["stream.slow"] == 1


def test_every_code_of_stream_is_known_as_a_failure_or_as_none():
    known = set(figures.FAILED_CALLS) | set(figures.UNJUDGED_CALLS)

    assert {str(code) for code in ERRORS_BY_CODE} <= known
    assert not set(figures.FAILED_CALLS) & set(figures.UNJUDGED_CALLS)


def test_refusals_of_a_session_are_those_with_401():
    assert "key_unknown" in figures.AUTH_REASONS
    assert not {"operator_key_refused", "limit_address", "identity_unavailable"} & set(figures.AUTH_REASONS)
    assert all(REASONS[Reason(reason)].status == 401 for reason in figures.AUTH_REASONS)


def test_levels_are_read_over_their_labels():
    registry = CollectorRegistry()
    gauge = Gauge("some_age", "One.", ["of"], registry=registry)
    assert highest(gauge) is None

    for of, value in (("a", 3.0), ("b", 8.0), ("c", math.nan)):
        gauge.labels(of).set(value)
    assert (highest(gauge), lowest(gauge)) == (8.0, 3.0)

    counter = Counter("some_things", "Another.", registry=registry)
    counter.inc(4)
    assert highest(counter) == 4.0


def test_connections_that_apps_report_are_seen_where_something_counts_them():
    registry = CollectorRegistry()
    assert client_connections(registry) is None

    Gauge("tidegate_client_connections", "From the apps.", registry=registry).set(41)
    assert client_connections(registry) == 41


def test_every_level_is_a_figure_and_can_be_asked_for():
    assert set(LEVELS) <= set(figures.FIGURES)
    assert all(level() is None or math.isfinite(level()) for level in LEVELS.values())
    families = (figures.REFUSALS, figures.ISSUER_REFUSED)
    assert {name for name in read().counts if not name.startswith(families)} <= set(figures.FIGURES)


BOUNDS = (0.1, 0.5, 1.0)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=40), st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_bucket_of_the_observation_it_stands_for(observations, quantile):
    counts = [0.0] * 4
    for one in observations:
        counts[sum(one > bound for bound in BOUNDS)] += 1
    exact = sorted(observations)[max(0, math.ceil(quantile * len(observations) - 1e-9) - 1)]

    found = Buckets(BOUNDS, counts).quantile(quantile)

    above = [bound for bound in BOUNDS if bound >= exact]
    upper = above[0] if above else BOUNDS[-1]
    lower = max([0.0, *(bound for bound in BOUNDS if bound < exact)])
    assert found is not None
    assert min(lower, BOUNDS[-1]) <= found <= upper + 1e-9


def test_nothing_observed_has_no_quantile():
    assert Buckets(BOUNDS, [0.0] * 4).quantile(0.5) is None


def test_what_came_since_is_the_difference():
    before, now = Buckets(BOUNDS, [1.0, 0.0, 0.0, 2.0]), Buckets(BOUNDS, [4.0, 0.0, 1.0, 2.0])

    assert now.since(before).counts == [3.0, 0.0, 1.0, 0.0]
    assert now.since(None) is now
    assert now.above(0.5) == 3.0
