"""A key ring across restarts: what it keeps on disk, and for how long that is good."""

import json

import pytest
from structlog.testing import capture_logs

from support.jwks import jwks
from support.key_life import DAY, DOWN, URL, Server, kids, kids_after_restart, live, ring_of
from tidegate.identity.keydisk import KeyDisk, KeyDiskError
from tidegate.identity.keyring import KeyState

pytestmark = pytest.mark.anyio


@pytest.fixture
def ring(server, clock, disk):
    return ring_of(server, clock, disk=disk)


async def test_a_cold_start_while_the_key_server_is_down(ring, server, clock, disk):
    await live(ring, clock, 1)
    server.answer = DOWN
    clock.advance(1000)
    again = ring_of(server, clock, disk=disk)
    await live(again, clock, 1)
    assert kids(again) == {"a"}
    assert again.status().state is KeyState.STALE
    assert again.status().age_seconds == 1002


async def test_restarts_do_not_renew_the_bound(ring, server, clock, disk):
    await live(ring, clock, 1)
    server.answer = DOWN
    for _ in range(3):
        clock.advance(DAY / 4)
        ring = ring_of(server, clock, disk=disk)
        await live(ring, clock, 1)
        assert kids(ring) == {"a"}
    await live(ring, clock, DAY / 4 - 5)
    assert kids(ring) == {"a"}
    await live(ring, clock, 1)
    assert ring.current() is None
    assert kids_after_restart(server, clock, disk) is None


async def test_keys_from_disk_are_fresh_as_long_as_they_were_to_be(ring, server, clock, disk):
    server.fresh = 600
    await live(ring, clock, 1)
    clock.advance(590)
    again = ring_of(server, clock, disk=disk, stale_seconds=0)
    again.restore()
    assert again.status().state is KeyState.FRESH
    clock.advance(10)
    assert again.current() is None


async def test_a_time_stamp_from_the_future_is_distrusted(ring, server, clock, disk):
    await live(ring, clock, 1)
    clock.advance(-100)
    assert kids_after_restart(server, clock, disk) is None


async def test_a_fetch_still_happens_at_once(ring, server, clock, disk):
    await live(ring, clock, 1)
    server.answer = jwks("b")
    again = ring_of(server, clock, disk=disk)
    await live(again, clock, 1)
    assert kids(again) == {"b"}


async def test_disk_never_replaces_what_was_fetched(ring, server, clock):
    await live(ring, clock, 1)
    server.answer = jwks("b")
    again = ring_of(server, clock)
    await again.ask(None)
    again._keeper = ring._keeper
    again.restore()
    assert kids(again) == {"b"}


async def test_another_address_is_another_key_set(ring, clock, disk):
    await live(ring, clock, 1)
    moved = Server(binding=URL + "2", answer=DOWN)
    assert kids_after_restart(moved, clock, disk) is None


@pytest.mark.parametrize("document", [{}, {"keys": []}, {"keys": [{"kty": "oct"}]}])
async def test_a_file_without_usable_keys_is_ignored(ring, server, clock, disk, tmp_path, document):
    await live(ring, clock, 1)
    (path,) = (tmp_path / "keys").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"jwks": document}))
    assert kids_after_restart(server, clock, disk) is None


async def test_a_failed_fetch_is_not_kept(ring, server, clock, tmp_path):
    await live(ring, clock, 1)
    (path,) = (tmp_path / "keys").iterdir()
    before = path.read_bytes()
    server.answer = {"keys": []}
    await live(ring, clock, 300)
    assert path.read_bytes() == before


async def test_a_full_disk_stops_nothing(ring, clock, monkeypatch):
    def fail(*_):
        raise KeyDiskError("no space")

    monkeypatch.setattr(KeyDisk, "save", fail)
    with capture_logs() as logs:
        await live(ring, clock, 1)
    assert kids(ring) == {"a"}
    assert "keys_not_kept" in {entry["event"] for entry in logs}
