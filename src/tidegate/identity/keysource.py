"""What a source of an issuer's keys promises to those who verify tokens.

Two kinds exist: `keyring.RemoteKeys`, fetched from a key server and kept fresh, and
`keyring.FixedKeys`, taken from the configuration.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from tidegate.identity.fetch import Fault
from tidegate.identity.keys import KeySet, RejectedKey


class AskResult(StrEnum):
    """What came of asking for newer keys."""

    REFRESHED = "refreshed"
    BUDGET_SPENT = "budget_spent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """The answer to `KeySource.ask`.

    Attributes:
        result: `REFRESHED`: look at `current()` again. `BUDGET_SPENT`: no fetch was made, because one was
            made for the same cause a moment ago. `FAILED`: the key server did not give usable keys.
        retry_after: whole seconds after which another ask can lead to a fetch; None with `REFRESHED`, and where
            asking again can never help.
    """

    result: AskResult
    retry_after: int | None = None

    @classmethod
    def refreshed(cls) -> "AskOutcome":
        """Newer keys are there, or the key is known by now."""
        return cls(AskResult.REFRESHED)

    @classmethod
    def budget_spent(cls, seconds: float | None) -> "AskOutcome":
        """No fetch now.

        Args:
            seconds: until the budget allows one; None for never.
        """
        return cls(AskResult.BUDGET_SPENT, None if seconds is None else _whole(seconds))

    @classmethod
    def failed(cls, seconds: float) -> "AskOutcome":
        """The last fetch failed.

        Args:
            seconds: until the next attempt.
        """
        return cls(AskResult.FAILED, _whole(seconds))


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))


class KeyState(StrEnum):
    """How old the keys are, in words."""

    NEVER = "never"
    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A source's condition, for health, readiness and logs.

    Attributes:
        state: `FRESH` and `STALE` keys are used; with `NEVER` and `EXPIRED` there are none.
        age_seconds: since the last real fetch; None if there was none, and for keys from the configuration.
        last_error: why the last fetch failed, in one sentence; None if it did not.
        keys: how many keys can verify tokens now.
        rejected: keys of the last document that were not admitted, each with the cause.
        fault: why the last fetch failed, in one word; None if it did not, and for keys from the configuration.
        clock_difference_s: the key server's clock less ours at the last fetch, seconds; None where it told no time.
        address: the key set's URL; None for keys from the configuration, and before it is known.
    """

    state: KeyState
    age_seconds: float | None
    last_error: str | None
    keys: int
    rejected: tuple[RejectedKey, ...] = field(default=())
    fault: Fault | None = None
    clock_difference_s: float | None = None
    address: str | None = None


class KeySource(Protocol):
    """The keys of one issuer, over time."""

    @property
    def name(self) -> str:
        """The configured name of the issuer."""
        ...

    def current(self) -> KeySet | None:
        """The keys to verify with at this moment.

        Returns:
            None when there are none: never fetched, or older than the stale bound.
        """
        ...

    def status(self) -> KeyStatus:
        """The condition of the keys, without changing it."""
        ...

    async def ask(self, kid: str | None) -> AskOutcome:
        """Ask for newer keys, because a token could not be verified with the current ones.

        Args:
            kid: the unknown key id. None when there is none to name: a signature that does not fit a key of that
                id (the issuer may have replaced it under the same id), or no usable keys at all.

        Returns:
            at the latest after the fetch time-out.
        """
        ...

    def doubt(self) -> None:
        """Fetch soon, within the same budget, because a signature did not fit the key that it names."""
        ...

    async def run(self) -> None:
        """Keep the keys fresh until cancelled."""
        ...

    def distrust(self, kid: str) -> bool:
        """Refuse a key at once and for good.

        Args:
            kid: the key's id, or its RFC 7638 thumbprint.

        Returns:
            whether such a key was in use.
        """
        ...
