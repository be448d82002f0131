"""Each of Stream's codes has its type, and the metric label comes from a closed list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.upstream import errors
from tidegate.upstream.errors import CallRefused, RateLimited, ServerFault, UnexpectedAnswer, error_type

TABLE = {
    2: "AccessKeyError", 4: "InputError", 5: "AuthFailed", 6: "DuplicateName", 9: "RateLimited", 16: "NotFound",
    17: "NotAllowed", 22: "PayloadTooLarge", 23: "RequestTimedOut", 24: "HeadersTooLarge", 40: "TokenExpired",
    41: "TokenNotYetValid", 42: "TokenDateWrong", 43: "SignatureInvalid", 99: "AppSuspended",
}  # fmt: skip


@pytest.mark.parametrize(("code", "name"), TABLE.items())
def test_codes(code, name):
    assert error_type(400, code) is getattr(errors, name)


def test_table_is_complete():
    assert set(errors.ERRORS_BY_CODE) == set(TABLE)


@pytest.mark.parametrize("status", [500, 502, 503, 599])
@pytest.mark.parametrize("code", [None, 4, -1, 77])
def test_5xx_is_an_outage_whatever_the_body_says(status, code):
    assert error_type(status, code) is ServerFault


def test_without_a_code():
    assert error_type(429, None) is RateLimited
    assert error_type(403, None) is UnexpectedAnswer
    assert error_type(302, None) is UnexpectedAnswer


def test_a_code_that_is_not_in_the_table():
    assert error_type(400, 46) is CallRefused
    assert error_type(429, 46) is RateLimited


@given(status=st.integers(100, 999), code=st.none() | st.integers())
def test_only_outages_count_against_the_breaker(status, code):
    kind = error_type(status, code)
    assert kind.outage == (status >= 500 or code == -1)
    label = kind("get_app", code=code, status=status).label
    known = {str(number) for number in (*TABLE, -1)}
    assert label in known | {f"{digit}xx" for digit in range(1, 10)} | {"unexpected", "other"}
