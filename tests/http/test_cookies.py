"""The session cookie: found whole or in chunks, refused wherever two readers could find two sessions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import authjs
from tidegate.errors import Reason, Refusal
from tidegate.http.cookies import CHUNKS_MAX, SessionCookies

LARGEST = 16_384
COOKIES = SessionCookies(authjs.COOKIES, LARGEST)
NAME = authjs.SECURE.encode()
CHARACTERS = "abcXYZ019-_.~+/="
values = st.text(CHARACTERS, min_size=1, max_size=60).map(str.encode)
others = st.tuples(st.sampled_from([b"theme", b"authjs.csrf-token", NAME + b".x", NAME + b"x", b"x" + NAME]), values)


def header(*pairs):
    return b"; ".join(name + b"=" + value for name, value in pairs)


def refused(text, cookies=COOKIES):
    with pytest.raises(Refusal) as caught:
        cookies.value(text)
    return caught.value.reason


@pytest.mark.parametrize("one", authjs.vectors()["sessions"], ids=lambda one: one["name"])
def test_the_cookies_that_auth_js_sets(one):
    for order in (one["cookies"], one["cookies"][::-1]):
        found = COOKIES.value("; ".join(["theme=dark", *order, "__Host-authjs.csrf-token=abc"]).encode())
        assert found == one["token"].encode()


def test_auth_js_makes_chunks_and_we_know_how_many_at_most():
    assert {len(one["cookies"]) for one in authjs.vectors()["sessions"] if "large" in one["name"]} == {2}
    assert CHUNKS_MAX >= 65_536 // 3_933 + 1


@given(values, st.lists(others, max_size=6), st.integers(1, CHUNKS_MAX), st.randoms())
def test_whatever_its_chunks_and_neighbours_are_the_session_is_found(value, neighbours, count, random):
    size = -(-len(value) // count)
    chunks = [value[start : start + size] for start in range(0, len(value), size)]
    pairs = [(NAME + b".%d" % number, chunk) for number, chunk in enumerate(chunks)] if count > 1 else [(NAME, value)]
    pairs += neighbours
    random.shuffle(pairs)
    assert COOKIES.value(header(*pairs)) == value


@given(st.binary(max_size=300) | st.lists(st.tuples(st.just(NAME), values)).map(lambda pairs: header(*pairs)))
def test_whatever_comes_it_is_a_session_or_none_or_a_refusal(text):
    try:
        found = COOKIES.value(text)
    except Refusal:
        return
    assert found is None or found in text


@pytest.mark.parametrize(
    "text", [b"", b";", b"=", b"theme=dark", NAME, NAME + b"=", NAME + b'=""', NAME.upper() + b"=a"]
)
def test_none(text):
    assert COOKIES.value(text) is None


def test_white_space_and_quotes():
    assert COOKIES.value(b'  theme=dark ;\t%b="abc" ' % NAME) == b"abc"
    assert COOKIES.value(NAME + b'="') == b'"'


@pytest.mark.parametrize(
    "names",
    [
        ["", ""],
        [".0", ".0"],
        ["", ".0"],
        [".1"],
        [".0", ".2"],
        [".0", ".01"],
        [".00"],
        [".0", ".1", ".3"],
        [".20"],
        [".9999999999999999999999"],
        ["", ".00"],
    ],
)
def test_two_readings(names):
    assert refused(header(*((NAME + name.encode(), b"a") for name in names))) is Reason.TOKEN_MALFORMED


def test_a_cookie_that_stands_twice_is_refused_even_if_both_agree():
    assert refused(header((NAME, b"a"), (NAME, b"a"))) is Reason.TOKEN_MALFORMED


def test_the_first_name_counts():
    old = b"next-auth.session-token"
    assert COOKIES.value(header((old, b"old"), (NAME, b"new"))) == b"new"
    assert COOKIES.value(header((old + b".0", b"o"), (old + b".1", b"ld"), (NAME, b""))) == b"old"
    assert SessionCookies(("other",), LARGEST).value(header((NAME, b"new"))) is None


def test_sizes():
    small = SessionCookies(authjs.COOKIES, 10)
    assert small.value(header((NAME, b"x" * 10))) == b"x" * 10
    assert refused(header((NAME, b"x" * 11)), small) is Reason.TOKEN_TOO_LARGE
    assert refused(header((NAME + b".0", b"x" * 6), (NAME + b".1", b"x" * 5)), small) is Reason.TOKEN_TOO_LARGE


def test_nothing_of_a_cookie_is_in_a_refusal():
    with pytest.raises(Refusal) as caught:
        COOKIES.value(header((NAME, b"hush"), (NAME, b"hush")))
    assert "hush" not in str(caught.value)
