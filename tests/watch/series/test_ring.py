import math

from hypothesis import given
from hypothesis import strategies as st

from tidegate.watch.series.ring import (
    COARSE_S,
    COARSE_SLOTS,
    FINE_SLOTS,
    MERGED,
    PERIOD_S,
    Merge,
    Ring,
    Track,
    coarse_of,
    end_of,
    last_of,
    slot_at,
)

SIZE = 6
MERGES = st.sampled_from(Merge)
STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=40)


class Naive:
    """The same, with everything remembered and looked through."""

    def __init__(self, size, merge):
        self.size, self.merge, self.known, self.newest = size, MERGED[merge], {}, None

    def put(self, slot, value):
        self.known = {one: other for one, other in self.known.items() if one <= slot}
        self.newest = slot
        self.known[slot] = self.merge(self.known[slot], value) if slot in self.known else value
        self._prune()

    def replace(self, slot, value):
        if self.newest is None or slot > self.newest - self.size:
            self.known[slot] = value
            self.newest = slot if self.newest is None else max(slot, self.newest)
        self._prune()

    def _prune(self):
        self.known = {one: other for one, other in self.known.items() if one > self.newest - self.size}

    def values(self, newest, count):
        return [(slot, self.known[slot]) for slot in sorted(self.known) if newest - count < slot <= newest]


@given(MERGES, STEPS, st.lists(st.booleans(), min_size=40, max_size=40), st.integers(0, 45), st.integers(1, 10))
def test_a_ring_is_what_somebody_who_remembers_everything_says(merge, steps, replaced, newest, count):
    ring, naive = Ring(SIZE, merge), Naive(SIZE, merge)
    for (slot, value), late in zip(steps, replaced, strict=False):
        for one in (ring, naive):
            (one.replace if late else one.put)(slot, value)

    assert list(ring.values(newest, count)) == naive.values(newest, count)


@given(MERGES, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9)), min_size=1, max_size=60))
def test_windows_of_an_hour_and_of_a_day_hold_the_same_values(merge, steps):
    track, slot, known = Track(merge), 170_000_000, []
    for gap, value in steps:
        slot += gap
        track.put(slot, value)
        known.append((slot, value))

    def expected(kept):
        found = {}
        for at, value in kept:
            found.setdefault(at, []).append(value)
        return found

    hour = [(at, value) for at, value in known if at > slot - FINE_SLOTS]
    day = [(coarse_of(at), value) for at, value in known if coarse_of(at) > coarse_of(slot) - COARSE_SLOTS]
    join = {Merge.SUM: sum, Merge.MAX: max, Merge.MIN: min}[merge]
    assert track.window(slot, 3_600) == [join(values) for values in expected(hour).values()]
    assert track.window(slot, 86_400) == [join(values) for values in expected(day).values()]


@given(MERGES, st.dictionaries(st.integers(0, 29), st.integers(0, 9), min_size=1))
def test_what_is_known_later_counts_in_both(merge, later):
    first = 170_000_010 // 30 * 30
    track = Track(merge)
    for offset, value in later.items():
        track.replace(first + offset, 100)
        track.replace(first + offset, value)

    join = {Merge.SUM: sum, Merge.MAX: max, Merge.MIN: min}[merge]
    assert track.window(first + 29, 3_600) == [later[offset] for offset in sorted(later)]
    assert track.window(first + 29, 7_200) == [join(later.values())]


def test_a_clock_that_is_set_back_forgets_what_has_not_happened_yet():
    ring = Ring(SIZE, Merge.SUM)
    ring.put(10, 1)
    ring.put(12, 5)
    ring.put(11, 2)

    assert list(ring.values(20, 20)) == [(10, 1), (11, 2)]


def test_slots_are_numbered_from_the_epoch_and_the_last_complete_one_counts():
    now = 1_700_000_003.0
    slot = slot_at(now)

    assert (end_of(slot), slot * PERIOD_S) == (1_700_000_000.0, 1_699_999_990)
    assert coarse_of(slot) == 1_699_999_990 // COARSE_S
    assert coarse_of(last_of(coarse_of(slot))) == coarse_of(slot)
    assert coarse_of(last_of(coarse_of(slot)) + 1) == coarse_of(slot) + 1


def test_a_figure_that_was_not_measured_is_no_zero():
    track = Track(Merge.MIN)
    track.put(100, 7.0)
    track.put(103, 9.0)

    assert track.window(103, 40) == [7.0, 9.0]
    assert not any(math.isnan(value) for value in track.window(103, 3_600))
