"""The arithmetic of revocations and bans, and a model of all that can happen to one user."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support.issuing import NOW, clerk_claims, subject
from tidegate.clock import ManualClock
from tidegate.credentials import Credentials
from tidegate.errors import Reason, Refusal
from tidegate.tokens.mint import BACKDATE, WINDOW, Minter
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.model import (
    FOREVER,
    NEVER,
    Cut,
    Mark,
    UserStanding,
    least_issued_at,
    moment_of,
    revoked,
)

TIMES = st.floats(min_value=1_600_000_000, max_value=2_500_000_000)
START = NOW - 400
SESSIONS = {at: subject(clerk_claims(NOW, iat=at)) for at in range(START, NOW + 1)}


@given(TIMES)
def test_a_moment_is_whole_and_not_before_now(now):
    assert moment_of(now) - 1 < now <= moment_of(now)


@given(TIMES, st.floats(0, 100))
def test_a_new_token_is_dated_after_the_revocation_and_behind_the_clock(now, later):
    moment = moment_of(now)
    if moment + 1 <= now + later - BACKDATE:
        assert moment < least_issued_at(moment, now + later) <= now + later - BACKDATE
        return
    with pytest.raises(Refusal) as refused:
        least_issued_at(moment, now + later)
    assert refused.value.reason is Reason.RECENTLY_REVOKED
    assert 1 <= refused.value.retry_after <= BACKDATE + 2
    assert least_issued_at(moment, now + later + refused.value.retry_after) == moment + 1


@pytest.mark.parametrize(
    ("issued_at", "first", "last", "expected"),
    [
        (10, 0, 10, True), (11, 0, 10, False), (10, 10, 20, True), (9, 10, 20, False), (20, 10, 20, True),
        (None, 0, 10, True), (None, 0, NEVER, False), (0, 0, NEVER, False),
    ],
)  # fmt: skip
def test_which_sessions_a_revocation_ends(issued_at, first, last, expected):
    assert revoked(issued_at, first, last) is expected


def test_what_matters_is_kept():
    keep = 100.0
    assert UserStanding("ada", revoked_at=1_000).matters(1_099, keep)
    assert not UserStanding("ada", revoked_at=1_000).matters(1_100, keep)
    assert UserStanding("ada", banned_until=2_000).matters(1_999, keep)
    assert not UserStanding("ada", banned_until=2_000).matters(2_000, keep)
    assert UserStanding("ada", version=2, pushed=1).matters(1e9, keep)


class StandingMachine(RuleBasedStateMachine):
    """Two users, whom everything happens to, against lists of what happened."""

    def __init__(self):
        super().__init__()
        self.clock = ManualClock(START)
        self.standing = Standing()
        self.minter = Minter(Credentials.of("key", "secret-of-the-tests"), remembered=4)
        self.rhythms = {user: self.minter.rhythm(user) for user in ("ada", "bo")}
        self.version = 0
        self.revocations = {"ada": [], "bo": []}
        self.bans = {"ada": NEVER, "bo": NEVER}
        self.cuts = []
        self.stream = NEVER
        self.old_marks = []

    def _mark(self, user):
        self.version += 1
        before = max(self.revocations[user], default=NEVER)
        mark = Mark(before, before, self.bans[user], self.version)
        assert self.standing.mark(user, mark)
        self.old_marks.append((user, mark))

    @rule(user=st.sampled_from(["ada", "bo"]))
    def revoke(self, user):
        self.revocations[user].append(moment_of(self.clock.now()))
        self._mark(user)

    @rule(user=st.sampled_from(["ada", "bo"]), seconds=st.one_of(st.none(), st.integers(1, 100)))
    def ban(self, user, seconds):
        self.bans[user] = FOREVER if seconds is None else moment_of(self.clock.now() + seconds)
        self._mark(user)

    @rule(user=st.sampled_from(["ada", "bo"]))
    def unban(self, user):
        self.bans[user] = NEVER
        self._mark(user)

    @rule(back=st.integers(0, 60), length=st.integers(0, 30))
    def revoke_between(self, back, length):
        last = min(int(self.clock.now()) - back + length, moment_of(self.clock.now()))
        self.cuts.append(Cut(int(self.clock.now()) - back, last))
        self.standing.cut(self.cuts)

    @rule()
    def revoke_all(self):
        self.cuts.append(Cut(NEVER, moment_of(self.clock.now())))
        self.standing.cut(self.cuts)

    @rule(back=st.integers(0, 60))
    def stream_says(self, back):
        self.stream = int(self.clock.now()) - back
        self.standing.stream_says(self.stream)

    @precondition(lambda self: self.old_marks)
    @rule(data=st.data())
    def an_old_change_comes_again(self, data):
        user, mark = data.draw(st.sampled_from(self.old_marks))
        assert not self.standing.mark(user, mark)

    @rule(seconds=st.floats(0.1, 30))
    def time_passes(self, seconds):
        if self.clock.now() < START + 300:
            self.clock.advance(seconds)

    @rule(user=st.sampled_from(["ada", "bo"]), age=st.integers(0, 60))
    def exchange(self, user, age):
        now = self.clock.now()
        issued_at = max(START, int(now) - age)
        before = max([self.stream, *self.revocations[user], *(cut.last for cut in self.cuts)])
        banned = self.bans[user] > now
        ended = issued_at <= max(self.revocations[user], default=NEVER) or any(
            cut.first <= issued_at <= cut.last for cut in self.cuts
        )
        reason = token = None
        try:
            self.standing.check(user, SESSIONS[issued_at], now)
            token = self.minter.mint(user, self.rhythms[user], now, 3600, self.standing.floor(user, now))
        except Refusal as refusal:
            reason = refusal.reason
        if banned:
            assert reason is Reason.SUBJECT_BANNED
        elif ended:
            assert reason is Reason.SESSION_REVOKED
        elif before and before + 1 > now - BACKDATE:
            assert reason is Reason.RECENTLY_REVOKED
        else:
            assert before < token.issued_at <= now - BACKDATE
            assert token.issued_at > now - BACKDATE - WINDOW - 1 or token.issued_at == before + 1

    @invariant()
    def nobody_else_is_concerned(self):
        self.standing.check("cy", SESSIONS[START + 399], self.clock.now())
        if not self.cuts and self.stream == NEVER:
            assert self.standing.floor("cy", self.clock.now()) == 0


TestStanding = StandingMachine.TestCase
TestStanding.settings = settings(stateful_step_count=30)


def test_an_end_that_has_passed_is_told_in_seconds():
    standing = Standing()
    standing.mark("ada", Mark(NEVER, NEVER, NOW + 10, 1))
    with pytest.raises(Refusal) as refused:
        standing.check("ada", SESSIONS[NOW], NOW + 0.5)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.SUBJECT_BANNED, 10)
    standing.check("ada", SESSIONS[NOW], NOW + 10)


def test_a_mark_is_forgotten_on_demand_alone():
    standing = Standing()
    standing.mark("ada", Mark(NEVER, NEVER, FOREVER, 1))
    assert len(standing) == 1
    standing.forget("ada")
    standing.forget("bo")
    standing.check("ada", SESSIONS[NOW], NOW)
    assert len(standing) == 0


def test_a_session_without_a_date_cannot_be_shown_to_be_newer():
    standing = Standing()
    standing.mark("ada", Mark(NOW, NOW, NEVER, 1))
    undated = subject(clerk_claims(NOW, iat=None))
    with pytest.raises(Refusal) as refused:
        standing.check("ada", undated, NOW + 1_000)
    assert refused.value.reason is Reason.SESSION_REVOKED


def test_what_stream_says_moves_tokens_but_ends_no_session():
    standing = Standing()
    standing.stream_says(NOW)
    standing.check("ada", SESSIONS[NOW], NOW + 60)
    assert standing.floor("ada", NOW + 60) == NOW + 1
    standing.stream_says(NEVER)
    assert standing.floor("ada", NOW + 60) == 0
