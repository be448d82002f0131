"""Key sets over a real socket, the key server slow, wrong, down, rotated and compromised."""

import asyncio

import pytest

from support.jwks import jwk
from support.keyserver import DISCOVERY_PATH, JWKS_PATH, KeyServer
from tidegate.identity.discovery import DirectKeyServer, DiscoveredKeyServer
from tidegate.identity.fetch import DocumentFetcher, new_client
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keyring import AskResult, KeyState, RemoteKeys

pytestmark = pytest.mark.anyio


@pytest.fixture
def server():
    with KeyServer() as running:
        running.serve_keys(jwk("a"))
        running.serve_discovery()
        yield running


@pytest.fixture
async def fetcher():
    async with new_client() as client:
        yield DocumentFetcher(client, timeout_seconds=0.2, loopback_http=True)


@pytest.fixture
async def ring(server, fetcher, clock, tmp_path):
    keys = DirectKeyServer(fetcher, server.jwks_url)
    return RemoteKeys("main", server.url, keys, clock=clock, disk=KeyDisk(tmp_path))


def kids(ring):
    return {key.kid for key in ring.current()}


async def test_1000_forged_tokens_cause_at_most_two_fetches(server, ring):
    await ring.ask(None)
    outcomes = await asyncio.gather(*(ring.ask(f"forged-{number}") for number in range(500)))
    outcomes += [await ring.ask(f"forged-{number}") for number in range(500)]
    assert server.requests[JWKS_PATH] == 2
    assert outcomes[-1].result is AskResult.BUDGET_SPENT


async def test_a_rotation_is_followed_and_the_old_key_dies_with_it(server, ring):
    await ring.ask(None)
    old = ring.current().by_kid("a")
    server.serve_keys(jwk("a"), jwk("b"))
    assert (await ring.ask("b")).result is AskResult.REFRESHED
    assert kids(ring) == {"a", "b"}
    assert old.live
    server.serve_keys(jwk("b"))
    ring._clock.advance(30)
    await ring.ask("c")
    assert kids(ring) == {"b"}
    assert not old.live


@pytest.mark.parametrize("mode", ["status", "redirect", "drip", "silent", "endless", "long", "compressed", "hang_up"])
async def test_valid_keys_serve_on_whatever_the_server_does(server, ring, clock, mode):
    await ring.ask(None)
    key = ring.current().by_kid("a")
    server.mode, server.redirect_to = mode, server.url + "/elsewhere"
    outcome = await ring.ask("b")
    assert outcome.result is AskResult.FAILED
    assert 1 <= outcome.retry_after <= 2
    assert ring.current().by_kid("a") is key
    clock.advance(86_399)
    assert ring.status().state is KeyState.STALE
    assert ring.current().by_kid("a") is key
    clock.advance(1)
    assert ring.current() is None
    assert not key.live
    assert (await ring.ask(None)).result is AskResult.FAILED
    assert "/elsewhere" not in server.requests


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"AA"}]}'])
async def test_a_wrong_body_wipes_nothing(server, ring, body):
    await ring.ask(None)
    server.serve(JWKS_PATH, body)
    assert (await ring.ask("b")).result is AskResult.FAILED
    assert kids(ring) == {"a"}


async def test_the_server_goes_down_and_comes_back(server, ring, clock):
    server.mode = "hang_up"
    assert (await ring.ask(None)).result is AskResult.FAILED
    assert (await ring.ask(None)).result is AskResult.FAILED
    assert server.requests[JWKS_PATH] == 1
    server.mode = "good"
    clock.advance(2.001)
    assert (await ring.ask(None)).result is AskResult.REFRESHED
    assert kids(ring) == {"a"}


async def test_all_who_wait_for_a_slow_server_get_the_same_answer_in_time(server, ring):
    server.mode = "drip"
    started = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(*(ring.ask("a") for _ in range(20)))
    assert asyncio.get_running_loop().time() - started < 2
    assert {outcome.result for outcome in outcomes} == {AskResult.FAILED}
    assert server.requests[JWKS_PATH] == 1


async def test_a_cold_start_while_the_server_is_down(server, ring, fetcher, clock, tmp_path):
    await ring.ask(None)
    await ring._keeper.finish(5)
    server.mode = "status"
    clock.advance(3600)
    again = RemoteKeys(
        "main", server.url, DirectKeyServer(fetcher, server.jwks_url), clock=clock, disk=KeyDisk(tmp_path)
    )
    running = asyncio.ensure_future(again.run())
    await asyncio.sleep(0)
    assert kids(again) == {"a"}
    assert again.status().age_seconds == 3600
    running.cancel()
    await asyncio.wait({running})


async def test_a_compromised_key_is_refused_though_it_is_still_served(server, ring, fetcher, clock, tmp_path):
    server.serve_keys(jwk("a"), jwk("b"))
    await ring.ask(None)
    stolen = ring.current().by_kid("a")
    assert ring.distrust("a")
    assert not stolen.live
    await ring.ask("a")
    assert kids(ring) == {"b"}
    again = RemoteKeys(
        "main", server.url, DirectKeyServer(fetcher, server.jwks_url), clock=clock, disk=KeyDisk(tmp_path)
    )
    await again.ask(None)
    assert kids(again) == {"b"}


async def test_the_background_life_fetches_at_start_and_then_rests(server, ring):
    rests = asyncio.Event()

    async def sleep(seconds):
        assert seconds == pytest.approx(240, abs=1)
        rests.set()
        await asyncio.Event().wait()

    ring._sleep = sleep
    running = asyncio.ensure_future(ring.run())
    await asyncio.wait_for(rests.wait(), 5)
    assert kids(ring) == {"a"}
    assert server.requests[JWKS_PATH] == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_keys_found_by_discovery_that_move_to_another_address(server, fetcher, clock):
    ring = RemoteKeys("main", server.url, DiscoveredKeyServer(fetcher, server.url, clock), clock=clock)
    await ring.ask(None)
    assert kids(ring) == {"a"}
    server.serve(JWKS_PATH, {"keys": []})
    server.serve("/moved.json", {"keys": [jwk("b")]})
    server.serve_discovery(jwks_uri=server.url + "/moved.json")
    assert (await ring.ask("b")).result is AskResult.FAILED
    clock.advance(2.001)
    assert (await ring.ask("b")).result is AskResult.REFRESHED
    assert kids(ring) == {"b"}
    assert server.requests == {DISCOVERY_PATH: 2, JWKS_PATH: 2, "/moved.json": 1}


async def test_the_same_kid_in_two_issuers_is_two_keys(ring, fetcher, clock):
    with KeyServer() as other_server:
        other_server.serve_keys(jwk("a", seed="other"))
        other = RemoteKeys("other", other_server.url, DirectKeyServer(fetcher, other_server.jwks_url), clock=clock)
        await asyncio.gather(ring.ask(None), other.ask(None))
        assert ring.current().by_kid("a").fingerprint != other.current().by_kid("a").fingerprint
        other.distrust("a")
        assert kids(ring) == {"a"}
