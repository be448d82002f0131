"""The keys of an issuer whose public key is in the configuration: no network, nothing to refresh."""

import asyncio
from typing import Final

from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keykeeper import KeyKeeper
from tidegate.identity.keys import KeySet
from tidegate.identity.keysource import AskOutcome, KeyState, KeyStatus

_RETRY_SECONDS: Final = 60.0


class FixedKeys:
    """Keys from the configuration, which nothing refreshes; a `KeySource`.

    Args:
        name: the configured name of the issuer.
        issuer: its exact ``iss``, to which distrusted keys are bound.
        keys: for instance from `KeySet.from_pem`.
        disk: where distrusted keys are kept; None keeps them in memory only.

    Raises:
        KeyDiskError: when the list of distrusted keys cannot be read.
    """

    def __init__(self, name: str, issuer: str, keys: KeySet, *, disk: KeyDisk | None = None) -> None:
        self.name = name
        self._keeper = KeyKeeper(name, issuer, "", disk)
        self._keeper.read_distrust()
        self._keys = self._keeper.trusted(keys)

    def current(self) -> KeySet | None:
        """The keys to verify with; None when all of them are distrusted."""
        return self._keys if self._keys.keys else None

    def status(self) -> KeyStatus:
        """The condition of the keys: fresh as long as there is one."""
        state = KeyState.FRESH if self._keys.keys else KeyState.EXPIRED
        error = None if self._keys.keys else "every configured key is distrusted"
        return KeyStatus(state, None, error, len(self._keys.keys), self._keys.rejected)

    async def ask(self, kid: str | None) -> AskOutcome:
        """There are no newer keys to be had.

        Returns:
            `AskResult.BUDGET_SPENT` without a time: asking again never helps. With every key distrusted,
            `AskResult.FAILED`: only the operator can help.
        """
        del kid
        if self._keys.keys:
            return AskOutcome.budget_spent(None)
        return AskOutcome.failed(_RETRY_SECONDS)

    def doubt(self) -> None:
        """There are no newer keys to be had."""

    async def run(self) -> None:
        """Nothing to refresh: wait until cancelled."""
        await asyncio.Event().wait()

    def distrust(self, kid: str) -> bool:
        """Refuse a key at once and for good, as `RemoteKeys.distrust` does.

        Raises:
            KeyDiskError: the key is refused, but that could not be kept for the next start.
        """
        found = self._keeper.distrust(kid, self._keys)
        self._keys = self._keeper.trusted(self._keys)
        self._keeper.write_distrust()
        return found
