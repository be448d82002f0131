"""Key sets with a life: fetched, kept fresh, used while stale, given up, distrusted.

One task per issuer refreshes in the background; a token with an unknown key can force one fetch within the budget.
All of it runs on one event loop, and between two awaits nothing else moves: no locks are needed.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from tidegate.clock import Clock
from tidegate.identity.discovery import KeyServer
from tidegate.identity.fetch import Document, Fault, FetchError, Freshness
from tidegate.identity.fixedkeys import FixedKeys
from tidegate.identity.keydisk import KeyDisk, KeyDiskError
from tidegate.identity.keykeeper import KeyKeeper
from tidegate.identity.keys import KeySet, KeySetError
from tidegate.identity.keysource import AskOutcome, AskResult, KeySource, KeyState, KeyStatus
from tidegate.metrics import JWKS_AGE, JWKS_REFRESH, JWKS_STALE_SERVED, JWKS_UNKNOWN_KID

__all__ = [
    "AskOutcome",
    "AskResult",
    "FixedKeys",
    "KeyOptions",
    "KeySource",
    "KeyState",
    "KeyStatus",
    "RemoteKeys",
    "Sleep",
]

SANDBOX_MEMBER: Final = "tidegate_sandbox"
"""Member of a sandbox's key set: the API key without which its sessions count for nothing."""

_REFRESH_AT: Final = 0.8
_FIRST_BACK_OFF: Final = 2.0
_SHORTEST_SLEEP: Final = 0.001  # a clock's rounding must not make a busy loop
_SHUTDOWN_SECONDS: Final = 1.0
_SUCCESS: Final = "success"
_NEVER: Final = float("-inf")

_log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Jitter(Protocol):
    """What is needed of `random.Random`."""

    def uniform(self, a: float, b: float) -> float:
        """A number between two others."""
        ...


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """The limits of a key set's life.

    Attributes:
        stale_seconds: how long keys are used after their last real fetch while fetching fails; 0 turns that off, and
            keys end with their freshness.
        unknown_kid_seconds: at most one fetch is forced by unknown keys in this time.
        max_keys: in one set; a larger document is not used.
        ask_seconds: how long `RemoteKeys.ask` waits for a fetch that is under way.
        freshness: how long keys are fresh.
        retry_max_seconds: the longest wait after failures.
        api_key: of the app at Stream that tokens are minted for.
    """

    stale_seconds: float = 86400.0
    unknown_kid_seconds: float = 30.0
    max_keys: int = 20
    ask_seconds: float = 5.0
    api_key: str | None = None
    freshness: Freshness = field(default_factory=Freshness)
    retry_max_seconds: float = 60.0


