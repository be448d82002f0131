"""What a key ring leaves behind for its next start: its last good set, and the keys that are distrusted."""

import asyncio
from collections.abc import Mapping

import structlog

from tidegate.identity.keydisk import Distrust, KeyDisk, KeyDiskError, SavedKeys
from tidegate.identity.keys import KeySet

_log = structlog.get_logger(__name__)


class KeyKeeper:
    """The keeping of one issuer's keys.

    Args:
        name: the configured name of the issuer, for the log.
        issuer: the exact issuer.
        binding: the configured address of its keys.
        disk: None keeps nothing beyond the process.
    """

    def __init__(self, name: str, issuer: str, binding: str, disk: KeyDisk | None) -> None:
        self._name = name
        self._issuer = issuer
        self._binding = binding
        self._disk = disk
        self._distrust = Distrust()
        self._unsaved: SavedKeys | None = None
        self._saving: asyncio.Task[None] | None = None

    def load(self) -> SavedKeys | None:
        """The last good set, if one was kept."""
        return None if self._disk is None else self._disk.load(self._issuer, self._binding)

    def read_distrust(self) -> None:
        """Learn of keys that were distrusted before, or by another process.

        Raises:
            KeyDiskError: when the list cannot be read.
        """
        if self._disk is not None:
            self._distrust = self._distrust.joined(self._disk.distrusted(self._issuer))

    def trusted(self, keys: KeySet) -> KeySet:
        """A set without the distrusted keys, which lose ``live``."""
        for key in keys:
            if self._distrust.covers(key):
                keys = keys.without(key.fingerprint)
        return keys

    def distrust(self, name: str, keys: KeySet | None) -> bool:
        """Refuse keys from now on; `write_distrust` makes it last.

        Args:
            name: key id or thumbprint.
            keys: the set in use.

        Returns:
            whether the set has such a key. Then that key is refused, under whatever id; else the name is.
        """
        found = frozenset(key.fingerprint for key in keys or () if name in {key.kid, key.fingerprint})
        more = Distrust(thumbprints=found) if found else Distrust(names=frozenset({name}))
        self._distrust = self._distrust.joined(more)
        _log.warning("key_distrusted", issuer=self._name, in_use=bool(found))
        return bool(found)

    def write_distrust(self) -> None:
        """Keep the distrusted keys for the next start.

        Raises:
            KeyDiskError: when they cannot be written.
        """
        if self._disk is not None:
            self._disk.distrust(self._issuer, self._distrust)

    def keep(self, document: Mapping[str, object], fetched_at: float, fresh_seconds: float) -> None:
        """Write the last good set, in a thread: flushing a file takes its time.

        Args:
            document: the JWKS.
            fetched_at: seconds since the epoch.
            fresh_seconds: how long it counts as fresh.
        """
        if self._disk is None:
            return
        self._unsaved = SavedKeys(self._issuer, self._binding, document, fetched_at, fresh_seconds)
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save(self._disk), name=f"keep keys of {self._name}")

    async def finish(self, seconds: float) -> None:
        """Wait for writing under way, within a time limit."""
        if self._saving is not None:
            await asyncio.wait({self._saving}, timeout=seconds)

    async def _save(self, disk: KeyDisk) -> None:
        while (saved := self._unsaved) is not None:
            self._unsaved = None
            try:
                await asyncio.to_thread(disk.save, saved)
            except KeyDiskError as error:
                _log.warning("keys_not_kept", issuer=self._name, cause=str(error))
