"""The life of generations: every order of events, against what must hold of all of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tidegate.credentials.ring import DRAIN_MARGIN, KEPT_RETIRED, NotPossible, Ring, State, signing

NOW = 1_700_000_000.0
NAMES = ["a", "b", "c", "d", "e"]


def two(state=State.VERIFIED, *, same_key=False):
    ring = Ring.begun("a", "key-a", NOW).add("b", "key-a" if same_key else "key-b", NOW)
    return ring.accepted("b", NOW) if state is State.VERIFIED else ring


def states(ring):
    return {one.id: one.state.value for one in ring.entries}


def test_the_usual_life():
    ring = two().used("a", 3600, int(NOW) + 3000).promote("b", NOW)
    assert states(ring) == {"a": "draining", "b": "primary"}
    until = NOW + 3600 + DRAIN_MARGIN
    assert ring.get("a").drains_until == until
    assert states(ring.tick(until - 1)) == {"a": "draining", "b": "primary"}
    assert states(ring.tick(until)) == {"a": "retired", "b": "primary"}


def test_nothing_unverified_signs():
    with pytest.raises(NotPossible, match="only a verified one"):
        two(State.PENDING).promote("b", NOW)
    with pytest.raises(NotPossible, match="only a verified one"):
        two().refused("b", NOW).promote("b", NOW)


def test_a_new_secret_of_the_same_key_is_a_cut_over_that_somebody_must_ask_for():
    ring = two(same_key=True)
    with pytest.raises(NotPossible, match="--cut-over"):
        ring.promote("b", NOW)
    assert states(ring.promote("b", NOW, cut_over=True)) == {"a": "retired", "b": "primary"}


def test_rolling_back_ends_with_the_one_before():
    ring = two().promote("b", NOW).roll_back("b", NOW + 1)
    assert states(ring) == {"a": "primary", "b": "pending"}
    assert not ring.get("b").declared
    with pytest.raises(NotPossible, match="no generation to go back to"):
        ring.roll_back("a", NOW + 2)
    assert ring.roll_back("b", NOW + 2) is ring


def test_the_primary_cannot_be_retired():
    with pytest.raises(NotPossible, match="signs"):
        two().retire("a", NOW)


def test_there_is_an_end_to_how_many_there_may_be():
    ring = Ring.begun("a", "key", NOW, most=2).add("b", "key", NOW)
    with pytest.raises(NotPossible, match="2 generations already"):
        ring.add("c", "key", NOW)
    assert states(ring.retire("b", NOW).add("c", "key", NOW))["c"] == "pending"


def test_what_a_late_replica_hands_out_makes_the_drain_longer():
    ring = two().promote("b", NOW)
    late = ring.used("a", 300, int(NOW) + 5000)
    assert late.get("a").drains_until == int(NOW) + 5000
    assert late.used("a", 300, int(NOW) + 4000) is late


def test_a_pair_that_is_known_is_declared_once():
    ring = two()
    assert ring.add("b", "key-b", NOW) is ring
    assert ring.add("a", "key-a", NOW, declared=True) is ring
    declared = ring.add("b", "key-b", NOW, declared=True)
    assert declared.get("b").declared
    assert declared.add("b", "key-b", NOW, declared=True) is declared
    assert states(ring.retire("b", NOW).add("b", "key-b", NOW, declared=True))["b"] == "pending"


@pytest.mark.parametrize(
    ("held", "signs"), [("ab", "b"), ("a", "a"), ("bc", "b"), ("c", "c"), ("", None), ("x", None), ("ac", "a")]
)
def test_a_replica_signs_with_the_best_that_it_holds(held, signs):
    assert signing(two().add("c", "key-c", NOW).promote("b", NOW), held) == signs


def test_a_ring_reads_back_as_it_was_written():
    ring = two().promote("b", NOW)
    assert Ring.from_json(ring.to_json()) == ring


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"entries": 3, "version": 1, "former": ""},
        {"entries": [{"id": "a"}], "version": 1, "former": ""},
        {"entries": [{"state": "signing"}], "version": 1, "former": ""},
        two().to_json() | {"version": None},
        two().to_json() | {"entries": [two().to_json()["entries"][0]] * 2},
    ],
)
def test_what_is_no_ring_is_not_read(members):
    with pytest.raises(ValueError, match=r"ring|State"):
        Ring.from_json(members)


class Lives(RuleBasedStateMachine):
    """Any order of everything that can happen to generations."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.ring = Ring.begun("a", "key-a", NOW, most=4)
        self.accepted = {"a"}

    def apply(self, change):
        before = self.ring
        try:
            self.ring = change(before)
        except NotPossible:
            assert self.ring is before
        assert (self.ring is before) == (self.ring.version == before.version)

    @rule(name=st.sampled_from(NAMES), same=st.booleans(), declared=st.booleans())
    def add(self, name, same, declared):
        if self.ring.get(name) is None:
            self.accepted.discard(name)
        self.apply(lambda ring: ring.add(name, "key-a" if same else f"key-{name}", self.now, declared=declared))

    @rule(name=st.sampled_from(NAMES))
    def accept(self, name):
        self.apply(lambda ring: ring.accepted(name, self.now))
        self.accepted.add(name)

    @rule(name=st.sampled_from(NAMES))
    def refuse(self, name):
        self.apply(lambda ring: ring.refused(name, self.now))

    @rule(name=st.sampled_from(NAMES), cut_over=st.booleans())
    def promote(self, name, cut_over):
        self.apply(lambda ring: ring.promote(name, self.now, cut_over=cut_over))

    @rule()
    def roll_back(self):
        self.apply(lambda ring: ring.roll_back(ring.primary.id, self.now))

    @rule(name=st.sampled_from(NAMES))
    def retire(self, name):
        self.apply(lambda ring: ring.retire(name, self.now))

    @rule(name=st.sampled_from(NAMES), life=st.integers(300, 86_400))
    def sign(self, name, life):
        self.apply(lambda ring: ring.used(name, life, int(self.now) + life))

    @rule(seconds=st.floats(0, 100_000))
    def wait(self, seconds):
        self.now += seconds
        self.apply(lambda ring: ring.tick(self.now))

    @invariant()
    def holds(self):
        by_state = [one.state for one in self.ring.entries]
        assert by_state.count(State.PRIMARY) == 1
        assert sum(state is not State.RETIRED for state in by_state) <= 4 + 1  # one may come back by rolling back
        assert by_state.count(State.RETIRED) <= KEPT_RETIRED
        assert self.ring.primary.id in self.accepted
        assert signing(self.ring, [one.id for one in self.ring.entries]) == self.ring.primary.id
        assert Ring.from_json(self.ring.to_json(), most=4) == self.ring


Lives.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase


@given(st.permutations(NAMES))
def test_what_is_forgotten_is_the_oldest_that_is_retired(order):
    ring = Ring.begun("primary", "key", NOW)
    for step, name in enumerate(order):
        ring = ring.add(name, "key", NOW).retire(name, NOW + step)
    assert [one.id for one in ring.entries] == ["primary", *order[1:]]