class RemoteKeys:
    """The keys of an issuer that has a key server; a `KeySource`.

    Args:
        name: the configured name of the issuer, for logs and metrics.
        issuer: its exact ``iss``, to which keys on disk are bound.
        server: where the JWKS comes from.
        clock: for ages and time-outs.
        options: the limits.
        disk: where the last good set and the distrusted keys are kept; None keeps them in memory only.
        jitter: spreads the attempts after failures.
        sleep: waits for a number of seconds; tests pass one that moves their clock.
    """

    def __init__(
        self,
        name: str,
        issuer: str,
        server: KeyServer,
        *,
        clock: Clock,
        options: KeyOptions | None = None,
        disk: KeyDisk | None = None,
        jitter: Jitter | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self._server = server
        self._clock = clock
        self._options = options or KeyOptions()
        self._keeper = KeyKeeper(name, issuer, server.binding, disk)
        self._jitter = jitter or random.SystemRandom()
        self._sleep = sleep
        self._keys: KeySet | None = None
        self._fetched_at = self._fresh_until = self._usable_until = _NEVER
        self._due = self._budget_at = _NEVER
        self._failures = 0
        self._last_error: str | None = None
        self._fault: Fault | None = None
        self._clock_difference: float | None = None
        self._flight: asyncio.Task[bool] | None = None
        JWKS_AGE.labels(name).set_function(self._age)

    def current(self) -> KeySet | None:
        """The keys to verify with at this moment.

        Returns:
            None when there are none: never fetched, or older than the stale bound. A set can be empty where all
            keys that the issuer publishes are distrusted.
        """
        now = self._clock.monotonic()
        if now < self._fresh_until:
            return self._keys
        if now < self._usable_until:
            JWKS_STALE_SERVED.inc()
            return self._keys
        self._give_up()
        return None

    def status(self) -> KeyStatus:
        """The condition of the keys, without changing it."""
        now = self._clock.monotonic()
        keys = self._keys if now < self._usable_until else None
        return KeyStatus(
            self._state(now),
            None if self._fetched_at == _NEVER else now - self._fetched_at,
            self._last_error,
            len(keys.keys) if keys else 0,
            keys.rejected if keys else (),
            self._fault,
            self._clock_difference,
            self._server.address,
        )

    async def ask(self, kid: str | None) -> AskOutcome:
        """Ask for newer keys, because a token could not be verified with the current ones.

        All who ask while a fetch is under way wait for that one; who stops waiting does not stop it.

        Args:
            kid: the unknown key id; None when there is none to name.

        Returns:
            at the latest after the fetch time-out.
        """
        if kid is not None and self._knows(kid):
            return AskOutcome.refreshed()
        JWKS_UNKNOWN_KID.inc()
        if not self._flying() and (refusal := self._refusal()) is not None:
            return refusal
        return await self._joined()

    def doubt(self) -> None:
        """A signature did not fit the key it names: fetch soon, within the budget of `ask`; nobody waits for it.

        The issuer may have replaced the key under the same id. Called from a running event loop.
        """
        if not self._flying() and self._refusal() is None:
            JWKS_UNKNOWN_KID.inc()
            self._take_off()

    async def run(self) -> None:
        """Load the keys kept on disk, fetch, and refresh until cancelled."""
        self.restore()
        try:
            while True:
                now = self._clock.monotonic()
                if now >= self._due:
                    await asyncio.wait({self._take_off()})
                elif self._keys is not None and now >= self._usable_until:
                    self._give_up()
                else:
                    await self._sleep(max(self._next_event() - now, _SHORTEST_SLEEP))
        finally:
            await self._land()

    def restore(self) -> None:
        """Use the set kept on disk, if there is one and nothing newer; its age is counted from its fetch."""
        saved = self._keeper.load()
        if saved is None or self._keys is not None:
            return
        age = self._clock.now() - saved.fetched_at
        if age < 0:
            _log.warning("keys_on_disk_ignored", issuer=self.name, cause="its time stamp lies in the future")
            return
        fetched_at = self._clock.monotonic() - age
        fresh_seconds = self._options.freshness.clamp(saved.fresh_seconds)
        if age >= max(fresh_seconds, self._options.stale_seconds):
            return
        try:
            self._keeper.read_distrust()
            keys = self._admitted(saved.document)
        except (FetchError, KeyDiskError) as error:
            _log.warning("keys_on_disk_ignored", issuer=self.name, cause=str(error))
            return
        self._install(keys, fetched_at, fresh_seconds)
        self._due = _NEVER
        _log.info("keys_restored", issuer=self.name, keys=len(keys.keys), age_seconds=round(age))

    def distrust(self, kid: str) -> bool:
        """Refuse a key at once and for good, restarts included.

        Args:
            kid: the key's id, or its RFC 7638 thumbprint.

        Returns:
            whether such a key was in use. Then that key is refused under whatever id it comes back; if not, every
            key of that name is.

        Raises:
            KeyDiskError: the key is refused, but that could not be kept for the next start.
        """
        found = self._keeper.distrust(kid, self._keys)
        self._drop_distrusted()
        self._keeper.write_distrust()
        return found

    def _drop_distrusted(self) -> None:
        if self._keys is not None:
            self._keys = self._keeper.trusted(self._keys)

    def _state(self, now: float) -> KeyState:
        if now < self._fresh_until:
            return KeyState.FRESH
        if now < self._usable_until:
            return KeyState.STALE
        return KeyState.NEVER if self._fetched_at == _NEVER else KeyState.EXPIRED

    def _age(self) -> float:
        return math.nan if self._fetched_at == _NEVER else self._clock.monotonic() - self._fetched_at

    def _knows(self, kid: str) -> bool:
        usable = self._keys is not None and self._clock.monotonic() < self._usable_until
        return usable and self._keys is not None and self._keys.by_kid(kid) is not None

    def _refusal(self) -> AskOutcome | None:
        """Why no fetch is made for somebody who asks now; None: one is made.

        An attempt that is due anyway, after a failure or because there are no keys, is outside the budget: the
        back-off and the floor of freshness bound those.
        """
        now = self._clock.monotonic()
        if self._failures:
            return AskOutcome.failed(self._due - now) if now < self._due else None
        if now >= self._usable_until:
            return None
        if now < self._budget_at:
            return AskOutcome.budget_spent(self._budget_at - now)
        self._budget_at = now + self._options.unknown_kid_seconds
        return None

    def _flying(self) -> bool:
        return self._flight is not None and not self._flight.done()

    def _take_off(self) -> asyncio.Task[bool]:
        """The fetch that is under way, or a new one."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._attempt(), name=f"fetch keys of {self.name}")
        return self._flight

    async def _joined(self) -> AskOutcome:
        flight = self._take_off()
        # Not awaited directly: whoever is cancelled here must not cancel the fetch that others wait for.
        await asyncio.wait({flight}, timeout=self._options.ask_seconds)
        if flight.done() and not flight.cancelled() and flight.result():
            return AskOutcome.refreshed()
        return AskOutcome.failed(max(0.0, self._due - self._clock.monotonic()))

    async def _attempt(self) -> bool:
        started, wall = self._clock.monotonic(), self._clock.now()
        try:
            self._keeper.read_distrust()
            self._drop_distrusted()
            document = await self._server.fetch()
            keys = self._admitted(document.members)
        except FetchError as error:
            self._fail(error.fault, str(error))
        except KeyDiskError as error:
            self._fail(Fault.STATE, str(error))
        except Exception:  # noqa: BLE001 - whatever it is, refreshing must go on
            _log.exception("keys_fetch_broken", issuer=self.name)
            self._fail(Fault.INTERNAL, "an error in this service")
        else:
            self._succeed(keys, document, started, wall)
            return True
        return False

    def _admitted(self, members: Mapping[str, object]) -> KeySet:
        owner, api_key = members.get(SANDBOX_MEMBER), self._options.api_key
        owners = owner if isinstance(owner, list) else [owner]
        if owner is not None and (api_key is None or api_key not in owners):
            raise FetchError(
                Fault.SANDBOX, "these are the keys of a sandbox, which count only with that sandbox's own credentials"
            )
        try:
            keys = KeySet.from_jwks(members, max_keys=self._options.max_keys)
        except KeySetError as error:
            self._server.doubt()
            raise FetchError(Fault.INVALID, str(error)) from error
        if not keys.keys:
            self._server.doubt()
            raise FetchError(Fault.NO_KEYS, f"none of the {len(keys.rejected)} keys in the document is usable")
        return self._keeper.trusted(keys)

    def _succeed(self, keys: KeySet, document: Document, started: float, wall: float) -> None:
        JWKS_REFRESH.labels(self.name, _SUCCESS).inc()
        fresh_seconds = self._options.freshness.clamp(document.fresh_seconds)
        before = self._keys
        self._install(keys, started, fresh_seconds)
        self._due = started + _REFRESH_AT * fresh_seconds
        if document.date is not None:
            self._clock_difference = document.date - (wall + self._clock.now()) / 2
        self._keeper.keep(document.members, wall, fresh_seconds)
        if before is None or {key.fingerprint for key in before} != {key.fingerprint for key in keys}:
            _log.info("keys_changed", issuer=self.name, keys=len(keys.keys), rejected=[r.why for r in keys.rejected])

    def _install(self, keys: KeySet, fetched_at: float, fresh_seconds: float) -> None:
        self._keys = keys if self._keys is None else keys.replacing(self._keys)
        self._fetched_at = fetched_at
        self._fresh_until = fetched_at + fresh_seconds
        self._usable_until = fetched_at + max(fresh_seconds, self._options.stale_seconds)
        self._failures = 0
        self._last_error = self._fault = None

    def _fail(self, fault: Fault, detail: str) -> None:
        JWKS_REFRESH.labels(self.name, fault.value).inc()
        self._failures += 1
        longest = min(self._options.retry_max_seconds, _FIRST_BACK_OFF * 2.0 ** min(self._failures - 1, 10))
        delay = self._jitter.uniform(longest / 2, longest)
        self._due = self._clock.monotonic() + delay
        self._last_error, self._fault = detail, fault
        _log.warning("keys_fetch_failed", issuer=self.name, fault=fault.value, cause=detail, retry_seconds=round(delay))

    def _give_up(self) -> None:
        """The stale bound has passed: nothing that these keys signed is accepted any more, cached or not."""
        if self._keys is None:
            return
        for key in self._keys:
            key.live = False
        self._keys = None
        _log.error("keys_expired", issuer=self.name, cause=self._last_error)

    def _next_event(self) -> float:
        return self._due if self._keys is None else min(self._due, self._usable_until)

    async def _land(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})
        await self._keeper.finish(_SHUTDOWN_SECONDS)
