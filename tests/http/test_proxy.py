"""Whose address counts."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.http.proxy import UNKNOWN, ProxyRule, limit_key

RULE = ProxyRule([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),  # not a proxy: its word counts for nothing
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the client wrote the first entry itself
        ("10.0.0.1", b"198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", b"6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", b"[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("fd00::1", b"2001:db8::7", "2001:db8::7"),
        ("unix", b"198.51.100.1", "unix"),
    ],
)
def test_the_nearest_address_that_is_no_proxy(peer, forwarded, client):
    assert RULE.client(peer, forwarded) == client


@given(st.binary(max_size=200))
def test_any_header_gives_some_address_and_no_error(forwarded):
    assert RULE.client("203.0.113.9", forwarded) == "203.0.113.9"
    ipaddress.ip_address(RULE.client("10.0.0.1", forwarded))


def test_a_long_chain_is_not_walked_for_ever():
    assert RULE.client("10.0.0.1", b"6.6.6.6, " + b"10.0.0.2, " * 5000 + b"10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [
        ("203.0.113.9", b"https", "http"),
        ("10.0.0.1", b"https", "https"),
        ("10.0.0.1", b"HTTPS", "https"),
        ("10.0.0.1", b"https, http", "http"),
        ("10.0.0.1", b"javascript", "http"),
        ("10.0.0.1", None, "http"),
    ],
)
def test_the_scheme_is_the_nearest_proxys(peer, proto, scheme):
    assert RULE.scheme(peer, "http", proto) == scheme


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("unix", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_what_limits_count(address, key):
    assert limit_key(address) == key
