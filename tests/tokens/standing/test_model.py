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
    still_matters,
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


@pytest.mark.parametrize(
    ("mark", "now", "expected"),
    [
        (Mark(1_000, 0, 0, 1), 1_099, True), (Mark(1_000, 0, 0, 1), 1_100, False), (Mark(0, 1_000, 0, 1), 1_099, True),
        (Mark(0, 0, 2_000, 1), 1_999, True), (Mark(0, 0, 2_000, 1), 2_000, False), (Mark(0, 0, FOREVER, 1), 9e9, True),
    ],
)  # fmt: skip
def test_what_can_refuse_something_is_kept(mark, now, expected):
    standing = Standing()
    standing.mark("ada", mark)
    assert standing.prune(now, keep_s=100) == (not expected)
    assert standing.knows("ada") is expected is still_matters(mark, now, 100)


def test_a_ban_ends_tokens_and_leaves_sessions_for_later():
    banned = UserStanding("ada", tokens_before=50).banned(10, FOREVER, "spam", deactivate=True)
    assert banned.mark == Mark(50, NEVER, FOREVER, 0)
    assert (banned.note, banned.deactivated, banned.banned_there, banned.deactivated_there) == (
        "spam",
        True,
        True,
        True,
    )
    again = banned.banned(60, 90, "", deactivate=False)
    assert (again.mark, again.deactivated, again.deactivated_there) == (Mark(60, NEVER, 90, 0), False, True)
    lifted = again.unbanned()
    assert (lifted.mark, lifted.banned_there, lifted.note) == (Mark(60, NEVER, NEVER, 0), True, "")


def test_a_revocation_never_moves_back():
    once = UserStanding("ada").revoked(100)
    assert once.revoked(90).mark == once.mark == Mark(100, 100, NEVER, 0)


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
