"""Cross-origin rules."""

import pytest

from tidegate.errors import Reason, Refusal
from tidegate.http.cors import Cors

CORS = Cors(["https://app.example.com", "http://localhost:3000"])


def test_a_known_origin_gets_its_own_name_back_and_never_a_wildcard():
    headers = dict(CORS.headers(b"https://app.example.com"))
    assert headers[b"access-control-allow-origin"] == b"https://app.example.com"
    assert b"Retry-After" in headers[b"access-control-expose-headers"]
    assert b"X-Request-Id" in headers[b"access-control-expose-headers"]
    assert headers[b"vary"] == b"Origin"
    assert b"access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [b"https://app.example.com.evil", b"https://APP.example.com", b"http://app.example.com", b"null", b"*", b""],
)
def test_any_other_origin_gets_nothing(origin):
    assert b"access-control-allow-origin" not in dict(CORS.headers(origin))
    with pytest.raises(Refusal) as refused:
        CORS.preflight(origin)
    assert refused.value.reason is Reason.ORIGIN_REFUSED
    with pytest.raises(Refusal):
        CORS.require(origin, "https", b"gate.example.com")


def test_a_preflight_allows_what_the_doors_need_and_no_more():
    answer = CORS.preflight(b"http://localhost:3000")
    headers = dict(answer.headers)
    assert answer.status == 204
    assert headers[b"access-control-allow-methods"] == b"GET, POST"
    assert headers[b"access-control-allow-headers"] == b"Authorization, Content-Type"


def test_a_page_of_our_own_address_may_call():
    Cors([]).require(b"https://gate.example.com", "https", b"GATE.example.com")
    with pytest.raises(Refusal):
        Cors([]).require(b"http://gate.example.com", "https", b"gate.example.com")
    with pytest.raises(Refusal):
        Cors([]).require(b"https://", "https", b"")


def test_without_origins_nothing_varies():
    assert Cors([]).headers(b"https://app.example.com") == []
