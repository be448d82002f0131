import re
from dataclasses import replace

import pytest

from tidegate import metrics, metrics_telemetry
from tidegate.watch.alerts.judging import look
from tidegate.watch.alerts.kept import LONGEST_S
from tidegate.watch.alerts.model import Severity
from tidegate.watch.alerts.rules import BY_NAME, FIGURES_JUDGED, INSIDE, OBJECTIVE, RULES
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Blame, Outcome, State
from tidegate.watch.series.figures import FIGURES, figure

DECLARED = (metrics, metrics_telemetry)
"""Whoever imports them has all metrics in the registry."""

SEED = {"ChatHealthNotHealthy", "ChatErrorRateHigh", "ChatResponseSlow", "ChatQuotaNearLimit"}
BEYOND = {
    "CredentialTooOld",
    "KeySetStale",
    "CanaryDeliveryFailing",
    "AuthFailuresSpike",
    "AppPostureUnsafe",
    "LedgerBehind",
    "CertificateExpiring",
    "ConnectionsNearPlan",
}


class Figures:
    """Every window has one value, by figure; those without have none."""

    def __init__(self, **values):
        self.values = {name.replace("__", "."): value for name, value in values.items()}

    def window(self, name, seconds):
        del seconds
        return [self.values[name]] if name in self.values else []


def test_the_table_has_the_alerts_that_were_promised():
    assert set(BY_NAME) >= SEED | BEYOND
    assert len(BY_NAME) == len(RULES)
    assert BY_NAME["AuthFailuresSpike"].severity is Severity.TICKET
    assert BY_NAME["ConnectionsNearPlan"].severity is Severity.TICKET
    assert all(BY_NAME[name].severity is Severity.PAGE for name in SEED)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_it_means_and_what_to_do(rule):
    assert re.fullmatch(r"[A-Z][A-Za-z]+", rule.name)
    assert rule.summary.endswith(".")
    assert rule.meaning.endswith(".")
    assert rule.steps
    assert rule.promql()
    assert all(name in FIGURES or name.startswith("probe.") for name in rule.names())


@pytest.mark.parametrize("rule", INSIDE, ids=lambda rule: rule.name)
def test_no_window_that_is_judged_here_is_longer_than_what_outlives_a_restart(rule):
    assert max(way.condition.longest() for way in rule.ways) <= LONGEST_S


def test_every_metric_that_an_expression_names_is_there():
    expressions = [one.promql for one in FIGURES.values()] + [rule.promql() for rule in RULES]
    labels = {"http_route", "http_request_method", "http_response_status_code"}
    named = {name for one in expressions for name in re.findall(r"\b(?:tidegate|http)_[a-z_]+", one)} - labels
    families = {
        sample
        for family in metrics.REGISTRY.collect()
        for sample in (family.name, *(f"{family.name}{end}" for end in ("_total", "_bucket", "_count")))
    }

    assert named - families == set()
    assert len(named) > 20


def test_nobody_is_paged_for_three_requests_at_night():
    night = Figures(
        answers=3.0,
        answers__failed=3.0,
        answers__slow=3.0,
        stream__calls=3.0,
        stream__failed=3.0,
        stream__slow=3.0,
        exchanges=3.0,
        refusals__auth=3.0,
    )

    assert [rule.name for rule in INSIDE if look(rule, night, Board()).met] == []


def test_a_service_that_is_well_raises_nothing():
    well = dict.fromkeys((name.replace(".", "__") for name in FIGURES_JUDGED), 0.0)
    well |= {"store__up": 1.0, "store__waker_up": 1.0, "quota__lowest_ratio": 0.9, "answers": 1000.0}

    assert [rule.name for rule in INSIDE if look(rule, Figures(**well), Board()).met] == []


def test_a_probe_knows_better_whose_fault_it_is():
    rule, board, ill = BY_NAME["KeySetStale"], Board(), Figures(keys__stale=1.0)
    assert look(rule, ill, board).blame is Blame.PROVIDER

    network = Outcome("keys:clerk", 1.0, State.FAILING, 1.0, "network_down", "Nothing can be reached.", Blame.NETWORK)
    board.post(network)
    board.post(replace(network, probe="clock", text="Unrelated.", blame=Blame.OURS, sure=1.0))
    found = look(rule, ill, board)

    assert (found.blame, found.figures) == (Blame.NETWORK, {"keys.stale": 1.0})
    assert found.text == "An issuer's keys cannot be refreshed. Nothing can be reached."


def test_the_way_that_holds_says_whose_fault_it_is():
    rule = BY_NAME["ChatErrorRateHigh"]
    ours = look(rule, Figures(answers=100.0, answers__failed=6.0), Board())
    theirs = look(rule, Figures(stream__calls=100.0, stream__failed=6.0), Board())

    assert (ours.blame, theirs.blame) == (Blame.OURS, Blame.STREAM)


def test_the_burn_rates_are_those_of_the_objective():
    above = {rule.name: rule.ways[0].condition.one.above for rule in RULES if rule.name.startswith("ErrorBudget")}

    assert above == {
        "ErrorBudgetBurnsFast": pytest.approx(14.4 * (1 - OBJECTIVE)),
        "ErrorBudgetBurns": pytest.approx(6 * (1 - OBJECTIVE)),
        "ErrorBudgetBurnsSlowly": pytest.approx(3 * (1 - OBJECTIVE)),
        "ErrorBudgetShrinks": pytest.approx(1 - OBJECTIVE),
    }
    assert all(figure(name).promql for name in FIGURES_JUDGED)


class Spans:
    """Of 70 answers in half an hour, and 800 in six, so many failed."""

    def __init__(self, *, lately, long):
        self.sums = {("answers", 1_800.0): 70.0, ("answers.failed", 1_800.0): lately}
        self.sums |= {("answers", 21_600.0): 800.0, ("answers.failed", 21_600.0): long}

    def window(self, name, seconds):
        return [self.sums[name, seconds]] if (name, seconds) in self.sums else []


@pytest.mark.parametrize(
    ("lately", "long", "fires"),
    # The first is a quiet night of the thirty days in tests/stress, where it paged.
    [(1.0, 12.0, False), (4.0, 25.0, False), (5.0, 19.0, False), (5.0, 20.0, True)],
)
def test_a_few_stray_errors_at_night_wake_nobody(lately, long, fires):
    assert look(BY_NAME["ErrorBudgetBurns"], Spans(lately=lately, long=long), Board()).met is fires
