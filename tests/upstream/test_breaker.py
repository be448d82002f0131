"""The circuit breaker, by example and as a state machine against its rules."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tidegate.clock import ManualClock
from tidegate.metrics import REGISTRY
from tidegate.upstream.breaker import Breaker, BreakerState, Verdict

THRESHOLD = 3


def make(clock=None):
    clock = clock or ManualClock()
    return clock, Breaker(clock, threshold=THRESHOLD, open_seconds=5, open_seconds_max=60, jitter=lambda: 0.0)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.leave(breaker.enter(), Verdict.FAILING)


def gauge():
    return REGISTRY.get_sample_value("tidegate_upstream_breaker_state")


def test_failures_in_a_row_open_it():
    clock, breaker = make()
    fail(breaker, THRESHOLD - 1)
    assert breaker.state is BreakerState.CLOSED
    fail(breaker)
    assert (breaker.state, gauge()) == (BreakerState.OPEN, 2)
    assert breaker.enter() is None
    assert breaker.retry_after == 5
    clock.advance(4)
    assert breaker.retry_after == 1


def test_a_success_between_failures_keeps_it_closed():
    _, breaker = make()
    for _ in range(10):
        fail(breaker, THRESHOLD - 1)
        breaker.leave(breaker.enter(), Verdict.ALIVE)
    assert breaker.state is BreakerState.CLOSED


def test_one_trial_at_a_time_and_its_success_closes():
    clock, breaker = make()
    fail(breaker, THRESHOLD)
    clock.advance(5)
    trial = breaker.enter()
    assert (breaker.state, gauge()) == (BreakerState.HALF_OPEN, 1)
    assert breaker.enter() is None
    breaker.leave(trial, Verdict.ALIVE)
    assert (breaker.state, gauge()) == (BreakerState.CLOSED, 0)


def test_a_failed_trial_opens_it_for_twice_as_long_up_to_the_longest():
    clock, breaker = make()
    fail(breaker, THRESHOLD)
    waits = []
    for _ in range(6):
        waits.append(breaker.retry_after)
        clock.advance(breaker.retry_after)
        fail(breaker)
    assert waits == [5, 10, 20, 40, 60, 60]
    clock.advance(60)
    breaker.leave(breaker.enter(), Verdict.ALIVE)
    fail(breaker, THRESHOLD)
    assert breaker.retry_after == 5


def test_a_cancelled_trial_makes_room_for_another():
    clock, breaker = make()
    fail(breaker, THRESHOLD)
    clock.advance(5)
    breaker.leave(breaker.enter(), Verdict.UNKNOWN)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter() is not None


def test_calls_of_the_past_carry_no_weight():
    clock, breaker = make()
    slow_good, slow_bad = breaker.enter(), breaker.enter()
    fail(breaker, THRESHOLD)
    breaker.leave(slow_good, Verdict.ALIVE)
    assert breaker.state is BreakerState.OPEN
    clock.advance(5)
    breaker.leave(breaker.enter(), Verdict.ALIVE)
    for _ in range(THRESHOLD):
        breaker.leave(slow_bad, Verdict.FAILING)
    assert breaker.state is BreakerState.CLOSED


def test_the_probe_need_not_wait():
    _, breaker = make()
    fail(breaker, THRESHOLD)
    probe = breaker.enter(probe=True)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter() is None
    assert breaker.enter(probe=True) is not None
    breaker.leave(probe, Verdict.ALIVE)
    assert breaker.state is BreakerState.CLOSED


def test_jitter_lengthens_by_a_tenth_at_most():
    clock = ManualClock()
    breaker = Breaker(clock, threshold=1, open_seconds=10, jitter=lambda: 1.0)
    fail(breaker)
    assert breaker.retry_after == 11


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end in any order and any way, while time passes."""

    @initialize()
    def begin(self):
        self.clock, self.breaker = make()
        self.under_way = []

    @rule(probe=st.booleans())
    def enter(self, probe):
        before = self.breaker.state
        permit = self.breaker.enter(probe=probe)
        if before is BreakerState.CLOSED or probe:
            assert permit is not None
        if before is BreakerState.OPEN and not probe and self.breaker.state is BreakerState.OPEN:
            assert permit is None
        if permit is not None:
            self.under_way.append((permit, self.breaker.state))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict))
    def leave(self, data, verdict):
        permit, taken_in = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        before = self.breaker.state
        self.breaker.leave(permit, verdict)
        after = self.breaker.state
        if after is not before:
            assert taken_in is before
            assert verdict is not Verdict.UNKNOWN
            assert (verdict is Verdict.ALIVE) == (after is BreakerState.CLOSED)

    @rule(seconds=st.floats(0.1, 70))
    def wait(self, seconds):
        before = self.breaker.state
        self.clock.advance(seconds)
        assert self.breaker.state is before

    @invariant()
    def waits_are_bounded(self):
        assert 0 <= self.breaker.retry_after <= 60
        assert (self.breaker.retry_after > 0) <= (self.breaker.state is BreakerState.OPEN)

    @rule()
    def it_always_recovers(self):
        """When every call has ended and the wait is over, one success closes it."""
        for permit, _ in self.under_way:
            self.breaker.leave(permit, Verdict.UNKNOWN)
        self.under_way.clear()
        self.clock.advance(self.breaker.retry_after)
        permit = self.breaker.enter()
        assert permit is not None
        self.breaker.leave(permit, Verdict.ALIVE)
        assert self.breaker.state is BreakerState.CLOSED


BreakerMachine.TestCase.settings = settings(stateful_step_count=30)
TestBreakerMachine = BreakerMachine.TestCase
