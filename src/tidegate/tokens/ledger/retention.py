"""Retention: whole files from the beginning of a chain go, and what is left still proves."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import stamp, time_of
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import flush_folder, lock
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Head
from tidegate.tokens.ledger.segments import PRUNE_LOCK_FILE, ChainFolder, Pruned, Segment


@dataclass(frozen=True, slots=True)
class Prunable:
    """What can go from a chain.

    Attributes:
        chain: its name.
        segments: the files, all of whose entries are older.
        head: the last entry of them, which the first that is left is bound to.
        entries: how many there are in them.
    """

    chain: ChainFolder
    segments: tuple[Segment, ...]
    head: Head
    entries: int


def prunable(chain: ChainFolder, key: LedgerKey, before: float) -> Prunable:
    """Find the files whose entries are all older, and check that they hold.

    What does not hold is not pruned, or pruning would be a way to hide it. The last file stays: the
    writer may have it in hand.

    Args:
        chain: whose.
        key: that seals it.
        before: seconds since the epoch.

    Raises:
        LedgerError: the chain does not hold.
    """
    begins = chain.begins(key)
    follow, gone = Chain(key, begins), []
    head = begins
    for segment in chain.segments(begins.n)[:-1]:
        # The newest need not be the last: refusals are summed up when their second is over, and clocks are set back.
        if max((time_of(follow.follow(line)) for line in _lines(segment)), default="") >= stamp(before):
            break
        head = follow.head
        gone.append(segment)
    return Prunable(chain, tuple(gone), head, head.n - begins.n)


def prune(found: Prunable, key: LedgerKey, now: float) -> None:
    """Put what goes on record, under the chain's seal, and remove it.

    The record comes first: where a crash comes between, the files that are left over count as gone.

    Args:
        found: what can go.
        key: that seals the chain.
        now: seconds since the epoch.

    Raises:
        LedgerError: somebody else prunes the chain at this moment, or it cannot be done.
    """
    chain = found.chain
    held = lock(chain.path / PRUNE_LOCK_FILE)
    if held is None:
        raise LedgerError(f"chain {chain.name} is being pruned by somebody else")
    try:
        if chain.begins(key).n + found.entries != found.head.n:
            raise LedgerError(f"chain {chain.name} was pruned by somebody else meanwhile")
        chain.note_pruned(Pruned(chain.name, found.head.n, found.head.mac, int(now)), key)
        for segment in chain.segments():
            if segment.first <= found.head.n:
                segment.path.unlink(missing_ok=True)
        flush_folder(chain.path)
    except OSError as error:
        raise LedgerError(f"chain {chain.name} cannot be pruned: {error.strerror}") from error
    finally:
        os.close(held)


def _lines(segment: Segment) -> Iterator[bytes]:
    rest = b""
    for part in segment.parts():
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        raise LedgerError(f"{segment.path.name} ends in the middle of a line")
