"""What of a token's claims stays with its subject."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from support.issuing import clerk_claims, subject
from tidegate.identity.carried import carried
from tidegate.identity.model import NO_PARTICULARS

CLAIMS = {
    "plan": "pro",
    "deep": {"a": {"b": [1], "c": ["x", "y"]}, "n": 7, "yes": True},
    "https://acme.example/roles": ["r"],
    "a.b": "one member",
    "float": 1.5,
    "big": 2**60,
    "long": "x" * 2049,
    "unclean": "a\x00",
}


def test_values_in_the_order_of_the_paths():
    paths = ("plan", "deep.a.c", "deep.n", "deep.yes", "https://acme.example/roles", "missing", "plan.x")
    assert carried(CLAIMS, paths) == ("pro", ("x", "y"), 7, True, ("r",), None, None)


def test_what_no_rule_can_use_is_left_behind():
    assert carried(CLAIMS, ("deep.a.b", "deep", "a.b", "float", "big", "long", "unclean")) == ()


def test_a_session_carries_nothing_where_nobody_asks():
    assert subject(clerk_claims(public_metadata={"role": "x"})).particulars is NO_PARTICULARS
    who = subject(clerk_claims(public_metadata={"role": "x"}), carried=("public_metadata.role",))
    assert who.carried == ("x",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from("ab"), JSON), st.lists(st.sampled_from(["a", "b", "a.a", "a.b.a"]), max_size=3))
def test_what_is_carried_is_small_and_can_be_hashed(claims, paths):
    values = carried(claims, tuple(paths))
    assert len(values) in {0, len(paths)}
    assert isinstance(hash(values), int)
    for value in values:
        assert value is None or isinstance(value, str | bool | int | tuple)
        assert sys.getsizeof(value) <= 16_384
