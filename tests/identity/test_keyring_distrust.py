"""Compromised keys are refused at once and stay refused."""

import pytest

from support.jwks import jwk, jwks
from support.key_life import DOWN, kids, kids_after_restart, live, ring_of
from tidegate.identity.keydisk import KeyDisk, KeyDiskError

pytestmark = pytest.mark.anyio


@pytest.fixture
def ring(server, clock, disk):
    server.answer = jwks("a", "b")
    return ring_of(server, clock, disk=disk)


async def test_a_distrusted_key_is_refused_at_once(ring, clock):
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    assert ring.distrust("a")
    assert kids(ring) == {"b"}
    assert not key.live


async def test_it_stays_refused_across_refreshes_and_restarts(ring, server, clock, disk):
    await live(ring, clock, 1)
    ring.distrust("a")
    await live(ring, clock, 1000)
    await ring.ask("a")
    assert kids(ring) == {"b"}
    assert kids_after_restart(server, clock, disk) == {"b"}
    again = ring_of(server, clock, disk=disk)
    await live(again, clock, 1)
    assert kids(again) == {"b"}


async def test_it_does_not_come_back_under_another_name(ring, server, clock):
    await live(ring, clock, 1)
    ring.distrust("a")
    server.answer = {"keys": [jwk("c", seed="a"), jwk("b")]}
    await live(ring, clock, 300)
    assert kids(ring) == {"b"}


async def test_a_new_key_under_the_same_name_is_another_key(ring, server, clock):
    await live(ring, clock, 1)
    ring.distrust("a")
    server.answer = {"keys": [jwk("a", seed="replaced"), jwk("b")]}
    await ring.ask("a")
    assert kids(ring) == {"a", "b"}


async def test_a_key_can_be_distrusted_by_thumbprint(ring, clock):
    await live(ring, clock, 1)
    assert ring.distrust(ring.current().by_kid("a").fingerprint)
    assert kids(ring) == {"b"}


async def test_a_key_can_be_distrusted_before_it_was_seen(ring, clock):
    assert not ring.distrust("a")
    await live(ring, clock, 1)
    assert kids(ring) == {"b"}


async def test_with_every_key_distrusted_asking_stays_within_the_budget(ring, server, clock):
    await live(ring, clock, 1)
    ring.distrust("a")
    ring.distrust("b")
    fetches = server.fetches
    for _ in range(1000):
        await ring.ask("a")
    assert server.fetches == fetches + 1
    assert ring.current().keys == ()
    assert ring.status().keys == 0


async def test_another_process_can_distrust_too(ring, server, clock, disk):
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    ring_of(server, clock, disk=disk).distrust("a")
    server.answer = DOWN
    await live(ring, clock, 300)
    assert kids(ring) == {"b"}
    assert not key.live


async def test_a_list_that_cannot_be_read_admits_nothing(ring, server, clock, disk, tmp_path):
    await live(ring, clock, 1)
    ring.distrust("a")
    (path,) = (tmp_path / "keys").glob("distrusted-*")
    path.write_text("{")
    assert kids_after_restart(server, clock, disk) is None
    again = ring_of(server, clock, disk=disk)
    await live(again, clock, 1)
    assert again.current() is None
    assert "damaged" in again.status().last_error


async def test_it_is_refused_even_if_that_cannot_be_kept(ring, clock, monkeypatch):
    def fail(*_):
        raise KeyDiskError("no space")

    await live(ring, clock, 1)
    monkeypatch.setattr(KeyDisk, "distrust", fail)
    with pytest.raises(KeyDiskError):
        ring.distrust("a")
    assert kids(ring) == {"b"}
    await live(ring, clock, 300)
    assert kids(ring) == {"b"}
