import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import Reason, Refusal
from tidegate.http.hosts import HostRule

RULE = HostRule(["Ops.Internal.Example"])


def judged(scheme="http", **headers):
    lines = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    try:
        RULE.check(lines, scheme)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:8001", "10.0.0.7:8001", "[::1]:8001", "[::1]", "localhost:8001", "LOCALHOST"),
        *("ops.internal.example", "OPS.internal.example:8001", "ops.internal.example.:8001"),
    ],
)
def test_our_names_and_plain_addresses(host):
    assert judged(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8001", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("127.0.0.1@evil", "ops.internal.example.evil", "x.ops.internal.example", "[::1", "127.0.0.1, evil.example"),
        *("127.1", "0x7f000001"),
    ],
)
def test_a_name_of_somebody_elses_is_refused(host):
    assert judged(host=host) is Reason.HOST_REFUSED


def test_a_host_that_stands_twice_is_refused():
    with pytest.raises(Refusal):
        RULE.check([(b"host", b"127.0.0.1"), (b"host", b"127.0.0.1")], "http")
    with pytest.raises(Refusal):
        RULE.check([], "http")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://127.0.0.1:8001"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:8001", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "elsewhere"},
    ],
)
def test_a_page_of_another_origin_is_refused(headers):
    assert judged(host="127.0.0.1:8001", **headers) is Reason.ORIGIN_REFUSED


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8001", "sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}]
)
def test_a_page_of_our_own_and_no_page_at_all(headers):
    assert judged(host="127.0.0.1:8001", **headers) is None


@given(st.binary(max_size=60))
def test_whatever_the_host_is_there_is_an_answer(host):
    assert judged(host=host.decode("latin-1")) in {None, Reason.HOST_REFUSED}
