"""The watch: gathers what is known, and has it judged when somebody asks."""

import asyncio
from collections.abc import Callable, Sequence

from tidegate.identity.service import Issuer
from tidegate.upstream.client import StreamClient
from tidegate.watch.health import judge
from tidegate.watch.model import Failure, Health, HealthInputs, IssuerHealth, Remark
from tidegate.watch.prober import Prober
from tidegate.watch.probes.model import Outcome

_PROBES_MISSED = 4
"""After so many periods without a result, the last one says nothing about now."""


class Watch:
    """Health from the last results; asking it costs Stream nothing.

    Args:
        prober: of Stream.
        client: to Stream; its breaker and its quota are looked at.
        issuers: whose keys are looked at.
        probe_seconds: the prober's period.
        public: whether strangers can read the judgement, as in production.
        credentials: what they say of themselves.
        store_down_seconds: for how long the database could not be used; None while it can.
        untold: how many revocations and bans Stream is still to be told, and for how many seconds the first waits.
        standing: whether revocations and bans were read: ``known``, ``loading`` or ``unknown``.
        found: what the probes found, as far as it says something about now, and the time.
    """

    __slots__ = (
        "_client",
        "_credentials",
        "_found",
        "_issuers",
        "_longest",
        "_prober",
        "_public",
        "_standing",
        "_store_down_seconds",
        "_untold",
    )

    def __init__(  # noqa: PLR0913 - what is watched, each by its name
        self,
        *,
        prober: Prober,
        client: StreamClient,
        issuers: Sequence[Issuer],
        probe_seconds: float,
        public: bool,
        credentials: Callable[[], tuple[Remark, ...]] = tuple,
        store_down_seconds: Callable[[], float | None] = lambda: None,
        untold: Callable[[], tuple[int, float]] = lambda: (0, 0.0),
        standing: Callable[[], str] = lambda: "known",
        found: Callable[[], tuple[tuple[Outcome, ...], float]] = lambda: ((), 0.0),
    ) -> None:
        self._prober = prober
        self._client = client
        self._issuers = tuple(issuers)
        self._public = public
        self._credentials = credentials
        self._store_down_seconds = store_down_seconds
        self._untold = untold
        self._standing = standing
        self._found = found
        self._longest = _PROBES_MISSED * probe_seconds

    def health(self, *, public: bool | None = None) -> Health:
        """The judgement on what is known now.

        Args:
            public: whether strangers read it; None: as the service is configured.
        """
        probe = self._prober.last
        untold, untold_s = self._untold()
        outcomes, now = self._found()
        return judge(
            HealthInputs(
                probe=probe,
                probe_age_s=0.0 if probe is None else self._prober.age(probe),
                probe_max_age_s=self._longest,
                breaker=self._client.breaker.state,
                quota_ratio=self._client.quota.lowest_ratio(),
                issuers=self.issuers(),
                public=self._public if public is None else public,
                credentials=self._credentials(),
                store_down_s=self._store_down_seconds(),
                untold=untold,
                untold_s=untold_s,
                outcomes=outcomes,
                now=now,
            )
        )

    async def tested(self) -> Health:
        """The judgement after a live test, which many callers share."""
        await self._prober.live_test()
        return self.health()

    def failure(self) -> Failure | None:
        """Why the last probe failed, if it did."""
        probe = self._prober.last
        return None if probe is None else probe.failure

    async def fetch_keys(self) -> None:
        """Have the keys fetched of each issuer that has none; what runs beside the requests does so by itself."""
        missing = [issuer.keys for issuer in self._issuers if issuer.keys.current() is None]
        await asyncio.gather(*(keys.ask(None) for keys in missing))

    def issuers(self) -> tuple[IssuerHealth, ...]:
        """How current the keys of each issuer are, and whether an app that is asked for sessions answers."""
        return tuple(map(_condition, self._issuers))

    def can_exchange(self) -> bool:
        """Whether sessions of at least one issuer can be verified now, and it is known who is banned.

        With the database down the second is waited for only so long: a replica must not depend on it for ever.
        """
        return self.standing() != "loading" and any(issuer.usable for issuer in self.issuers())

    def standing(self) -> str:
        """Whether revocations and bans were read: ``known``, ``loading`` or ``unknown``."""
        return self._standing()


def _condition(issuer: Issuer) -> IssuerHealth:
    vigil = None if issuer.sessions is None else issuer.sessions.vigil
    fault = "" if vigil is None or vigil.fault is None else vigil.fault.value
    return IssuerHealth(issuer.policy.name, issuer.keys.status().state, vigil is not None, fault)
