from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tidegate.watch.alerts.conditions import Level, Side
from tidegate.watch.alerts.model import RESOLVE_S, Found, Phase, Rule, Severity, Way, step
from tidegate.watch.probes.model import Blame

START = 1_700_000_000.0


def rule_of(for_s):
    way = Way(Level("health.status", Side.ABOVE, 0.5), Blame.NOBODY, "It is wrong.")
    return Rule("ChatHealthNotHealthy", Severity.PAGE, (way,), for_s, "Wrong.", "Meaning.", ("Do.",))


def met(figure=1.0):
    return Found(met=True, figures={"health.status": figure}, blame=Blame.STREAM, text="It is wrong.")


FINE = Found(met=False)


def walked(for_s, *found):
    state, phases = None, []
    for number, one in enumerate(found):
        state = step(rule_of(for_s), state, one, START + number * 10)
        phases.append(None if state is None else state.phase)
    return phases, state


def test_it_is_pending_then_fires_then_is_resolved():
    phases, state = walked(20, met(), met(), met(2.0), *[FINE] * 7)

    assert phases[:3] == [Phase.PENDING, Phase.PENDING, Phase.FIRING]
    assert phases[3:] == [Phase.FIRING] * 6 + [Phase.RESOLVED]
    assert (state.pending_at, state.fired_at, state.resolved_at) == (START, START + 20, START + 30)
    assert state.figures == {"health.status": 2.0}
    assert (state.blame, state.text) == (Blame.STREAM, "It is wrong.")


def test_what_is_over_before_its_time_never_fires():
    assert walked(60, met(), met(), FINE, met())[0] == [Phase.PENDING, Phase.PENDING, None, Phase.PENDING]


def test_a_rule_without_a_wait_fires_at_once():
    assert walked(0, met())[0] == [Phase.FIRING]


def test_a_short_calm_does_not_end_it():
    phases, state = walked(0, met(), FINE, FINE, met(), FINE, met())

    assert set(phases) == {Phase.FIRING}
    assert state.clear_since is None
    assert state.id == f"ChatHealthNotHealthy-{int(START)}"


def test_after_its_end_it_begins_anew():
    phases, over = walked(0, met(), *[FINE] * 7)
    again = step(rule_of(0), over, met(), START + 500)

    assert phases[-1] is Phase.RESOLVED
    assert step(rule_of(0), over, FINE, START + 500) is None
    assert again.pending_at == START + 500


@given(st.floats(1, 7200))
def test_a_clock_that_is_set_back_makes_nobody_wait_for_it(back):
    state = step(rule_of(60), None, met(), START)
    state = step(rule_of(60), state, met(), START - back)

    assert step(rule_of(60), state, met(), START - back + 61).phase is Phase.FIRING


class Alert(RuleBasedStateMachine):
    """Any order of good and bad looks, against a history of all of them."""

    def __init__(self):
        super().__init__()
        self.row, self.state, self.now, self.looks = rule_of(0.0), None, START, []
        self.fired = False

    @initialize(for_s=st.sampled_from([0.0, 30.0, 60.0]))
    def begin(self, for_s):
        self.row = rule_of(for_s)

    @rule(bad=st.booleans(), seconds=st.sampled_from([10, 10, 10, 20, 60]))
    def look(self, bad, seconds):
        self.now += seconds
        before = self.state
        self.looks.append((self.now, bad))
        self.state = step(self.row, before, met() if bad else FINE, self.now)
        self.fired = before is not None and before.phase is Phase.FIRING
        if self.state is None:
            assert not bad
            assert before is None or before.phase in {Phase.PENDING, Phase.RESOLVED}

    def _since(self, *, bad):
        """Since when every look was so."""
        start = self.now
        for at, was in reversed(self.looks):
            if was is not bad:
                break
            start = at
        return start

    @invariant()
    def each_phase_has_waited_for_its_time(self):
        if self.state is None or not self.looks:
            return
        if self.state.phase is Phase.FIRING and not self.fired:
            assert self.now - self._since(bad=True) >= self.row.for_s
        if self.state.phase is Phase.PENDING:
            assert self.state.pending_at == self._since(bad=True)
            assert self.now - self.state.pending_at < self.row.for_s
        if self.state.phase is Phase.RESOLVED:
            assert self.state.resolved_at == self._since(bad=False)
            assert self.now - self.state.resolved_at >= RESOLVE_S
            assert self.state.fired_at < self.state.resolved_at


TestAlert = Alert.TestCase
