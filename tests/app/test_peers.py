"""Connections by address."""

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doors import DoorSettings, Wire, door
from tidegate.app import peers
from tidegate.app.peers import Peers, is_loopback
from tidegate.metrics import REGISTRY


def test_an_address_may_hold_so_many_and_others_are_not_affected():
    counted = Peers(2)
    assert [counted.enter("203.0.113.7") for _ in range(3)] == [True, True, False]
    assert counted.enter("203.0.113.8")
    counted.leave("203.0.113.7")  # the one that was refused
    counted.leave("203.0.113.7")
    assert counted.enter("203.0.113.7")


def test_a_network_of_ipv6_is_one_address():
    counted = Peers(1)
    assert counted.enter("2001:db8::1")
    assert not counted.enter("2001:db8::2")
    assert counted.enter("2001:db8:0:1::1")


def test_proxies_loopback_and_zero_have_no_bound():
    counted = Peers(1, exempt=lambda address: address == "10.0.0.1")
    for address in ("10.0.0.1", "127.0.0.1", "::1", "unknown"):
        assert all(counted.enter(address) for _ in range(5)), address
    assert all(Peers(0).enter("203.0.113.7") for _ in range(1000))


@pytest.mark.parametrize(
    ("address", "expected"), [("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x", True)]
)
def test_what_is_loopback(address, expected):
    assert is_loopback(address) is expected


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["203.0.113.7", "2001:db8::1", "192.0.2.1"]))))
def test_nothing_is_kept_for_an_address_without_connections(steps):
    counted, held = Peers(3), []
    for comes, address in steps:
        if comes or address not in held:
            assert counted.enter(address) == (held.count(address) < 3)
            held.append(address)
        else:
            counted.leave(address)
            held.remove(address)
    assert len(counted) == len(set(held))


@pytest.mark.anyio
async def test_over_a_socket_the_surplus_is_closed_and_counted():
    def refused():
        return REGISTRY.get_sample_value("tidegate_http_refused_total", {"limit": "connections_address"}) or 0

    before = refused()
    with patch.object(peers, "is_loopback", lambda _: False):
        async with door(DoorSettings(connections_per_address=2)) as running:
            wires = [await Wire.to(running) for _ in range(2)]
            surplus = await Wire.to(running)
            assert await surplus.ended() == b""
            await wires.pop().close()
            await asyncio.sleep(0.02)
            wire = await Wire.to(running)
            await wire.say(b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await wire.answer())[0] == 200
            for open_wire in (wire, surplus, *wires):
                await open_wire.close()
    assert refused() == before + 1
