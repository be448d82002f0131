"""Sessions that the app keeps in a database: asked for, remembered for seconds, and never asked for in a crowd."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from tidegate.bounded import BoundedTable
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.route import Person
from tidegate.identity.authjs.vigil import Asked, Vigil
from tidegate.identity.fetch import FetchError
from tidegate.identity.model import CheckName, ClaimRefused, KeysNeeded
from tidegate.metrics import SESSION_LOOKUP_ENTRIES, SESSION_LOOKUP_EVICTED, SESSION_LOOKUPS, SESSION_LOOKUPS_FLYING

_RETRY_SECONDS: Final = 1

_log = structlog.get_logger(__name__)


class LookupNeeded(KeysNeeded):
    """Whose session this is must be asked of the app first.

    Args:
        issuer: the configured name of the issuer.
        token: the session's token; it is in no message.
    """

    asks_app = True

    def __init__(self, issuer: str, token: bytes) -> None:
        super().__init__(issuer, None)
        self.token = token

    def unavailable(self, retry_after: int | None = _RETRY_SECONDS) -> Refusal:
        """What to answer when the app does not answer, or too many ask at once."""
        return Refusal(
            Reason.IDENTITY_UNAVAILABLE,
            "The app's session route (TIDEGATE_AUTHJS_SESSION_URL) cannot be asked at this moment, "
            "so this session cannot be checked.",
            retry_after=retry_after or _RETRY_SECONDS,
        )


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """The limits of asking.

    Attributes:
        fresh_seconds: how long the app's answer counts.
        refused_seconds: how long its saying that there is no such session counts.
        at_once: questions under way at a time; who would be one more is answered 503.
        entries: answers remembered.
        vigil_seconds: between questions of our own while the app gives no answers.
    """

    fresh_seconds: int = 10
    refused_seconds: int = 5
    at_once: int = 8
    entries: int = 10_000
    vigil_seconds: float = 30.0


class _Answer(NamedTuple):
    claims: Mapping[str, object] | None
    until: float


class Lookups:
    """Questions to the app, each asked once, and their answers for as long as they count.

    Args:
        name: the configured name of the issuer.
        route: answers.
        clock: for the age of answers.
        options: the limits.

    Attributes:
        vigil: told how questions end.
    """

    def __init__(self, name: str, route: Asked, clock: Clock, options: LookupOptions) -> None:
        self.vigil = Vigil(name, route, options.vigil_seconds)
        self._name = name
        self._route = route
        self._clock = clock
        self._options = options
        self._keyed = hashlib.blake2b(digest_size=16, key=os.urandom(32))
        self._answers: BoundedTable[bytes, _Answer] = BoundedTable(
            options.entries,
            idle_seconds=max(options.fresh_seconds, options.refused_seconds),
            on_evict=SESSION_LOOKUP_EVICTED.labels(name).inc,
        )
        self._flights: dict[bytes, asyncio.Task[None]] = {}
        self._failing = False
        SESSION_LOOKUP_ENTRIES.labels(name).set_function(self._answers.__len__)
        SESSION_LOOKUPS_FLYING.labels(name).set_function(self._flights.__len__)

    def claims(self, token: bytes) -> Mapping[str, object]:
        """What the app said of a session, as claims to be judged.

        Args:
            token: of the form that can be asked.

        Raises:
            Refusal: ``token_expired``: the app knows no such session.
            LookupNeeded: it must be asked first.
        """
        answer = self._remembered(self._key(token))
        if answer is None:
            raise LookupNeeded(self._name, token)
        if answer.claims is None:
            detail = "The app knows no such session: it has ended, or never was."
            raise ClaimRefused(CheckName.EXPIRY, Reason.TOKEN_EXPIRED, detail)
        return answer.claims

    async def ask(self, needed: LookupNeeded) -> None:
        """Ask the app, or wait with those who have asked already. Afterwards `claims` knows.

        Args:
            needed: what `claims` raised.

        Raises:
            Refusal: ``identity_unavailable``: the app gave no answer, or too many questions are under way.
        """
        key = self._key(needed.token)
        flight = self._flights.get(key)
        if flight is None:
            if len(self._flights) >= self._options.at_once:
                SESSION_LOOKUPS.labels(self._name, "full").inc()
                raise needed.unavailable()
            flight = asyncio.create_task(self._fly(key, needed.token), name=f"session look-up at {self._name}")
            self._flights[key] = flight
        # Not awaited directly: whoever is cancelled here must not cancel the question that others wait for.
        await asyncio.wait({flight})
        if self._remembered(key) is None:
            raise needed.unavailable()

    async def aclose(self) -> None:
        """End what is under way, and close the connections."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._route.aclose()

    def _key(self, token: bytes) -> bytes:
        """What an answer is kept under; the token itself is not kept."""
        digest = self._keyed.copy()
        digest.update(token)
        return digest.digest()

    def _remembered(self, key: bytes) -> _Answer | None:
        answer = self._answers.get(key)
        if answer is not None and self._clock.monotonic() < answer.until:
            return answer
        return None

    async def _fly(self, key: bytes, token: bytes) -> None:
        try:
            person = await self._route.ask(token)
        except FetchError as error:
            self._failed(error.fault.value, str(error))
        except Exception:  # noqa: BLE001 - whoever waits must get an answer
            _log.exception("session_lookup_broken", issuer=self._name)
            self._failed("internal", "an error in this service")
        else:
            self._learn(key, person)
        finally:
            del self._flights[key]

    def _learn(self, key: bytes, person: Person | None) -> None:
        options, ticks = self._options, self._clock.monotonic()
        SESSION_LOOKUPS.labels(self._name, "none" if person is None else "found").inc()
        self.vigil.answered()
        if self._failing:
            self._failing = False
            _log.info("session_lookups_work_again", issuer=self._name)
        if person is None:
            self._answers.put(key, _Answer(None, ticks + options.refused_seconds), ticks)
            return
        now = int(self._clock.now())
        # The app vouches for this moment; that is when the session's claims were made, and they end soon.
        claims = {"sub": person.id, "iat": now, "exp": min(person.expires, now + options.fresh_seconds)}
        answer = _Answer({**person.profile, **claims}, ticks + options.fresh_seconds)
        self._answers.put(key, answer, ticks)

    def _failed(self, result: str, cause: str) -> None:
        SESSION_LOOKUPS.labels(self._name, result).inc()
        self.vigil.doubt()
        if not self._failing:  # one line for an outage, not one for each caller
            self._failing = True
            _log.warning("session_lookups_fail", issuer=self._name, cause=cause)
