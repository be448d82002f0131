"""No change to a chain goes unseen."""

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support.issuing import NOW
from support.ledgers import KEY, OTHER_KEY, issued, refused, sealed
from tidegate.tokens.ledger.chain import BrokenChainError, Chain, number_of, split
from tidegate.tokens.ledger.model import Head

NAME = "00112233445566aa"


def begun(key=KEY, name=NAME):
    return Chain(key, Head(name, 0, key.genesis(name)))


def lines(count=6, key=KEY, name=NAME):
    notes = [issued(NOW + n) if n % 3 else refused(NOW + n) for n in range(count)]
    return sealed(begun(key, name), notes, key=key).octets.splitlines()


def follow(given, key=KEY, name=NAME):
    """How many entries hold."""
    chain = begun(key, name)
    with contextlib.suppress(BrokenChainError):
        for line in given:
            chain.follow(line)
    return chain.n


def test_what_was_sealed_holds():
    assert follow(lines()) == 6


@given(st.integers(0, 5), st.data())
def test_one_changed_octet_ends_the_chain_before_it(which, data):
    changed = lines()
    line = bytearray(changed[which])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    changed[which] = bytes(line)

    assert follow(changed) == which


@given(st.permutations(range(6)), st.integers(0, 6))
def test_entries_cannot_be_moved_left_out_or_doubled(order, kept):
    whole = lines()
    moved = [whole[n] for n in order[:kept]]
    in_order = next((at for at, n in enumerate(order[:kept]) if n != at), kept)

    assert follow(moved) == in_order
    assert follow([*whole[:3], whole[2], *whole[3:]]) == 3


@given(st.binary(max_size=200))
def test_octets_that_are_no_entry_are_refused(octets):
    assume(octets not in lines(1))
    assert follow([octets]) == 0


@pytest.mark.parametrize(("key", "name"), [(OTHER_KEY, NAME), (KEY, "f" * 16)])
def test_another_key_or_another_chains_name_holds_nothing(key, name):
    assert follow(lines(), key, name) == 0


def test_a_seal_has_one_spelling():
    (line,) = lines(1)
    mac = line[-34:-2]

    assert follow([line.replace(mac, mac.upper())]) == (mac == mac.upper())


def test_what_an_entry_is_taken_apart_into():
    (line,) = lines(1)
    body, mac = split(line)

    assert number_of(line) == 1
    assert mac == KEY.seal(KEY.genesis(NAME), body)
    assert split(b"{}") == (b"{}", None)
    assert number_of(b'{"n":1x,') is None


def test_nothing_shows_a_key():
    assert "tests alone" not in repr(KEY)
    assert KEY.id in repr(KEY)
