"""The life of a key set, with a clock that moves when told and a key server that says what it is told."""

import asyncio

import pytest
from structlog.testing import capture_logs

from support.jwks import jwk, jwks
from support.key_life import DAY, DOWN, kids, live, ring_of, sample
from tidegate.identity.keyring import AskOutcome, AskResult, KeyState

pytestmark = pytest.mark.anyio


@pytest.fixture
def ring(server, clock):
    return ring_of(server, clock)


async def test_before_the_first_fetch_there_are_no_keys(ring, server):
    assert ring.current() is None
    status = ring.status()
    assert (status.state, status.age_seconds, status.keys) == (KeyState.NEVER, None, 0)
    assert server.fetches == 0


async def test_it_fetches_at_once_and_again_at_80_percent_of_freshness(ring, server, clock):
    await live(ring, clock, 239)
    assert (server.fetches, kids(ring)) == (1, {"a"})
    assert ring.status().state is KeyState.FRESH
    await live(ring, clock, 1)
    assert server.fetches == 2
    await live(ring, clock, 240 * 3)
    assert server.fetches == 5


async def test_the_answer_decides_the_freshness_within_bounds(ring, server, clock):
    server.fresh = 10**9
    await live(ring, clock, 3600 * 0.8 - 1)
    assert server.fetches == 1
    server.fresh = 0
    await live(ring, clock, 1)
    assert server.fetches == 2
    await live(ring, clock, 23)
    assert server.fetches == 2
    await live(ring, clock, 1)
    assert server.fetches == 3


async def test_1000_unknown_kids_cause_one_fetch_beside_the_first(ring, server, clock):
    await live(ring, clock, 1)
    outcomes = [await ring.ask(f"forged-{number}") for number in range(500)]
    outcomes += await asyncio.gather(*(ring.ask(f"forged-{number}") for number in range(500)))
    assert server.fetches == 2
    assert outcomes[0] == AskOutcome(AskResult.REFRESHED)
    assert set(outcomes[1:]) == {AskOutcome(AskResult.BUDGET_SPENT, 30)}


async def test_1000_bad_signatures_cause_one_fetch_beside_the_first(ring, server, clock):
    await live(ring, clock, 1)
    for _ in range(1000):
        await ring.ask(None)
    assert server.fetches == 2


async def test_the_budget_comes_back_after_30_seconds(ring, server, clock):
    await live(ring, clock, 1)
    await ring.ask("b")
    clock.advance(29.5)
    assert await ring.ask("b") == AskOutcome(AskResult.BUDGET_SPENT, 1)
    clock.advance(0.5)
    assert (await ring.ask("b")).result is AskResult.REFRESHED
    assert server.fetches == 3


async def test_a_background_refresh_does_not_renew_the_budget(ring, server, clock):
    await live(ring, clock, 230)
    await ring.ask("b")
    assert server.fetches == 2
    await live(ring, clock, 1)
    assert (await ring.ask("b")).result is AskResult.BUDGET_SPENT


async def test_a_new_key_is_found_by_asking(ring, server, clock):
    await live(ring, clock, 1)
    old = ring.current().by_kid("a")
    server.answer = jwks("a", "b")
    assert (await ring.ask("b")).result is AskResult.REFRESHED
    assert kids(ring) == {"a", "b"}
    assert ring.current().by_kid("a") is old
    assert old.live


async def test_a_key_that_is_known_by_now_costs_no_fetch(ring, server, clock):
    await live(ring, clock, 1)
    assert (await ring.ask("a")).result is AskResult.REFRESHED
    assert server.fetches == 1


async def test_only_the_keys_that_left_or_changed_die(ring, server, clock):
    server.answer = jwks("stays", "leaves", "changes")
    await live(ring, clock, 1)
    old = {key.kid: key for key in ring.current()}
    server.answer = {"keys": [jwk("stays"), jwk("changes", seed="another")]}
    await ring.ask("x")
    assert {kid: key.live for kid, key in old.items()} == {"stays": True, "leaves": False, "changes": False}
    assert ring.current().by_kid("stays") is old["stays"]


