"""A window: what counts, from whom, and what is kept of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.watch.telemetry.model import CONNECTIONS_MOST, LEAST_USERS, Beacon, Failure
from tidegate.watch.telemetry.window import TIMES_OF_USER, Sinks, Window

SECONDS = 300.0
FULL = Beacon(60.0, 1.0, (0.2,), (0.1,), 90.0, frozenset({Failure.TIMEOUT}))


class Published:
    def __init__(self):
        self.connect, self.delivery, self.session, self.failures = [], [], [], []

    @property
    def sinks(self):
        return Sinks(self.connect.append, self.delivery.append, self.session.append, self.failures.append)

    def counts(self):
        return [len(one) for one in (self.connect, self.delivery, self.session, self.failures)]


@pytest.fixture
def published():
    return Published()


def window(published, most=1_000):
    return Window(SECONDS, most, published.sinks)


def test_nothing_counts_below_20_users_and_everything_from_the_20th_on(published):
    opened = window(published)
    for number in range(LEAST_USERS - 1):
        assert opened.add(f"user-{number}", FULL)
        opened.add(f"user-{number}", Beacon(60.0, 1.0, (0.3,)))
    assert (published.counts(), opened.connections) == ([0, 0, 0, 0], None)

    opened.add("user-19", FULL)

    assert published.counts() == [39, 20, 20, 20]
    assert opened.connections == pytest.approx(39 * 60 / SECONDS)
    opened.add("user-20", FULL)
    assert published.counts() == [40, 21, 21, 21]


def test_each_figure_has_users_of_its_own(published):
    opened = window(published)
    for number in range(50):
        opened.add(f"user-{number}", Beacon(60.0, 1.0, (0.2,), (0.1,) if number < 19 else ()))

    assert published.counts() == [50, 0, 0, 0]


def test_who_met_no_failure_says_so_and_each_user_counts_once_for_a_reason(published):
    opened = window(published)
    for _ in range(10):
        opened.add("unlucky", Beacon(60.0, 1.0, failures=frozenset({Failure.DROPPED})))
    for number in range(30):
        opened.add(f"user-{number}", Beacon(60.0, 1.0))

    assert published.failures == [Failure.DROPPED]
    opened.add("unlucky", Beacon(60.0, 1.0, failures=frozenset({Failure.DROPPED, Failure.SEND})))
    assert published.failures == [Failure.DROPPED, Failure.SEND]


def test_one_user_cannot_move_a_figure_far(published):
    opened = window(published)
    for number in range(LEAST_USERS):
        opened.add(f"user-{number}", Beacon(300.0, 1.0, (0.1,)))
    for _ in range(1_000):
        opened.add("liar", Beacon(3_600.0, CONNECTIONS_MOST, (60.0,) * 8))

    assert published.connect.count(60.0) == TIMES_OF_USER
    assert opened.connections == pytest.approx(LEAST_USERS + CONNECTIONS_MOST)


def test_a_beacon_after_a_long_silence_counts_for_no_more_than_the_window(published):
    opened = window(published)
    for number in range(LEAST_USERS):
        opened.add(f"user-{number}", Beacon(3_600.0, 1.0))

    assert opened.connections == pytest.approx(LEAST_USERS)


def test_one_user_too_many_is_not_counted_and_those_before_are(published):
    opened = window(published, most=20)
    for number in range(20):
        assert opened.add(f"user-{number}", FULL)

    assert not opened.add("one too many", FULL)
    assert opened.add("user-7", FULL)
    assert opened.users == 20
    assert published.counts() == [21, 21, 21, 20]


def test_no_user_can_be_found_in_what_is_kept(published):
    one, other = window(published), window(published)
    for opened in (one, other):
        opened.add("ada", FULL)

    assert b"ada" not in next(iter(one._tellers))
    assert one._tellers.keys().isdisjoint(other._tellers)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.builds(
                Beacon,
                st.floats(0, 3_600),
                st.floats(0, CONNECTIONS_MOST),
                st.lists(st.floats(0, 60), max_size=8).map(tuple),
                session=st.none() | st.floats(0, 100),
                failures=st.frozensets(st.sampled_from(Failure)),
            ),
        ),
        min_size=15,
        max_size=60,
    )
)
def test_any_sequence_keeps_the_rules(told):
    published = Published()
    opened = window(published, most=30)
    connecting, tellers = set(), set()
    for user, beacon in told:
        if opened.add(str(user), beacon):
            tellers.add(user)
            if beacon.connect:
                connecting.add(user)
        assert bool(published.connect) <= (len(connecting) >= LEAST_USERS)
        assert bool(published.failures) <= (len(tellers) >= LEAST_USERS)
    assert opened.users == len(tellers) <= 30
    if opened.connections is not None:
        assert 0 <= opened.connections <= len(tellers) * CONNECTIONS_MOST + 1e-6
