"""The rate algorithm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import LimitExceeded, Reason
from tidegate.limits import ExchangeLimits, Gcra, LimitRates


def gcra(limit=5, period=60, entries=100):
    return Gcra("address", Reason.LIMIT_ADDRESS, limit=limit, period=period, entries=entries)


def allowed(limit, key, now):
    try:
        limit.spend(key, now)
    except LimitExceeded:
        return False
    return True


def test_a_burst_of_the_whole_limit_then_one_by_one():
    limit = gcra()
    assert [allowed(limit, "a", 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert not allowed(limit, "a", 11.9)
    assert allowed(limit, "a", 12.0)
    assert not allowed(limit, "a", 12.0)
    assert allowed(limit, "b", 12.0)


def test_a_refusal_says_when_and_costs_nothing():
    limit = gcra()
    for _ in range(5):
        limit.spend("a", 0.0)
    for _ in range(50):
        with pytest.raises(LimitExceeded) as refused:
            limit.spend("a", 1.0)
        assert (refused.value.retry_after, refused.value.limit, refused.value.period) == (11, 5, 60)
    assert allowed(limit, "a", 12.0)


def test_a_charge_makes_a_debt_with_an_end():
    limit = gcra()
    limit.charge("a", 1_000_000, 0.0)
    assert not allowed(limit, "a", 60.0)
    assert allowed(limit, "a", 72.0)


@given(st.integers(1, 30), st.lists(st.floats(0, 20), min_size=1, max_size=80))
def test_never_more_than_the_rate_and_one_burst(most, gaps):
    limit = gcra(limit=most)
    now, let_through = 0.0, 0
    for gap in gaps:
        now += gap
        let_through += allowed(limit, "a", now)
    assert let_through <= most + now * most / 60 + 1e-6


@given(st.integers(1, 30), st.lists(st.floats(0, 20), max_size=40))
def test_retry_after_is_the_truth(most, gaps):
    limit = gcra(limit=most)
    now = 0.0
    for gap in gaps:
        now += gap
        try:
            limit.spend("a", now)
        except LimitExceeded as refused:
            now += refused.retry_after
            assert allowed(limit, "a", now)


def test_memory_is_bounded_by_entries_whoever_asks():
    limit = gcra(entries=100)
    for number in range(10_000):
        limit.spend(f"address {number}", number / 1000)
    assert len(limit) <= 100


def test_keys_that_no_longer_matter_are_forgotten():
    limit = gcra(entries=1000)
    for number in range(400):
        limit.spend(f"a{number}", 0.0)
    limit.spend("later", 130.0)
    limit.spend("later still", 260.0)
    limit.spend("latest", 390.0)
    assert len(limit) < 10


def limits(**rates):
    return ExchangeLimits(LimitRates(**{"address": 2, "subject": 2, "issuer": 3, "total": 4, "entries": 100, **rates}))


def test_the_order_is_subject_issuer_total_and_the_first_refusal_ends_it():
    found = limits()
    for user in ("u1", "u1", "u2"):
        found.spend_subject(user, "clerk", 0.0)
    for user, reason in (("u1", Reason.LIMIT_SUBJECT), ("u2", Reason.LIMIT_ISSUER)):
        with pytest.raises(LimitExceeded) as refused:
            found.spend_subject(user, "clerk", 0.0)
        assert refused.value.reason is reason
    found.spend_subject("v1", "other", 0.0)
    with pytest.raises(LimitExceeded) as refused:
        found.spend_subject("v1", "other", 0.0)
    assert refused.value.reason is Reason.LIMIT_TOTAL


def test_zero_turns_a_limit_off():
    found = limits(address=0, subject=0, issuer=0, total=0)
    for _ in range(1000):
        assert found.spend_address("a", 0.0) is None
        assert found.charge_failure("a", 0.0) is None
        assert found.spend_subject("u", "i", 0.0) is None


def test_a_failure_costs_ten_requests():
    found = limits(address=20)
    for _ in range(2):
        found.spend_address("a", 0.0)
        found.charge_failure("a", 0.0)
    with pytest.raises(LimitExceeded):
        found.spend_address("a", 0.0)
