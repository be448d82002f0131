import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.watch.alerts.model import AlertState, Found, Phase, Severity
from tidegate.watch.alerts.record import HISTORY_MOST, NotARecord, Record
from tidegate.watch.alerts.rules import BY_NAME, INSIDE
from tidegate.watch.probes.model import Blame

START = 1_700_000_000.0
MET = Found(met=True, figures={"x": 1.0}, blame=Blame.OURS, text="Wrong.")
FINE = Found(met=False)


def looked(record, bad, now):
    return record.stepped(INSIDE, lambda rule: MET if rule.name in bad else FINE, now, alone=False)


def test_each_rule_goes_its_own_way():
    record = looked(Record.empty(), {"ErrorBudgetBurns", "ChatHealthNotHealthy"}, START)
    record = looked(record, {"ChatHealthNotHealthy"}, START + 30)
    assert {name: one.phase for name, one in record.active.items()} == {
        "ErrorBudgetBurns": Phase.FIRING,
        "ChatHealthNotHealthy": Phase.PENDING,
    }

    record = looked(record, {"ChatHealthNotHealthy"}, START + 90)
    assert [one.name for one in record.history] == ["ErrorBudgetBurns"]
    assert record.active["ChatHealthNotHealthy"].fired_at == START + 90


def test_the_history_is_bounded_and_the_newest_stands_first():
    record, now = Record.empty(), START
    for _ in range(HISTORY_MOST + 5):
        record = looked(record, {"ErrorBudgetBurns"}, now)
        record = looked(record, set(), now + 10)
        record = looked(record, set(), now + 100)
        now += 200

    assert len(record.history) == HISTORY_MOST
    ends = [one.resolved_at for one in record.history]
    assert ends == sorted(ends, reverse=True)


def test_who_was_told_is_remembered():
    record = looked(Record.empty(), {"ErrorBudgetBurns"}, START)
    one = record.active["ErrorBudgetBurns"]
    record = record.told({one.id: Phase.FIRING}, START + 5)
    assert record.active["ErrorBudgetBurns"].told_at == START + 5

    record = looked(looked(record, set(), START + 10), set(), START + 100)
    assert not record.history[0].told_end
    assert record.told({one.id: Phase.RESOLVED}, START + 101).history[0].told_end


def test_what_one_found_alone_joins_what_all_know():
    ours = looked(Record.empty(), {"ErrorBudgetBurns"}, START)
    theirs = looked(Record.empty(), {"LedgerBehind"}, START)

    assert set(theirs.merged(ours).active) == {"ErrorBudgetBurns", "LedgerBehind"}


states = st.builds(
    AlertState,
    name=st.sampled_from([rule.name for rule in INSIDE]),
    severity=st.sampled_from(Severity),
    phase=st.sampled_from(Phase),
    pending_at=st.floats(0, 2e9),
    fired_at=st.none() | st.floats(0, 2e9),
    resolved_at=st.none() | st.floats(0, 2e9),
    clear_since=st.none() | st.floats(0, 2e9),
    figures=st.dictionaries(st.text(max_size=8), st.floats(-1e6, 1e6), max_size=4),
    blame=st.sampled_from(Blame),
    text=st.text(max_size=40),
    told_at=st.none() | st.floats(0, 2e9),
    told_end=st.booleans(),
    alone=st.booleans(),
)


@given(st.lists(states, max_size=4), st.lists(states, max_size=4))
def test_what_is_kept_comes_back(active, history):
    record = Record({one.name: one for one in active}, tuple(history))

    assert Record.from_json(json.loads(json.dumps(record.to_json())), BY_NAME) == record


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda one: st.lists(one, max_size=3))
    | st.dictionaries(st.sampled_from(["version", "active", "history"]), st.integers() | st.lists(st.integers()))
)
def test_anything_else_is_no_record(members):
    if isinstance(members, dict) and members.get("version") == 1 and members.get("active") == members.get("history"):
        members = {}
    with pytest.raises(NotARecord):
        Record.from_json(members, BY_NAME)


def test_alerts_of_rules_that_are_no_more_are_left_out():
    members = Record({"LedgerBehind": looked(Record.empty(), {"LedgerBehind"}, START).active["LedgerBehind"]}).to_json()
    members["active"][0]["name"] = "OfLongAgo"

    assert Record.from_json(members, BY_NAME) == Record.empty()


@pytest.mark.parametrize("moment", [10**400, float("inf"), float("nan"), -1.0, 2.0**40])
def test_a_moment_that_is_none_makes_the_record_begin_anew(moment):
    kept = looked(Record.empty(), {"ErrorBudgetBurns"}, START).to_json()
    kept["active"][0]["pending_at"] = moment
    with pytest.raises(NotARecord):
        Record.from_json(kept, BY_NAME)
