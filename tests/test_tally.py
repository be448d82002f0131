"""Plain counters and histograms, read as prometheus-client's own would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tidegate.tally import CountFamily, SpreadFamily

BOUNDS = (0.00005, 0.001, 0.5, 1.0)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 2) | st.sampled_from(BOUNDS)), max_size=40),
    st.lists(st.sampled_from("ab"), max_size=40),
)
def test_the_page_is_the_same_as_prometheus_clients(observed, counted):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    spread = SpreadFamily("x_seconds", "Time.", ["k"], bounds=BOUNDS, registry=ours)
    count = CountFamily("y_total", "Things.", ["k"], registry=ours)
    histogram = Histogram("x_seconds", "Time.", ["k"], buckets=BOUNDS, registry=theirs)
    counter = Counter("y_total", "Things.", ["k"], registry=theirs)
    for label, value in observed:
        spread.labels(label).observe(value)
        histogram.labels(label).observe(value)
    for label in counted:
        count.labels(label).inc()
        counter.labels(label).inc()

    def lines(registry):
        return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]

    assert lines(ours) == lines(theirs)


def test_a_family_without_labels_is_there_from_the_start():
    registry = CollectorRegistry()
    CountFamily("z_total", "Z.", [], registry=registry).labels().inc(3)
    assert registry.get_sample_value("z_total") == 3


def test_labels_must_fit_and_names_must_differ():
    registry = CollectorRegistry(auto_describe=True)
    family = CountFamily("z_total", "Z.", ["a"], registry=registry)
    with pytest.raises(ValueError, match="1 labels"):
        family.labels("x", "y")
    with pytest.raises(ValueError, match="Duplicated"):
        CountFamily("z_total", "Z.", ["a"], registry=registry)
