"""Retention: whole pieces from the beginning of a chain go, and what is left still proves.

A piece is a file, or a batch in the database.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import stamp, time_of
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Head
from tidegate.tokens.ledger.segments import Pruned


class PrunableChain(Protocol):
    """A chain whose beginning can go, wherever it is kept."""

    @property
    def name(self) -> str:
        """Of the chain."""
        ...

    async def begins(self, key: LedgerKey) -> tuple[Head, Pruned | None]:
        """What the first entry must be bound to, and what was pruned before it.

        Raises:
            LedgerError: what says so is not sealed by the key.
        """
        ...

    def pieces(self, after: int) -> AsyncGenerator[Iterable[bytes], None]:
        """What goes whole or stays whole, in order, its octets cut anywhere.

        Args:
            after: number of the last entry that was pruned.

        Raises:
            LedgerError: they cannot be read.
        """
        ...

    async def remove(self, begins: Head, record: Pruned, key: LedgerKey) -> None:
        """Put on record what goes, under the chain's seal, and remove it; never the one without the other.

        Args:
            begins: what the first entry was bound to when this was decided.
            record: what goes.
            key: that seals the chain.

        Raises:
            LedgerError: somebody else prunes the chain, or has done so meanwhile, or it cannot be done.
        """
        ...


@dataclass(frozen=True, slots=True)
class Prunable:
    """What can go from a chain.

    Attributes:
        chain: whose.
        begins: what its first entry is bound to.
        head: the last entry that goes, which the first that is left is bound to.
        pieces: how many files, or batches.
    """

    chain: PrunableChain
    begins: Head
    head: Head
    pieces: int

    @property
    def entries(self) -> int:
        """How many entries go."""
        return self.head.n - self.begins.n


async def prunable(chain: PrunableChain, key: LedgerKey, before: float) -> Prunable:
    """Find the pieces whose entries are all older, and check that they hold.

    What does not hold is not pruned, or pruning would be a way to hide it. The last piece stays: the
    writer may have it in hand.

    Args:
        chain: whose.
        key: that seals it.
        before: seconds since the epoch.

    Raises:
        LedgerError: the chain does not hold.
    """
    begins, _ = await chain.begins(key)
    follow, head, pieces = Chain(key, begins), begins, 0
    bound, newest, follows = stamp(before), "", begins
    async with aclosing(chain.pieces(begins.n)) as found:
        async for piece in found:
            # The one before has one behind it, so it is not the last.
            if newest >= bound:
                break
            if follows is not begins:
                head, pieces = follows, pieces + 1
            # The newest need not be the last: refusals are summed up when their second is over, and clocks go back.
            newest = max((time_of(follow.follow(line)) for line in _lines(chain.name, piece)), default="")
            follows = follow.head
    return Prunable(chain, begins, head, pieces)


async def prune(found: Prunable, key: LedgerKey, now: float) -> None:
    """Put what goes on record, under the chain's seal, and remove it.

    Args:
        found: what can go.
        key: that seals the chain.
        now: seconds since the epoch.

    Raises:
        LedgerError: somebody else prunes the chain at this moment, or it cannot be done.
    """
    if not found.pieces:
        return
    head = found.head
    await found.chain.remove(found.begins, Pruned(head.chain, head.n, head.mac, int(now)), key)


def _lines(chain: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        raise LedgerError(f"a part of chain {chain} that is not the last ends in the middle of a line")
