"""The session token in a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import Reason, Refusal
from tidegate.http.bearer import bearer


@pytest.mark.parametrize("header", [b"Bearer abc.def.ghi", b"bearer abc.def.ghi", b"BEARER  abc.def.ghi "])
def test_the_scheme_is_case_insensitive(header):
    assert bearer(header, largest=100) == b"abc.def.ghi"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, Reason.TOKEN_MISSING),
        (b"", Reason.TOKEN_MISSING),
        (b"Bearer", Reason.TOKEN_MISSING),
        (b"Bearer ", Reason.TOKEN_MISSING),
        (b"Basic dXNlcjpwYXNz", Reason.TOKEN_MISSING),
        (b"abc.def.ghi", Reason.TOKEN_MISSING),
        (b"Bearerabc", Reason.TOKEN_MISSING),
        (b"Basic " + b"x" * 5000, Reason.TOKEN_TOO_LARGE),
        (b"Bearer " + b"x" * 5000, Reason.TOKEN_TOO_LARGE),
    ],
)
def test_what_is_no_bearer_token(header, reason):
    with pytest.raises(Refusal) as refused:
        bearer(header, largest=100)
    assert refused.value.reason is reason
    assert "dXNlcjpwYXNz" not in refused.value.detail


@given(st.binary(max_size=200))
def test_nothing_else_comes_out(header):
    try:
        token = bearer(header, largest=100)
    except Refusal:
        return
    assert token
    assert token in header
