"""The bounded table against a plain dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.bounded import BoundedTable

STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "discard"]), st.integers(0, 12), st.integers(0, 99)), max_size=80
)


@given(st.integers(2, 12), STEPS)
def test_never_more_than_its_bound_and_never_a_wrong_value(capacity, steps):
    table, truth = BoundedTable(capacity), {}
    for moment, (verb, key, value) in enumerate(steps):
        if verb == "put":
            table.put(key, value, moment)
            truth[key] = value
        elif verb == "get":
            assert table.get(key) in (truth.get(key), None)
        else:
            table.discard(key)
            truth.pop(key, None)
            assert table.get(key) is None
        assert len(table) <= capacity


@given(STEPS)
def test_a_table_large_enough_forgets_nothing(steps):
    table, truth = BoundedTable(100), {}
    for moment, (verb, key, value) in enumerate(steps):
        if verb == "put":
            table.put(key, value, moment)
            truth[key] = value
        elif verb == "discard":
            table.discard(key)
            truth.pop(key, None)
        assert table.get(key) == truth.get(key)


def test_what_is_asked_for_stays_and_the_rest_goes():
    dropped = []
    table = BoundedTable(4, on_evict=dropped.append)
    table.put("kept", 1, 0)
    for number in range(40):
        table.put(number, number, number)
        assert table.get("kept") == 1
    assert table.get(0) is None
    assert sum(dropped) >= 30


def test_idle_entries_are_forgotten_after_twice_the_time():
    table = BoundedTable(100, idle_seconds=10)
    table.put("a", 1, 0)
    table.put("b", 1, 11)
    table.put("c", 1, 22)
    assert table.get("a") is None
    assert table.get("c") == 1


def test_too_small_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        BoundedTable(1)


def test_clear():
    table = BoundedTable(4)
    table.put("a", 1, 0)
    table.clear()
    assert len(table) == 0
    assert table.get("a") is None
