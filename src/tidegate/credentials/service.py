"""Keeping generations: noticing new pairs, trying them, letting one follow another, going back."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.credentials.agreement import Agreement, Alone
from tidegate.credentials.check import LiveCheck, Outcome, Verdict
from tidegate.credentials.generation import Credentials, Generation, Pair
from tidegate.credentials.kept import KeptRing
from tidegate.credentials.reading import SourceReader
from tidegate.credentials.ring import Entry, NotPossible, Ring, State, signing
from tidegate.credentials.sources import SecretSource
from tidegate.pauses import woken
from tidegate.store import StoreUnavailable

WATCHED_S: Final = 60.0
"""Seconds after a promotion during which the new primary is tried every other second."""

_WATCH_PERIOD_S: Final = 2.0

_log = structlog.get_logger("tidegate.credentials")


@dataclass(frozen=True, slots=True)
class RotationRules:
    """What a rotation is bound by.

    Attributes:
        period_s: seconds between two readings of the source.
        timeout_s: seconds that one may take.
        most: how many generations there may be.
        faults: says what is wrong with the form of a pair, a sentence each.
    """

    period_s: float
    timeout_s: float
    most: int
    faults: Callable[[Pair], Sequence[str]]


class Rotation:
    """The generations of this replica and the ring that all replicas share.

    Args:
        credentials: what signs; begins with the source's current pair.
        source: of pairs.
        check: a live call with a pair.
        kept: the ring on disk; None keeps nothing.
        rules: bounds.
        clock: for states and ages.
        agreement: with other replicas.

    Attributes:
        ring: names and states of all generations.
    """

    def __init__(
        self,
        credentials: Credentials,
        source: SecretSource,
        check: LiveCheck,
        kept: KeptRing | None,
        rules: RotationRules,
        clock: Clock,
        agreement: Agreement | None = None,
    ) -> None:
        self._credentials = credentials
        self._reader = SourceReader(source, rules.faults, rules.timeout_s)
        self._check = check
        self._kept = kept
        self._rules = rules
        self._clock = clock
        self._agreement: Agreement = agreement or Alone()
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._verdicts: dict[str, Verdict] = {}
        self.ring = Ring()
        self._begin()

    @property
    def source_name(self) -> str:
        """Where pairs come from."""
        return self._reader.name

    @property
    def trouble(self) -> str:
        """Why the source could not be read, or its pair not used; empty where nothing is wrong."""
        return self._reader.trouble

    def wake(self) -> None:
        """Look at once: the source may have changed, or another replica has decided something."""
        self._woken.set()

    async def run(self) -> None:
        """Look after the generations until cancelled."""
        while True:
            await self.look()
            period = self._rules.period_s * (0.9 + 0.2 * random.random())  # noqa: S311 - spreads replicas, no secret
            if self._is_watched():
                period = min(period, _WATCH_PERIOD_S)
            await woken(self._woken, period)
            self._woken.clear()

    async def look(self) -> None:
        """Read the source, try what is new, promote what the source declares, try the primary, retire what drained."""
        async with self._turn:
            await self._take()
            await self._try_candidates()
            await self._promote_declared()
            await self._try_primary()
            await self._tidy()

    async def promote(self, name: str, *, cut_over: bool) -> bool:
        """Let a generation sign, as the operator asks: tried before, tried after, taken back where that fails.

        Args:
            name: of the generation.
            cut_over: tokens under the same API key may end now.

        Returns:
            whether it signs; False: Stream refused it after all, and the one before signs again.

        Raises:
            NotPossible: it is not here, Stream does not take it, or the rules forbid it.
            StoreUnavailable: the other replicas cannot be reached.
        """
        async with self._turn:
            generation = self._here(name)
            await self._demand_accepted(generation)
            await self._promote(generation, cut_over=cut_over, alone=False)
            await self._try_primary()
            return self._credentials.primary is generation

    async def retire(self, name: str, *, now: bool) -> None:
        """Be done with a generation.

        Args:
            name: of the generation.
            now: although tokens of it are out.

        Raises:
            NotPossible: it signs, or tokens are out and nobody said that they may end.
            StoreUnavailable: the other replicas cannot be reached.
        """
        async with self._turn:
            entry = self.ring.get(name)
            if entry is not None and entry.state is State.DRAINING and not now:
                left = max(0, round(entry.drains_until - self._clock.now()))
                raise NotPossible(f"generation {name} drains for another {left} s; --now ends its tokens with its key")
            await self._change(lambda ring: ring.retire(name, self._clock.now()), alone=False)

    def out(self, name: str) -> int:
        """How many tokens of a generation, signed by this replica, have not expired."""
        generation = self._credentials.get(name)
        return 0 if generation is None else generation.outstanding.count(self._clock.now())

    def is_here(self, name: str) -> bool:
        """Whether the secret of a generation is on this replica."""
        return self._credentials.get(name) is not None

    def signs(self) -> Entry | None:
        """The generation that this replica signs with, as the ring has it."""
        return self.ring.get(self._credentials.primary.id)

    async def tried(self, name: str) -> Verdict | None:
        """Make a live call with a generation that this replica holds; nothing follows from it.

        Args:
            name: of the generation.

        Returns:
            what Stream says of it; None where its secret is not here.
        """
        generation = self._credentials.get(name)
        return None if generation is None else await self._ask(generation)

    def verdict(self, name: str) -> Verdict | None:
        """What the last live call with a generation said."""
        return self._verdicts.get(name)

    def _begin(self) -> None:
        """The ring of the last time, or a new one in which the source's pair is the primary."""
        now, own = self._clock.now(), self._credentials.primary
        ring = self._kept.read() if self._kept is not None else None
        try:
            if ring is not None:
                ring = ring.tick(now).add(
                    own.id, own.api_key, now, made_at=own.made_at, declared=ring.get(own.id) is None
                )
        except NotPossible:
            _log.warning("credentials_begun_anew", why="the state directory knows too many other pairs")
            ring = None
        if ring is None:
            ring = Ring.begun(own.id, own.api_key, now, made_at=own.made_at, most=self._rules.most)
        self._follow(ring)

    async def _take(self) -> None:
        """Hold what the source gives; nothing signs with it before Stream took it."""
        changed = await self._reader.read()
        for place, pair in enumerate(self._reader.given):
            generation = self._credentials.hold(pair)
            is_new = self.ring.get(generation.id) is None
            # A pair that was seen before is not promoted because it still stands in somebody's settings, or
            # replicas with old and new settings would promote theirs in turns. A change made now is an order.
            if is_new or (changed and place == 0):
                await self._note(generation, declared=place == 0)
        self._follow(self.ring)  # what is held is new, even where the ring is not

    async def _note(self, generation: Generation, *, declared: bool) -> None:
        now = self._clock.now()
        try:
            await self._change(
                lambda ring: ring.add(
                    generation.id, generation.api_key, now, made_at=generation.made_at, declared=declared
                )
            )
        except NotPossible as error:
            self._reader.note(str(error))

    async def _try_candidates(self) -> None:
        for entry in self.ring.entries:
            generation = self._credentials.get(entry.id)
            if generation is not None and entry.state is State.PENDING:
                verdict = await self._ask(generation)
                if verdict.outcome is Outcome.ACCEPTED:
                    _log.info("credentials_verified", generation=entry.id)
                    await self._change(partial(Ring.accepted, name=entry.id, now=self._clock.now()))

    async def _promote_declared(self) -> None:
        for entry in self.ring.entries:
            generation = self._credentials.get(entry.id)
            ready = entry.declared and entry.state in (State.VERIFIED, State.DRAINING)
            if generation is None or not ready:
                continue
            try:
                await self._demand_accepted(generation)
                # Under the same key Stream has put the new secret in the place of the old one already.
                await self._promote(generation, cut_over=True, alone=True)
            except NotPossible as error:
                self._reader.note(str(error))

    async def _demand_accepted(self, generation: Generation) -> None:
        """See that Stream takes a generation at this moment, and that it is the same app's."""
        verdict = await self._ask(generation)
        if verdict.outcome is not Outcome.ACCEPTED:
            if verdict.outcome is Outcome.REFUSED:
                await self._change(lambda ring: ring.refused(generation.id, self._clock.now()))
            raise NotPossible(f"Stream did not take generation {generation.id}: {verdict.why}")
        now = self._clock.now()
        await self._change(lambda ring: ring.accepted(generation.id, now))
        if generation is self._credentials.primary:
            return
        present = await self._ask(self._credentials.primary)
        if present.app is not None and verdict.app is not None and present.app != verdict.app:
            raise NotPossible(f"generation {generation.id} belongs to another app at Stream, where no user of this is")

    async def _promote(self, generation: Generation, *, cut_over: bool, alone: bool) -> None:
        # What this replica has handed out counts for the drain from now on.
        await self._note_use()
        out = self.out(self._credentials.primary.id)
        before = self._credentials.primary.id
        now = self._clock.now()
        await self._change(lambda ring: ring.promote(generation.id, now, cut_over=cut_over), alone=alone)
        if before != generation.id:
            metrics.CREDENTIAL_CHANGES.labels("promoted").inc()
            _log.warning("credentials_promoted", generation=generation.id, before=before, tokens_out_here=out)

    async def _try_primary(self) -> None:
        """Go back to the generation before where Stream refuses this one and takes that."""
        failing = self._credentials.primary
        former = self._credentials.get(self.ring.former)
        if former is None or self.ring.primary is None or self.ring.primary.id != failing.id:
            return
        if (await self._ask(failing)).outcome is not Outcome.REFUSED:
            return
        if (await self._ask(former)).outcome is not Outcome.ACCEPTED:
            return
        await self._change(lambda ring: ring.roll_back(failing.id, self._clock.now()))
        metrics.CREDENTIAL_CHANGES.labels("rolled_back").inc()
        _log.error(
            "credentials_rolled_back",
            generation=failing.id,
            to=former.id,
            worthless_tokens_here=self.out(failing.id),
        )

    async def _tidy(self) -> None:
        await self._note_use()
        await self._change(lambda ring: ring.tick(self._clock.now()))
        given = {Generation(pair).id for pair in self._reader.given}
        for entry in self.ring.entries:
            if entry.state is State.RETIRED and entry.id not in given:
                self._credentials.forget(entry.id)
                self._verdicts.pop(entry.id, None)
        self._measure()

    async def _note_use(self) -> None:
        used = [(one.id, one.outstanding) for one in self._credentials.held if one.outstanding.last]
        if not used:
            return

        def noted(ring: Ring) -> Ring:
            for name, outstanding in used:
                if ring.get(name) is not None:
                    ring = ring.used(name, outstanding.longest, outstanding.last)
            return ring

        await self._change(noted)

    async def _ask(self, generation: Generation) -> Verdict:
        verdict = await self._check(self._credentials.access_with(generation, self._clock.now()))
        metrics.CREDENTIAL_CHECKS.labels(verdict.outcome.value).inc()
        self._verdicts[generation.id] = verdict
        return verdict

    def _here(self, name: str) -> Generation:
        generation = self._credentials.get(name)
        if generation is None:
            raise NotPossible(f"the secret of generation {name[:24]!r} is not on this replica; see keys add")
        return generation

    async def _change(self, change: Callable[[Ring], Ring], *, alone: bool = True) -> None:
        """Change the ring, with all replicas where they can be reached.

        Args:
            change: applied to the newest ring.
            alone: whether this replica goes on by itself where they cannot; as soon as they can, what they
                agreed on counts.

        Raises:
            NotPossible: the rules forbid it.
            StoreUnavailable: the other replicas cannot be reached, and this one may not go on by itself.
        """
        if change(self.ring) is self.ring:
            return
        try:
            ring = await self._agreement.change(change, self.ring)
        except StoreUnavailable:
            if not alone:
                raise
            ring = change(self.ring)
        await self._adopt(ring)

    async def reload(self) -> None:
        """Take over what the replicas agreed on; the first one brings what it knows.

        Raises:
            StoreUnavailable: they cannot be reached.
        """
        await self._adopt(await self._agreement.change(lambda ring: ring, self.ring))

    async def _adopt(self, ring: Ring) -> None:
        if ring == self.ring:
            return
        self._follow(ring)
        self._woken.set()
        if self._kept is not None:
            await asyncio.to_thread(self._kept.write, ring)

    def _follow(self, ring: Ring) -> None:
        """Sign with what the ring says, as far as its secret is here."""
        self.ring = ring
        name = signing(ring, (one.id for one in self._credentials.held))
        if name is not None and name != self._credentials.primary.id:
            self._credentials.sign_with(name)

    def _is_watched(self) -> bool:
        primary = self.ring.primary
        return bool(primary and self.ring.former and self._clock.now() - primary.changed_at < WATCHED_S)

    def _measure(self) -> None:
        now = self._clock.now()
        metrics.CREDENTIAL_AGE.clear()
        metrics.CREDENTIAL_OUT.clear()
        for entry in self.ring.entries:
            if entry.state is not State.RETIRED:
                metrics.CREDENTIAL_AGE.labels(entry.id).set(now - entry.made_at)
                metrics.CREDENTIAL_OUT.labels(entry.id).set(self.out(entry.id))
        for state in State:
            metrics.CREDENTIAL_GENERATIONS.labels(state.value).set(
                sum(entry.state is state for entry in self.ring.entries)
            )
