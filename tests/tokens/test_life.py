"""How long a session's tokens live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import NOW, clerk_claims, subject
from tidegate.metrics import REGISTRY
from tidegate.settings.risk import Risk, RiskRow
from tidegate.tokens.life import LifeTable

ROWS = (
    RiskRow(Risk.IMPERSONATED, 300),
    RiskRow(Risk.ANONYMOUS, 900),
    RiskRow(Risk.STALE_FACTOR, 1200, 60),
    RiskRow(Risk.STALE_FACTOR, 600, 1440),
)
TABLE = LifeTable(3600, ROWS)
ACT = {"sub": "user_of_support"}


def who(**claims):
    return subject(clerk_claims(exp=NOW + 60, **claims), factor=True)


@pytest.mark.parametrize(
    ("claims", "life"),
    [
        ({}, 3600),
        ({"act": ACT}, 300),
        ({"is_anonymous": True}, 900),
        ({"is_anonymous": False}, 3600),
        ({"firebase": {"sign_in_provider": "anonymous"}}, 900),
        ({"firebase": {"sign_in_provider": "password"}}, 3600),
        ({"firebase": "anonymous"}, 3600),
        ({"fva": [59, -1]}, 3600),
        ({"fva": [60, -1]}, 1200),
        ({"fva": [1439, 0]}, 1200),
        ({"fva": [1440, 0]}, 600),
        ({"fva": [-1, 0]}, 600),
        ({"fva": None}, 600),
        ({"fva": None, "auth_time": NOW - 60}, 3600),
        ({"fva": None, "auth_time": NOW - 3600}, 1200),
        ({"fva": None, "auth_time": NOW + 1}, 600),
        ({"fva": None, "auth_time": "yesterday"}, 600),
        ({"fva": None, "auth_time": True}, 600),
        ({"fva": ["5"]}, 600),
        ({"fva": [False, -1]}, 600),
        ({"fva": []}, 600),
        ({"iat": None}, 600),
        ({"act": ACT, "fva": [9999, -1], "is_anonymous": True}, 300),
        ({"fva": [9999, -1], "is_anonymous": True}, 600),
    ],
)
def test_the_shortest_row_that_fits_counts(claims, life):
    assert TABLE.life(who(**claims), NOW) == life


def test_a_factor_is_not_read_where_no_row_asks():
    session = subject(clerk_claims(fva=[9999, -1], name="Ada"))
    assert session.factor_at is None
    assert LifeTable(3600, ROWS[:2]).life(session, NOW) == 3600


def test_a_row_no_shorter_than_the_ordinary_life_changes_nothing():
    table = LifeTable(600, [RiskRow(Risk.IMPERSONATED, 900), RiskRow(Risk.ANONYMOUS, 600)])
    assert table.life(who(act=ACT, is_anonymous=True), NOW) == 600
    assert table.row(who(act=ACT, is_anonymous=True), NOW) is None


def test_a_session_at_risk_is_counted():
    def counted():
        return REGISTRY.get_sample_value("tidegate_risk_sessions_total", {"risk": "impersonated"}) or 0

    before = counted()
    TABLE.life(who(act=ACT), NOW)
    TABLE.life(who(), NOW)
    assert counted() == before + 1


@pytest.mark.parametrize(("ordinary", "life"), [(299, 300), (86_401, 300), (3600, 299), (3600, 86_401)])
def test_lives_are_bounded(ordinary, life):
    with pytest.raises(ValueError, match="lives"):
        LifeTable(ordinary, [RiskRow(Risk.ANONYMOUS, life)])


AGES = st.one_of(st.none(), st.integers(-1, 3000))
TABLES = st.lists(
    st.one_of(
        st.builds(RiskRow, st.sampled_from([Risk.IMPERSONATED, Risk.ANONYMOUS]), st.integers(300, 86_400)),
        st.builds(RiskRow, st.just(Risk.STALE_FACTOR), st.integers(300, 86_400), st.integers(1, 3000)),
    ),
    max_size=5,
)


@given(TABLES, st.integers(300, 86_400), AGES, st.booleans(), st.booleans(), st.integers(0, 400_000))
def test_a_life_is_never_longer_than_any_row_allows_and_holds_as_long_as_it_says(
    rows, ordinary, age, impersonated, anonymous, later
):
    claims = {"fva": None if age is None else [age, -1], "act": ACT if impersonated else None}
    session = subject(clerk_claims(exp=NOW + 500_000, is_anonymous=anonymous, **claims), factor=True)
    table, now = LifeTable(ordinary, rows), NOW + later

    stale = (10**9 if age is None or age < 0 else age) * 60 + later
    fits = {
        Risk.IMPERSONATED: lambda _: impersonated,
        Risk.ANONYMOUS: lambda _: anonymous,
        Risk.STALE_FACTOR: lambda row: stale >= row.minutes * 60,
    }
    assert table.life(session, now) == min([ordinary, *(row.life for row in rows if fits[row.risk](row))])
    until = table.holds_until(session, now)
    assert now < until <= session.expires_at
    assert table.row(session, until - 1) == table.row(session, now)
