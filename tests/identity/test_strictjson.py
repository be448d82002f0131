import json
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidegate.identity import strictjson
from tidegate.identity.strictjson import JSON_DEPTH, StrictJsonError, parse_json, parse_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.booleans())
def test_what_any_writer_writes_is_read_back(value, ascii_only, spaced):
    text = json.dumps(value, ensure_ascii=ascii_only, separators=None if spaced else (",", ":"))
    assert parse_json(text.encode(), 50) == value


@given(VALUES)
def test_both_readers_read_the_same(value):
    octets = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    quick, careful = parse_json(octets, 50), strictjson._read_carefully(octets)
    assert json.dumps(quick) == json.dumps(careful)  # tells 1 from 1.0 and 0.0 from -0.0, which == does not


@given(st.binary(max_size=40))
@example(b'{"a":1e999}')
@example(b'{"a":-0}')
@example(b'"\xed\xa0\x80"')
def test_what_the_quick_reader_takes_the_careful_one_takes_too(octets):
    try:
        value = parse_json(octets)
    except StrictJsonError:
        with pytest.raises(StrictJsonError):
            strictjson._read_carefully(octets)
    else:
        assert strictjson._read_carefully(octets) == value


@given(st.binary(max_size=60) | st.text('{}[]",:\\u0aAd8eE1-. \tnul', max_size=40).map(str.encode))
def test_octets_are_read_or_refused_and_nothing_else(octets):
    try:
        value = parse_json(octets)
    except StrictJsonError:
        return
    assert json.loads(octets.decode()) == value


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-16-le"), "not JSON"),
        ("{}".encode("utf-16-be"), "not JSON"),
        ("{}".encode("utf-32-le"), "not JSON"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xc0\xaf"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":1,"a":1}', "a member is named twice"),
        (b'{"alg":"RS256","\\u0061lg":"none"}', "a member is named twice"),
        (b'{"a":[{"b":{"c":1,"c":2}}]}', "a member is named twice"),
        (b'{"a":NaN}', "NaN and Infinity"),
        (b'{"a":Infinity}', "NaN and Infinity"),
        (b'{"a":[-Infinity]}', "NaN and Infinity"),
        (b'{"a":1e999}', "a number is too large"),
        (b'{"a":-1e999}', "a number is too large"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a":"\\ud800"}', "a lone surrogate"),
        (b'{"a":"\\udc00\\ud800"}', "a lone surrogate"),
        (b'{"a":["\\uD83D!"]}', "a lone surrogate"),
        (b'{"\\uDfFf":1}', "a lone surrogate"),
        (b'{"a":"\\ud83d\\ude00","b":"\\ude00"}', "a lone surrogate"),
        (b'{"a":1}x', "something follows"),
        (b'{"a":1} {"a":1}', "something follows"),
        (b'{"a":1}\x00', "something follows"),
        (b"\x0b{}", "not JSON"),
        (b"{}\xc2\xa0", "something follows"),
        (b'{"a":1,}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":01}', "something follows|not JSON"),
        (b'{"a":"\n"}', "not JSON"),
        (b'{"a":1/*c*/}', "not JSON"),
    ],
)
def test_refused_with_its_cause(octets, why):
    with pytest.raises(StrictJsonError, match=why) as caught:
        parse_json(octets)
    assert caught.value.__cause__ is None
    with pytest.raises(StrictJsonError, match=why):
        strictjson._read_carefully(octets)


def test_a_surrogate_pair_is_one_character():
    assert parse_json(b'{"a":"\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_the_escape_of_an_escape_is_no_surrogate():
    assert parse_json(b'{"a":"\\\\ud800"}') == {"a": "\\ud800"}


@pytest.mark.parametrize("octets", [b' {"a":1}\r\n', b'\t{ "a" : 1 }', b'{"a":1}'])
def test_white_space_around_and_inside_is_json(octets):
    assert parse_json(octets) == {"a": 1}


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded_before_reading(opening, closing):
    core = b"1"
    fits = opening * JSON_DEPTH + core + closing * JSON_DEPTH
    assert parse_json(fits) is not None
    with pytest.raises(StrictJsonError, match="nested too deeply"):
        parse_json(opening + fits + closing)


@pytest.mark.parametrize("octets", [b"[" * 10_000, b'{"a":' * 10_000, b'["' + b'\\"' * 5000 + b'",' + b"[" * 5000])
def test_ten_thousand_levels_do_not_reach_a_parser(octets, monkeypatch):
    monkeypatch.setattr(strictjson, "_read_carefully", lambda _: pytest.fail("the parser was reached"))
    monkeypatch.setattr(strictjson.orjson, "loads", lambda _: pytest.fail("the parser was reached"))
    recursion = sys.getrecursionlimit()
    with pytest.raises(StrictJsonError, match="nested too deeply"):
        parse_json(octets)
    assert sys.getrecursionlimit() == recursion


@pytest.mark.parametrize(
    "value", ["[" * 100, '"[' * 100, "\\[{" * 50, [[] for _ in range(100)], {str(i): {} for i in range(100)}]
)
def test_brackets_side_by_side_or_inside_strings_are_not_depth(value):
    assert parse_json(json.dumps({"a": value}).encode(), 3) == {"a": value}


@given(VALUES, st.integers(1, 6))
def test_depth_is_counted_exactly(value, bound):
    def depth(item):
        if isinstance(item, dict):
            return 1 + max(map(depth, item.values()), default=0)
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    octets = json.dumps(value).encode()
    if depth(value) <= bound:
        assert parse_json(octets, bound) == value
    else:
        with pytest.raises(StrictJsonError, match="nested too deeply"):
            parse_json(octets, bound)


def test_a_caller_may_allow_more_depth_than_the_quick_reader_writes():
    octets = b"[" * 400 + b"]" * 400
    value = parse_json(octets, 500)
    for _ in range(399):
        (value,) = value
    assert value == []


@pytest.mark.parametrize("octets", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_an_object_is_asked_for(octets):
    parse_json(octets)
    with pytest.raises(StrictJsonError, match="not a JSON object"):
        parse_object(octets)


def test_the_error_does_not_quote_the_document():
    with pytest.raises(StrictJsonError) as caught:
        parse_json(b'{"sub":"very-secret", "very-secret"}')
    assert "very-secret" not in str(caught.value)
