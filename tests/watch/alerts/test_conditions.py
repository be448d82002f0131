import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.watch.alerts.conditions import Against, Both, Counted, Level, Share, Side, counted, duration
from tidegate.watch.series.ring import PERIOD_S


class Values:
    """Windows over lists of values, one for each slot, the last one of now."""

    def __init__(self, **values):
        self.values = {name.replace("__", "."): value for name, value in values.items()}

    def window(self, name, seconds):
        return self.values.get(name, [])[-int(seconds // PERIOD_S) :]


def judged(condition, **values):
    return condition.judge(Values(**values)).met


FIVE_PERCENT = Share("answers.failed", "answers", 300, 0.05, least=50, least_part=5)


@pytest.mark.parametrize(
    ("failed", "answers", "met"),
    [
        (49, 1000, False),
        (50, 1000, False),
        (51, 1000, True),
        (3, 3, False),  # three requests at night
        (4, 60, False),
        (5, 49, False),
        (5, 50, True),
        (0, 0, False),
    ],
)
def test_five_percent_of_enough_answers_are_too_many(failed, answers, met):
    assert judged(FIVE_PERCENT, answers__failed=[failed], answers=[answers]) is met


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_a_share_is_that_of_the_sums_over_the_window(slots):
    failed = [one for one, _ in slots]
    answers = [one + other for one, other in slots]
    found = FIVE_PERCENT.judge(Values(answers__failed=failed, answers=answers))

    part, whole = sum(failed[-30:]), sum(answers[-30:])
    assert found.met == (whole >= 50 and part >= 5 and part / whole > 0.05)
    assert (found.figures["answers.failed_5m"], found.figures["answers_5m"]) == (part, whole)


def test_a_level_is_judged_by_the_worst_of_now():
    above, below = Level("health.status", Side.ABOVE, 0.5), Level("quota.lowest_ratio", Side.BELOW, 0.2)

    assert judged(above, health__status=[0, 1, 0])
    assert not judged(above, health__status=[2, 0, 0, 0])
    assert judged(below, quota__lowest_ratio=[0.9, 0.19, 0.9])
    assert not judged(below, quota__lowest_ratio=[0.2])
    assert not judged(above)
    assert not judged(below)


def test_what_is_lost_at_all_is_too_much():
    lost = Counted("ledger.lost", 300)

    assert judged(lost, ledger__lost=[0, 1, 0])
    assert not judged(lost, ledger__lost=[5] + [0] * 30)


def test_a_plan_that_nobody_named_is_not_judged():
    near = Against("client.connections", "plan.connections", 0.8)

    assert judged(near, client__connections=[81], plan__connections=[100])
    assert not judged(near, client__connections=[80], plan__connections=[100])
    assert not judged(near, client__connections=[81], plan__connections=[0])
    assert not judged(near, client__connections=[81])
    assert not judged(near, plan__connections=[100])


def test_a_budget_burns_where_both_windows_say_so():
    burning = Both(
        Share("answers.failed", "answers", 3600, 0.0144, least=200, least_part=10),
        Share("answers.failed", "answers", 300, 0.0144, least=20),
    )

    assert judged(burning, answers__failed=[1] * 360, answers=[50] * 360)
    assert not judged(burning, answers__failed=[1] * 330 + [0] * 30, answers=[50] * 360)
    assert not judged(burning, answers__failed=[0] * 330 + [1] * 30, answers=[50] * 360)
    assert burning.longest() == 3600
    assert burning.names() == {"answers", "answers.failed"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(30, "30s"), (60, "1m"), (300, "5m"), (3600, "1h"), (21600, "6h"), (259200, "3d")],
)
def test_durations_are_written_as_prometheus_writes_them(seconds, text):
    assert duration(seconds) == text


def test_counts_outlive_a_restart_and_levels_do_not():
    assert counted(frozenset({"answers", "health.status", "client.connections", "probe.keys"})) == {"answers"}
