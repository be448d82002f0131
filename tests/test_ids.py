"""Request ids and trace context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.ids import RequestIds, trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_ids_are_unique_within_and_between_processes():
    one, other = RequestIds(), RequestIds()
    ids = [maker.next() for maker in (one, other) for _ in range(1000)]
    assert len(set(ids)) == 2000


def test_a_valid_parent_gives_its_trace():
    assert trace_id(f"00-{TRACE}-00f067aa0ba902b7-01".encode()) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        b"",
        f"00-{TRACE}-00f067aa0ba902b7-01\n".encode(),
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01".encode(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01".encode(),
        f"01-{TRACE}-00f067aa0ba902b7-01".encode(),
        f'00-{TRACE}-00f067aa0ba902b7-01","x":"y'.encode(),
    ],
)
def test_anything_else_gives_none(header):
    assert trace_id(header) is None


@given(st.binary(max_size=80))
def test_what_comes_out_is_hexadecimal(header):
    found = trace_id(header)
    assert found is None or set(found) <= set("0123456789abcdef")
