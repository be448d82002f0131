"""The table of shorter lives as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, problems
from tidegate.settings import load
from tidegate.settings.problems import Unfit
from tidegate.settings.risk import DEFAULT_ROWS, LifeByRisk, Risk, RiskRow

KIND = LifeByRisk()


def test_the_line_of_the_documentation():
    assert KIND.read("impersonated=300, anonymous=900, stale_factor>12h=900,stale_factor>30d=600,") == (
        RiskRow(Risk.IMPERSONATED, 300),
        RiskRow(Risk.ANONYMOUS, 900),
        RiskRow(Risk.STALE_FACTOR, 900, 720),
        RiskRow(Risk.STALE_FACTOR, 600, 43_200),
    )


def test_unset_has_rows_and_off_has_none():
    assert load(DEVELOPMENT).settings.life_by_risk == DEFAULT_ROWS
    assert load({**DEVELOPMENT, "TIDEGATE_LIFE_BY_RISK": "Off"}).settings.life_by_risk == ()


@pytest.mark.parametrize(
    "text",
    [
        "impersonated",
        "impersonated=",
        "impersonated=299",
        "impersonated=86401",
        "impersonated=1e3",
        "impersonated>60m=300",
        "stale_factor=900",
        "stale_factor>0m=900",
        "stale_factor>60=900",
        "stale_factor>60s=900",
        "stale_factor<60m=900",
        "rich=900",
        "anonymous=900,anonymous=600",
        "stale_factor>60m=900,stale_factor>1h=600",
        ",".join(f"stale_factor>{number}m=900" for number in range(1, 12)),
    ],
)
def test_what_is_no_table(text):
    (line,) = problems({**DEVELOPMENT, "TIDEGATE_LIFE_BY_RISK": text}).values()
    assert line.startswith("TIDEGATE_LIFE_BY_RISK ")
    assert "impersonated=300" in line


@given(st.text(max_size=40))
def test_any_text_is_a_table_or_unfit(text):
    try:
        rows = KIND.read(text)
    except Unfit:
        return
    assert KIND.read(KIND.write(rows)) == rows


@given(
    st.lists(
        st.builds(RiskRow, st.just(Risk.STALE_FACTOR), st.integers(300, 86_400), st.integers(1, 999_999)),
        max_size=10,
        unique_by=lambda row: row.minutes,
    )
)
def test_what_is_written_is_read_back(rows):
    assert KIND.read(KIND.write(tuple(rows))) == tuple(rows)
