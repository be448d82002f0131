"""Reading a chain back: nothing is passed on whose seal was not checked."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Protocol

from tidegate.ownfiles import flush_folder
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import lock
from tidegate.tokens.ledger.keys import LedgerKey, LedgerKeys
from tidegate.tokens.ledger.model import Head
from tidegate.tokens.ledger.retention import PrunableChain
from tidegate.tokens.ledger.segments import PRUNE_LOCK_FILE, ChainFolder, Pruned, chains


class KeptChain(PrunableChain, Protocol):
    """A chain, wherever it is kept."""

    async def key_id(self) -> str | None:
        """Which key seals it; None where nothing says so."""
        ...

    def parts(self, after: int) -> AsyncIterator[bytes]:
        """The entries' lines, cut anywhere.

        Args:
            after: number of the last entry that was pruned.

        Raises:
            LedgerError: they cannot be read.
        """
        ...


class FileChain:
    """A chain in a folder.

    Args:
        folder: of the chain.
    """

    def __init__(self, folder: ChainFolder) -> None:
        self._folder = folder
        self.name = folder.name

    async def key_id(self) -> str | None:
        """Which key seals it."""
        return self._folder.key_id()

    async def begins(self, key: LedgerKey) -> tuple[Head, Pruned | None]:
        """What the first entry must be bound to, and what was pruned before it."""
        return self._folder.begins(key), self._folder.pruned(key)

    async def pieces(self, after: int) -> AsyncGenerator[Iterable[bytes], None]:
        """Its files."""
        for segment in self._folder.segments(after):
            yield segment.parts()

    async def remove(self, begins: Head, record: Pruned, key: LedgerKey) -> None:
        """Put on record what goes, and remove it.

        The record comes first: where a crash comes between, the files that are left over count as gone.
        """
        folder = self._folder
        held = lock(folder.path / PRUNE_LOCK_FILE)
        if held is None:
            raise LedgerError(f"chain {self.name} is being pruned by somebody else")
        try:
            if folder.begins(key) != begins:
                raise LedgerError(f"chain {self.name} was pruned by somebody else meanwhile")
            folder.note_pruned(record, key)
            for segment in folder.segments():
                if segment.first <= record.through:
                    segment.path.unlink(missing_ok=True)
            flush_folder(folder.path)
        except OSError as error:
            raise LedgerError(f"chain {self.name} cannot be pruned: {error.strerror}") from error
        finally:
            os.close(held)

    async def parts(self, after: int) -> AsyncIterator[bytes]:
        """The entries' lines, segment by segment."""
        for segment in self._folder.segments(after):
            for part in segment.parts():
                yield part


def file_chains(folder: Path) -> list[KeptChain]:
    """The chains of a ledger in files.

    Args:
        folder: of the ledger, or a copy of it.
    """
    return [FileChain(chain) for chain in chains(folder)]


class Walk:
    """One chain read from its beginning to its end, each seal checked.

    Args:
        kept: the chain.
        keys: that may have sealed it.
        told: called with the octets of each part, for whoever shows progress.

    Attributes:
        head: the last entry that holds; None before the reading.
        begins: what the first entry is bound to.
        pruned: what was pruned before it.
        torn: octets at the end that are no whole line: a writer at work, or a crash.
    """

    def __init__(self, kept: KeptChain, keys: LedgerKeys, told: Callable[[int], None] = lambda _: None) -> None:
        self._kept = kept
        self._keys = keys
        self._told = told
        self.head: Head | None = None
        self.begins: Head | None = None
        self.pruned: Pruned | None = None
        self.torn = 0

    async def lines(self) -> AsyncIterator[list[bytes]]:
        """The entries, in lists.

        Raises:
            BrokenChainError: an entry does not follow from the one before it.
            LedgerError: the chain cannot be checked.
        """
        key = await self._key()
        self.begins, self.pruned = await self._kept.begins(key)
        self.head = self.begins
        chain = Chain(key, self.begins)
        rest = b""
        async for part in self._kept.parts(self.begins.n):
            self._told(len(part))
            *whole, rest = (rest + part).split(b"\n")
            yield self._followed(chain, whole)
        self.torn = len(rest)

    def _followed(self, chain: Chain, lines: list[bytes]) -> list[bytes]:
        try:
            for line in lines:
                chain.follow(line)
        finally:
            self.head = chain.head
        return lines

    async def _key(self) -> LedgerKey:
        key_id = await self._kept.key_id()
        key = None if key_id is None else self._keys.find(key_id)
        if key is None:
            named = f"the key {key_id!r}" if key_id is not None else "a key that it does not name"
            raise LedgerError(f"chain {self._kept.name} is sealed with {named}, which is not among those given here")
        return key
