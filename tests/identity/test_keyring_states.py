"""The key ring against a model of itself, through any order of events."""

import asyncio
import contextlib
import random
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from support.jwks import jwk, private_key
from tidegate.clock import ManualClock
from tidegate.identity.fetch import Document, Fault, FetchError
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keyring import AskResult, KeyOptions, RemoteKeys
from tidegate.identity.keys import Key

BOUND = 1000.0
KIDS = st.sampled_from(["a", "b", "c"])
SEEDS = st.sampled_from(["1", "2", "3"])
BROKEN = st.sampled_from([{}, {"keys": []}, {"keys": [{"kty": "oct"}]}, {"keys": "?"}])
DOWN = FetchError(Fault.UNREACHABLE, "the server cannot be reached")
OPTIONS = KeyOptions(stale_seconds=BOUND, unknown_kid_seconds=30)


class Stopped(Exception):
    """The time given to `run` is over."""


class KeyRingMachine(RuleBasedStateMachine):
    """Rules are events; the model knows what was served last, when, and what is distrusted."""

    binding = "https://login.example/jwks.json"
    address = binding

    def __init__(self):
        super().__init__()
        self.clock = ManualClock()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.jitter = random.Random(1)  # noqa: S311 - the same waits at every run
        self.answer, self.fresh = {"a": "1"}, 300.0
        self.fetches, self.failing = [], False
        self.served, self.usable_until = {}, 0.0
        self.refused_seeds, self.refused_names = set(), set()
        self.forced_at, self.due = float("-inf"), float("-inf")
        self.seen = {}
        self.ring = self.new_ring()

    def new_ring(self):
        disk = KeyDisk(Path(self.folder.name))
        options = {"clock": self.clock, "disk": disk, "jitter": self.jitter, "options": OPTIONS}
        return RemoteKeys("machine", "https://login.example", self, **options)

    async def fetch(self):
        """The key server's part."""
        now = self.clock.monotonic()
        if self.failing:
            assert now - self.fetches[-1] >= 1, "the back-off was not kept"
        self.fetches.append(now)
        await asyncio.sleep(0)
        self.failing = not isinstance(self.answer, dict) or "keys" in self.answer or not self.answer
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.failing:
            return Document(self.answer, self.fresh)
        fresh = min(max(self.fresh, 30), 3600)
        self.served, self.usable_until = self.answer, now + max(fresh, BOUND)
        self.due = now + 0.8 * fresh
        return Document({"keys": [jwk(kid, seed=seed) for kid, seed in self.answer.items()]}, self.fresh)

    def doubt(self):
        """Nothing to do."""

    def expected(self):
        if not self.fetches or self.clock.monotonic() >= self.usable_until:
            return None
        names, seeds = self.refused_names, self.refused_seeds
        gone = seeds | {seed for kid, seed in self.served.items() if kid in names}
        return {kid: seed for kid, seed in self.served.items() if kid not in names and seed not in gone}

    @initialize(start=st.booleans())
    def begin(self, start):
        if start:
            self.live(1)

    @rule(keys=st.dictionaries(KIDS, SEEDS, min_size=1), fresh=st.sampled_from([0.0, 100.0, 600.0, 5000.0]))
    def publish(self, keys, fresh):
        self.answer, self.fresh = keys, fresh

    @rule(answer=BROKEN | st.just(DOWN))
    def break_the_server(self, answer):
        self.answer = answer

    @rule(seconds=st.integers(1, 1200))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @rule(seconds=st.integers(1, 600))
    def live(self, seconds):
        end = self.clock.monotonic() + seconds

        async def sleep(wait):
            left = end - self.clock.monotonic()
            self.clock.advance(min(wait, left) + 1e-3)
            if wait >= left:
                raise Stopped

        async def life():
            self.ring._sleep = sleep
            with contextlib.suppress(Stopped):
                await self.ring.run()

        self.loop.run(life())

    @rule(kid=st.sampled_from(["a", "b", "c", "unknown", None]), together=st.integers(1, 5))
    def ask(self, kid, together):
        now, before, failing = self.clock.monotonic(), len(self.fetches), self.failing
        usable = now < self.usable_until and before > 0
        outcomes = self.loop.run(self.ask_together(kid, together))
        assert len(set(outcomes)) == 1
        fetched = len(self.fetches) - before
        assert fetched <= 1
        if outcomes[0].result is AskResult.FAILED:
            assert self.failing
        if fetched and usable and not failing:
            assert now - self.forced_at >= 30, "the budget was overdrawn"
            self.forced_at = now
        if outcomes[0].result is AskResult.BUDGET_SPENT:
            assert now - self.forced_at < 30
            assert outcomes[0].retry_after == -((now - self.forced_at - 30) // 1)

    async def ask_together(self, kid, together):
        return await asyncio.gather(*(self.ring.ask(kid) for _ in range(together)))

    @rule(kid=KIDS)
    def distrust(self, kid):
        seed = (self.expected() or {}).get(kid)
        # A set past its bound is not looked at: only its being dropped is certain.
        self.ring.current()
        assert self.ring.distrust(kid) is (seed is not None)
        if seed is None:
            self.refused_names.add(kid)
        else:
            self.refused_seeds.add(seed)

    @precondition(lambda self: self.fetches)
    @rule()
    def restart(self):
        self.loop.run(self.ring._land())
        self.ring = self.new_ring()
        self.ring.restore()
        self.failing, self.forced_at = False, float("-inf")
        self.seen = {}

    @invariant()
    def the_right_keys_are_used_and_no_others(self):
        keys, expected = self.ring.current(), self.expected()
        self.seen.update({id(key): key for key in keys or ()})
        current = {id(key) for key in keys or ()}
        assert {id(key) for key in self.seen.values() if key.live} == current
        if keys is None:
            # After a restart an empty set is not restored: there is nothing in it to use.
            assert not expected
            return
        assert {key.kid: key.fingerprint for key in keys} == {
            kid: PRINTS[seed] for kid, seed in (expected or {}).items()
        }

    def teardown(self):
        self.loop.run(self.ring._land())
        self.loop.close()
        self.folder.cleanup()


def print_of(seed):
    return Key(None, private_key(seed).public_key(), frozenset()).fingerprint


PRINTS = {seed: print_of(seed) for seed in "123"}

KeyRingMachine.TestCase.settings = settings(stateful_step_count=25)
TestKeyRing = KeyRingMachine.TestCase