async def test_one_fetch_serves_all_who_wait(ring, server):
    server.gate = asyncio.Event()
    waiting = [asyncio.ensure_future(ring.ask(f"kid-{number}")) for number in range(50)]
    await asyncio.sleep(0)
    server.gate.set()
    assert {outcome.result for outcome in await asyncio.gather(*waiting)} == {AskResult.REFRESHED}
    assert server.fetches == 1


async def test_two_requests_whose_fetch_fails_at_the_same_time(ring, server):
    # CVE-2025-64527: the second failure must find nothing that the first has taken away.
    server.gate, server.answer = asyncio.Event(), DOWN
    waiting = [asyncio.ensure_future(ring.ask("a")) for _ in range(2)]
    await asyncio.sleep(0)
    server.gate.set()
    assert [outcome.result for outcome in await asyncio.gather(*waiting)] == [AskResult.FAILED] * 2
    assert server.fetches == 1


async def test_who_stops_waiting_does_not_stop_the_fetch(ring, server):
    server.gate = asyncio.Event()
    impatient, patient = asyncio.ensure_future(ring.ask("a")), asyncio.ensure_future(ring.ask("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    assert impatient.cancelled()
    server.gate.set()
    assert (await patient).result is AskResult.REFRESHED
    assert kids(ring) == {"a"}


async def test_asking_waits_no_longer_than_its_limit(server, clock):
    ring = ring_of(server, clock, ask_seconds=0.02)
    server.gate = asyncio.Event()
    assert await ring.ask("a") == AskOutcome(AskResult.FAILED, 1)
    server.gate.set()
    assert (await ring.ask("a")).result is AskResult.REFRESHED
    assert server.fetches == 1


async def test_an_ask_joins_the_refresh_under_way(ring, server):
    server.gate = asyncio.Event()
    running = asyncio.ensure_future(ring.run())
    await asyncio.sleep(0)
    asking = asyncio.ensure_future(ring.ask("a"))
    await asyncio.sleep(0)
    server.gate.set()
    assert (await asking).result is AskResult.REFRESHED
    assert server.fetches == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_stopping_ends_the_fetch_and_those_who_wait_get_an_answer(ring, server):
    server.gate = asyncio.Event()
    running = asyncio.ensure_future(ring.run())
    await asyncio.sleep(0)
    asking = asyncio.ensure_future(ring.ask("a"))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await asking).result is AskResult.FAILED
    assert ring._flight.done()


async def test_failures_back_off_from_one_second_to_sixty(ring, server, clock):
    server.answer = DOWN
    waits = []
    for _ in range(12):
        await ring.ask("a")
        wait = ring._due - clock.monotonic()
        waits.append(wait)
        outcome = await ring.ask("a")
        assert outcome.result is AskResult.FAILED
        assert 0 <= outcome.retry_after - wait < 1
        clock.advance(wait + 0.001)
    assert server.fetches == 12
    for wait, longest in zip(waits, [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60], strict=True):
        assert longest / 2 <= wait <= longest
    assert len(set(waits)) == 12


async def test_the_back_off_begins_again_after_a_success(ring, server, clock):
    server.answer = DOWN
    await live(ring, clock, 200)
    server.answer = jwks("a")
    await live(ring, clock, 60)
    assert ring.status().last_error is None
    server.answer = DOWN
    await ring.ask("b")
    assert 1 <= ring._due - clock.monotonic() <= 2


async def test_a_failing_server_is_asked_at_most_at_the_pace_of_the_back_off(ring, server, clock):
    server.answer = DOWN
    for _ in range(10):
        await live(ring, clock, 60)
        for number in range(100):
            assert (await ring.ask(f"forged-{number}")).result is AskResult.FAILED
    assert server.fetches < 40


@pytest.mark.parametrize(
    ("answer", "result", "doubts"),
    [
        (DOWN, "unreachable", 0),
        ({}, "invalid", 1),
        ({"keys": {}}, "invalid", 1),
        ({"keys": []}, "no_keys", 1),
        ({"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}]}, "no_keys", 1),
        ({"keys": [jwk(str(number)) for number in range(21)]}, "invalid", 1),
        (ZeroDivisionError(), "internal", 0),
    ],
)
async def test_a_failure_of_any_kind_does_not_wipe_the_keys(ring, server, clock, answer, result, doubts):
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    before = sample("tidegate_jwks_refresh_total", issuer="main", result=result)
    server.answer = answer
    assert (await ring.ask("b")).result is AskResult.FAILED
    assert ring.current().by_kid("a") is key
    assert key.live
    assert ring.status().last_error
    assert sample("tidegate_jwks_refresh_total", issuer="main", result=result) == before + 1
    assert server.doubts == doubts


async def test_one_bad_key_does_not_drop_the_rest(ring, server, clock):
    server.answer = {"keys": [jwk("a"), {"kty": "oct", "kid": "bad", "k": "AAAA"}]}
    await live(ring, clock, 1)
    assert kids(ring) == {"a"}
    assert [rejected.kid for rejected in ring.status().rejected] == ["bad"]


async def test_stale_keys_serve_until_the_bound_and_not_a_moment_longer(ring, server, clock):
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    server.answer = DOWN
    stale = sample("tidegate_jwks_stale_served_total")
    await live(ring, clock, 299.5)
    assert ring.status().state is KeyState.STALE
    assert kids(ring) == {"a"}
    assert sample("tidegate_jwks_stale_served_total") == stale + 1
    await live(ring, clock, DAY - 300.75)
    assert kids(ring) == {"a"}
    assert key.live
    await live(ring, clock, 0.25)
    assert not key.live
    assert ring.current() is None
    assert ring.status().state is KeyState.EXPIRED
    assert (await ring.ask(None)).result is AskResult.FAILED


async def test_the_bound_holds_without_anybody_running(ring, clock):
    await ring.ask(None)
    key = ring.current().by_kid("a")
    clock.advance(DAY)
    assert ring.current() is None
    assert not key.live


async def test_cached_sessions_end_with_the_bound_though_nobody_asks_for_keys(ring, server, clock):
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    server.answer = DOWN
    await live(ring, clock, DAY)
    assert not key.live


async def test_keys_come_back_after_the_bound_as_new_objects(ring, server, clock):
    await live(ring, clock, 1)
    old = ring.current().by_kid("a")
    server.answer = DOWN
    await live(ring, clock, DAY)
    server.answer = jwks("a")
    await live(ring, clock, 60)
    assert kids(ring) == {"a"}
    assert ring.current().by_kid("a").live
    assert not old.live


async def test_without_stale_use_keys_end_with_their_freshness(server, clock):
    ring = ring_of(server, clock, stale_seconds=0)
    await live(ring, clock, 1)
    key = ring.current().by_kid("a")
    server.answer = DOWN
    await live(ring, clock, 298.5)
    assert kids(ring) == {"a"}
    await live(ring, clock, 0.5)
    assert ring.current() is None
    assert not key.live


async def test_the_age_metric(ring, clock):
    assert sample("tidegate_jwks_keyset_age_seconds", issuer="main") != 0
    await ring.ask(None)
    clock.advance(17)
    assert sample("tidegate_jwks_keyset_age_seconds", issuer="main") == 17
    assert ring.status().age_seconds == 17


async def test_every_ask_for_an_unknown_key_is_counted(ring, clock):
    await live(ring, clock, 1)
    before = sample("tidegate_jwks_unknown_kid_total")
    for kid in ("b", "c", None):
        await ring.ask(kid)
    assert sample("tidegate_jwks_unknown_kid_total") == before + 3


async def test_the_text_of_a_token_is_never_logged(ring, clock):
    with capture_logs() as logs:
        await live(ring, clock, 1)
        await ring.ask("kid-of-a-stranger")
    assert "kid-of-a-stranger" not in repr(logs)
