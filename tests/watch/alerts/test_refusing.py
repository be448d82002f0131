"""Whose fault refused sessions are: what the figures can tell, how sure that is, and what they cannot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.watch.alerts.judging import look
from tidegate.watch.alerts.refusing import EVIDENCE, KINDS, LIMITED, verdict
from tidegate.watch.alerts.rules import BY_NAME, FIGURES_JUDGED
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Blame, Outcome, State
from tidegate.watch.series.figures import AUTH_REASONS

RULE = BY_NAME["AuthFailuresSpike"]


class Figures:
    """Every window has one value, by figure."""

    def __init__(self, values):
        self.values = values

    def window(self, name, seconds):
        del seconds
        return [self.values[name]] if name in self.values else []


def refused(*, issuers=None, limited=0.0, **reasons):
    """What was refused in the window, by reason and by issuer."""
    values = {f"refusals.{reason}": float(count) for reason, count in reasons.items()}
    values |= {f"issuer.refused.{name}": float(count) for name, count in (issuers or {}).items()}
    return Figures({**values, LIMITED: limited})


def board(**states):
    """What probes found: a state, or a state and whose fault it is; `keys_clerk` is the probe of its keys."""
    found = Board()
    for name, given_ in states.items():
        state, blame = given_ if isinstance(given_, tuple) else (given_, Blame.NOBODY)
        found.post(Outcome(name.replace("_", ":", 1), 1.0, state, 1.0, blame=blame))
    return found


def test_every_reason_is_of_one_kind_and_is_sampled_for_all_replicas():
    assert sorted(reason for kind in KINDS for reason in kind.reasons) == sorted(AUTH_REASONS)
    assert EVIDENCE <= FIGURES_JUDGED


@pytest.mark.parametrize(
    ("reasons", "known", "blame"),
    [
        ({"token_expired": 90, "key_unknown": 10}, {"clock": State.OK}, Blame.APPS),
        ({"token_expired": 90}, {"clock": (State.FAILING, Blame.OURS)}, Blame.OURS),
        ({"token_expired": 90}, {"clock": (State.WARNING, Blame.STREAM)}, Blame.APPS),
        ({"token_not_yet_valid": 90}, {"clock": State.OK}, Blame.PROVIDER),
        ({"token_not_yet_valid": 90}, {"clock": (State.WARNING, Blame.OURS)}, Blame.OURS),
        ({"key_unknown": 90}, {}, Blame.PROVIDER),
        ({"audience_mismatch": 50, "authorized_party_mismatch": 40}, {}, Blame.APPS),
        ({"session_revoked": 90}, {}, Blame.APPS),
        ({"token_missing": 90}, {}, Blame.APPS),
        ({"signature_invalid": 40, "token_malformed": 50}, {}, Blame.OUTSIDE),
    ],
)
def test_one_kind_that_nearly_all_are_of_is_blamed_with_a_reason(reasons, known, blame):
    found = verdict(refused(**reasons), board(**known))

    assert found.blame is blame
    assert 0.5 <= found.sure <= 0.8
    assert found.text.endswith(".")


@pytest.mark.parametrize("known", [{}, {"clock": State.UNKNOWN}])
@pytest.mark.parametrize("reason", ["token_expired", "token_not_yet_valid"])
def test_where_our_clock_was_compared_with_nothing_it_may_be_ours(reason, known):
    found = verdict(refused(**{reason: 90}), board(**known))

    assert (found.blame, found.sure) == (Blame.UNCLEAR, 0.0)
    assert "which nothing could be compared with" in found.text


def test_a_key_set_that_cannot_be_refreshed_makes_it_surer():
    values = {"key_unknown": 90, "issuers": {"clerk": 90}}
    found = [verdict(refused(**values), board(keys_clerk=state)) for state in (State.OK, State.FAILING)]

    assert [(one.blame, one.sure) for one in found] == [(Blame.PROVIDER, 0.6), (Blame.PROVIDER, 0.8)]
    assert all("of clerk" in one.text for one in found)


def test_one_issuer_of_several_is_blamed_and_the_only_one_is_not():
    mixed = {"token_expired": 40, "key_unknown": 50}
    known = board(keys_clerk=State.OK, keys_okta=State.OK, clock=State.OK)
    found = verdict(refused(**mixed, issuers={"clerk": 85, "okta": 5}), known)
    assert (found.blame, found.sure) == (Blame.PROVIDER, 0.5)
    assert "name the issuer clerk" in found.text

    split = verdict(refused(**mixed, issuers={"clerk": 60, "okta": 30}), known)
    alone = verdict(refused(**mixed, issuers={"clerk": 90}), board(keys_clerk=State.OK, clock=State.OK))
    assert [one.blame for one in (split, alone)] == [Blame.UNCLEAR] * 2
    assert "key_unknown 56%, token_expired 44%" in split.text


def test_few_addresses_are_seen_by_their_own_limit():
    many = verdict(refused(token_expired=60, limited=59.0), board(clock=State.OK))
    few = verdict(refused(token_expired=60, limited=61.0), board(clock=State.OK))

    assert (many.blame, few.blame) == (Blame.APPS, Blame.OUTSIDE)
    assert "TIDEGATE_TRUSTED_PROXIES" in few.text


def test_the_alert_says_it():
    values = {"exchanges": 200.0, "refusals.auth": 150.0, "refusals.key_unknown": 150.0}
    found = look(RULE, Figures(values), Board())
    assert (found.met, found.blame, found.sure) == (True, Blame.PROVIDER, 0.6)
    assert found.text.startswith(
        "More than half of the exchanges in 5 minutes brought no session that is accepted. They"
    )

    unclear = look(RULE, Figures({"exchanges": 200.0, "refusals.auth": 150.0}), Board())
    assert (unclear.blame, unclear.sure) == (Blame.UNCLEAR, 0.0)


def test_what_no_probe_explains_is_unclear_and_says_why():
    rule = BY_NAME["ChatHealthNotHealthy"]
    found = look(rule, Figures({"health.status": 2.0}), Board())

    assert (found.blame, found.sure) == (Blame.UNCLEAR, 0.0)
    assert "No probe found anything that would say whose fault it is." in found.text


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(AUTH_REASONS), st.integers(0, 10_000)), st.integers(0, 10_000))
def test_there_is_always_a_verdict_and_nobody_is_never_one(reasons, limited):
    found = verdict(refused(**reasons, limited=float(limited)), Board())

    assert found.blame is not Blame.NOBODY
    assert (found.sure == 0) is (found.blame is Blame.UNCLEAR)
    assert found.text
