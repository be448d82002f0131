"""A JSON reader that refuses what two readers could understand differently.

Headers, claims and key sets come from strangers. A document that one library reads
as one thing and the next as another is how checks are walked around, so anything
ambiguous ends here: other encodings than UTF-8, a byte-order mark, a member named
twice, numbers that are none, halves of surrogate pairs, and nesting deep enough to
exhaust a stack.
"""

import json
import math
import re
from typing import Final, Never

import orjson

from tidegate.errors import TidegateError

JSON_DEPTH: Final = 32
"""Objects and arrays inside each other that are read by default."""

_WHITESPACE: Final = " \t\n\r"  # RFC 8259, section 2; str.strip() alone would take more than that
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
# Strings are consumed whole, so that a bracket inside one does not count. Possessive: no backtracking.
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS: Final = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


class StrictJsonError(TidegateError, ValueError):
    """The octets are not JSON as this service reads it. The message never quotes them."""


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise StrictJsonError("a member is named twice")
    return members


def _refuse_constant(_name: str) -> Never:
    raise StrictJsonError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise StrictJsonError("a number is too large")
    return number


_read: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_constant=_refuse_constant, parse_float=_finite
).raw_decode


def parse_json(octets: bytes, max_depth: int = JSON_DEPTH) -> object:
    """Read one JSON document (RFC 8259), strictly.

    Args:
        octets: the whole document; its size is bounded by the caller.
        max_depth: how many objects and arrays may lie inside each other.

    Returns:
        the document as dict, list, str, int, float, bool or None.

    Raises:
        StrictJsonError: it is not UTF-8, begins with a byte-order mark, is not JSON, nests
            deeper than ``max_depth``, names a member twice at any depth, or holds NaN, an
            infinity (spelled out or by overflow) or a lone surrogate in any string.
    """
    # Counting every opening bracket is the cheap upper bound; most documents need no more than that.
    if octets.count(b"{") + octets.count(b"[") > max_depth:
        _check_depth(octets, max_depth)
    try:
        value: object = orjson.loads(octets)
        # A writer names each member once. Where it gives back the very octets that were read, nothing in them
        # was ambiguous; most tokens are spelled that way, and for them this costs half of the careful reading.
        if orjson.dumps(value) == octets:
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _read_carefully(octets)  # it may still be JSON; if not, this says what is wrong
    return _read_carefully(octets)


def parse_object(octets: bytes, max_depth: int = JSON_DEPTH) -> dict[str, object]:
    """Read one JSON document that must be an object.

    Args:
        octets: the whole document; its size is bounded by the caller.
        max_depth: how many objects and arrays may lie inside each other, this object included.

    Returns:
        its members.

    Raises:
        StrictJsonError: as ``parse_json``, or it is not an object.
    """
    value = parse_json(octets, max_depth)
    if not isinstance(value, dict):
        raise StrictJsonError("not a JSON object")
    return value


def _read_carefully(octets: bytes) -> object:
    try:
        text = octets.decode("utf-8").strip(_WHITESPACE)
        value, end = _read(text)
    except StrictJsonError:
        raise
    except UnicodeDecodeError:
        raise StrictJsonError("not UTF-8") from None
    except ValueError:
        raise StrictJsonError("not JSON") from None
    if end != len(text):
        raise StrictJsonError("something follows the JSON document")
    if b"\\u" in octets and _SURROGATE_ESCAPE.search(octets) is not None:
        _refuse_lone_surrogates(value)
    return value


def _check_depth(octets: bytes, max_depth: int) -> None:
    depth = 0
    for token in _STRUCTURE.finditer(octets):
        depth += _STEPS.get(token[0], 0)
        if depth > max_depth:
            raise StrictJsonError("nested too deeply")


def _refuse_lone_surrogates(value: object) -> None:
    # A proper pair became one character while reading; only a lone half cannot be written as UTF-8.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError("a string holds a lone surrogate") from None
