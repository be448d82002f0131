"""Whether a ledger is whole: each chain in itself, and against copies of its heads kept elsewhere."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tidegate.tokens.ledger.chain import number_of, split
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKeys
from tidegate.tokens.ledger.model import Event, Head, parse
from tidegate.tokens.ledger.reading import KeptChain, Walk

_OWN_EVENTS = (b'"event":"lost"', b'"event":"recovered"', b'"event":"summed"')


@dataclass(slots=True)
class Finding:
    """What was found about one chain.

    Attributes:
        chain: its name.
        head: the last entry that holds.
        entries: how many there are, up to there.
        pruned_through: number of the last entry that was pruned; 0 for none.
        summed: refusals that name nobody and are counted rather than written one by one.
        lost: entries that the chain says were never written.
        recoveries: how often a start took away an unfinished line.
        torn: octets at the end that are no whole line.
        wrong: what is wrong; "" where everything holds.
        since: time of the first entry.
        until: time of the last.
    """

    chain: str
    head: Head | None = None
    entries: int = 0
    pruned_through: int = 0
    summed: int = 0
    lost: int = 0
    recoveries: int = 0
    torn: int = 0
    wrong: str = ""
    since: str = ""
    until: str = ""
    _last: bytes = field(default=b"", repr=False)

    def take(self, lines: list[bytes]) -> None:
        """Take note of entries that hold."""
        if not lines:
            return
        if not self.since:
            self.since = parse(self.chain, lines[0]).time
        self._last = lines[-1]
        for line in lines:
            # Quotes within texts are escaped, so these octets stand in an entry of the ledger's own alone.
            if any(event in line for event in _OWN_EVENTS):
                entry = parse(self.chain, line)
                self.summed += entry.count or 0 if entry.event == Event.SUMMED else 0
                self.lost += entry.count or 0 if entry.event == Event.LOST else 0
                self.recoveries += entry.event == Event.RECOVERED

    def end(self) -> None:
        """Note the time of the last entry."""
        if self._last:
            self.until = parse(self.chain, self._last).time


async def audit(
    chains: Iterable[KeptChain],
    keys: LedgerKeys,
    *,
    checkpoints: Mapping[str, Head],
    told: Callable[[int], None] = lambda _: None,
) -> list[Finding]:
    """Check every chain from its beginning to its end.

    Args:
        chains: of the ledger.
        keys: that may have sealed them.
        checkpoints: heads that were kept elsewhere, by chain.
        told: called with the octets that were read.

    Returns:
        a finding for each chain, and for each that a checkpoint names and that is gone.
    """
    found = [await _audited(Walk(chain, keys, told), chain.name, checkpoints.get(chain.name)) for chain in chains]
    names = {finding.chain for finding in found}
    found += [
        Finding(name, wrong=f"the chain is gone: its checkpoint says that it had {head.n} entries")
        for name, head in checkpoints.items()
        if name not in names
    ]
    return found


async def _audited(walk: Walk, name: str, checkpoint: Head | None) -> Finding:
    finding = Finding(name)
    met = checkpoint is None or checkpoint.n == 0
    try:
        async for lines in walk.lines():
            finding.take(lines)
            met = met or (checkpoint is not None and _meets(lines, checkpoint))
    except LedgerError as error:
        finding.wrong = str(error)
    finding.head, finding.torn = walk.head, walk.torn
    if walk.head is not None and walk.begins is not None:
        finding.entries = walk.head.n - walk.begins.n
    finding.pruned_through = walk.pruned.through if walk.pruned is not None else 0
    finding.end()
    if checkpoint is not None and not met and not finding.wrong and checkpoint.n > finding.pruned_through:
        finding.wrong = _against(checkpoint, walk.head)
    return finding


def _meets(lines: list[bytes], checkpoint: Head) -> bool:
    """Whether the checkpoint's entry is among these and has its seal."""
    first = number_of(lines[0]) if lines else None
    if first is None or not first <= checkpoint.n < first + len(lines):
        return False
    return split(lines[checkpoint.n - first])[1] == checkpoint.mac


def _against(checkpoint: Head, head: Head | None) -> str:
    last = 0 if head is None else head.n
    if last < checkpoint.n:
        return f"entries are missing at the end: the checkpoint says that there were {checkpoint.n}, there are {last}"
    return f"the chain was made anew: entry {checkpoint.n} has another seal than in the checkpoint"


async def heads(
    chains: Iterable[KeptChain], keys: LedgerKeys, told: Callable[[int], None] = lambda _: None
) -> list[Head]:
    """Where the chains stand, each checked from its beginning.

    Args:
        chains: of the ledger.
        keys: that may have sealed them.
        told: called with the octets that were read.

    Raises:
        LedgerError: one does not hold.
    """
    found = []
    for chain in chains:
        walk = Walk(chain, keys, told)
        async for _ in walk.lines():
            pass
        if walk.head is not None:
            found.append(walk.head)
    return found


def checkpoint_lines(heads: Iterable[Head]) -> str:
    """Heads as lines of JSON, to be kept elsewhere."""
    return "".join(
        orjson.dumps({"chain": head.chain, "n": head.n, "mac": head.mac.hex()}).decode() + "\n" for head in heads
    )


def read_checkpoints(path: Path) -> dict[str, Head]:
    """The heads of a file of checkpoints; of several of one chain, the furthest.

    Raises:
        LedgerError: it cannot be read, or is none.
    """
    found: dict[str, Head] = {}
    try:
        for line in path.read_bytes().splitlines():
            members = orjson.loads(line)
            head = Head(str(members["chain"]), int(members["n"]), bytes.fromhex(members["mac"]))
            if head.chain not in found or found[head.chain].n < head.n:
                found[head.chain] = head
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError):
        raise LedgerError(f"{path.name} is no file of checkpoints") from None
    return found
