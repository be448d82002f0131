"""Room for webhooks under way: in all, and for one address."""

from contextlib import ExitStack

import pytest

from tidegate.errors import Reason, Refusal
from tidegate.tokens.webhooks.room import Room


def is_full(room, address):
    try:
        with room.taken(address):
            return False
    except Refusal as refusal:
        return refusal.reason is Reason.WEBHOOKS_BUSY and refusal.retry_after == 5


def test_no_address_has_more_than_a_quarter():
    room = Room(8)
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(room.taken("192.0.2.1"))
        assert is_full(room, "192.0.2.1")
        assert not is_full(room, "192.0.2.2")
        for address in ("a", "b", "c"):
            held.enter_context(room.taken(address))
            held.enter_context(room.taken(address))
        assert is_full(room, "192.0.2.2")
    assert not is_full(room, "192.0.2.1")


def test_a_place_is_free_again_after_a_failure():
    room = Room(1)
    with pytest.raises(ValueError, match="broken"), room.taken("a"):
        raise ValueError("broken")
    assert not is_full(room, "a")
