"""Keys from the configuration."""

import asyncio

import pytest

from support.jwks import pem
from support.key_life import ISSUER
from tidegate.identity.keyring import AskOutcome, AskResult, FixedKeys, KeyState
from tidegate.identity.keys import KeySet

pytestmark = pytest.mark.anyio


@pytest.fixture
def keys():
    return KeySet.from_pem(pem("a"))


async def test_they_are_there_at_once_and_for_good(keys):
    fixed = FixedKeys("main", ISSUER, keys)
    assert fixed.current() is keys
    status = fixed.status()
    assert (status.state, status.age_seconds, status.last_error, status.keys) == (KeyState.FRESH, None, None, 1)
    assert await fixed.ask("a") == AskOutcome(AskResult.BUDGET_SPENT, None)


async def test_distrust_holds_across_restarts(keys, disk):
    fixed = FixedKeys("main", ISSUER, keys, disk=disk)
    assert not fixed.distrust("unknown")
    assert fixed.distrust(keys.keys[0].fingerprint)
    for again in (fixed, FixedKeys("main", ISSUER, KeySet.from_pem(pem("a")), disk=disk)):
        assert again.current() is None
        assert again.status().state is KeyState.EXPIRED
        assert (await again.ask(None)).result is AskResult.FAILED
    assert not keys.keys[0].live


async def test_running_waits_until_cancelled(keys):
    running = asyncio.ensure_future(FixedKeys("main", ISSUER, keys).run())
    await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
