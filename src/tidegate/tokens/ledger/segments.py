"""A chain as files: a folder for each chain, in it segments named by their first entry.

What is checked here is what both the writer and a reader must know: which files belong
to a chain, what it begins with, and what a prune took away.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import open_private, read_private, replace_private
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Head

LOCK_FILE: Final = "lock"
PRUNE_LOCK_FILE: Final = "prune.lock"
_ABOUT_FILE: Final = "chain.json"
_PRUNED_FILE: Final = "pruned.json"
_CHAIN: Final = re.compile(r"[0-9a-f]{16}")
_SEGMENT: Final = re.compile(r"(\d{18})\.jsonl")
_SMALL: Final = 4_096
_PART: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was taken from the beginning of a chain, under the seal of its key.

    Attributes:
        chain: whose.
        through: number of the last entry that is gone.
        mac: of that entry; the first that is left is bound to it.
        at: when, seconds since the epoch.
    """

    chain: str
    through: int
    mac: bytes
    at: int

    def head(self) -> Head:
        """The last entry that is gone."""
        return Head(self.chain, self.through, self.mac)

    def text(self) -> bytes:
        """What is sealed."""
        return orjson.dumps([self.chain, self.through, self.mac.hex(), self.at])

    def proved(self, key: LedgerKey, seal: bytes) -> "Pruned":
        """The same, once its seal was found to be right.

        Args:
            key: of the chain.
            seal: that stands beside it.

        Raises:
            LedgerError: it is wrong.
        """
        if key.sign(self.text()) != seal:
            raise LedgerError(f"the seal of the record of pruning of chain {self.chain} is wrong")
        return self


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a chain.

    Attributes:
        first: number of its first entry.
        path: of the file.
    """

    first: int
    path: Path

    def parts(self) -> Iterator[bytes]:
        """Its octets.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            with os.fdopen(open_private(self.path), "rb") as file:
                while part := file.read(_PART):
                    yield part
        except OSError as error:
            raise LedgerError(f"{self.path.name} cannot be read: {error.strerror}") from error


class ChainFolder:
    """A chain's folder.

    Args:
        path: of the folder; its name is the chain's.
    """

    __slots__ = ("name", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def describe(self, key_id: str) -> None:
        """Say at the chain's beginning whose key seals it.

        Raises:
            LedgerError: it cannot be written.
        """
        about = {"chain": self.name, "key": key_id}
        replace_private(self.path / _ABOUT_FILE, json.dumps(about).encode() + b"\n")

    def key_id(self) -> str | None:
        """Which key seals it; None where the folder does not say.

        Raises:
            LedgerError: the file that says so cannot be read.
        """
        octets = read_private(self.path / _ABOUT_FILE, largest=_SMALL)
        members = None if octets is None else _members(octets)
        key_id = None if members is None else members.get("key")
        return key_id if isinstance(key_id, str) else None

    def segments(self, after: int = 0) -> list[Segment]:
        """Its files, in order.

        Args:
            after: number of the last entry that was pruned. The record of it is written before files
                are removed, so some that belong to it may still be there; they count as gone.
        """
        found = ((_SEGMENT.fullmatch(path.name), path) for path in self.path.iterdir())
        segments = (Segment(int(match[1]), path) for match, path in found if match)
        return sorted((one for one in segments if one.first > after), key=lambda one: one.first)

    def segment(self, first: int) -> Path:
        """Where the segment is that begins with this entry."""
        return self.path / f"{first:018d}.jsonl"

    def begins(self, key: LedgerKey) -> Head:
        """What the first entry that is there must be bound to.

        Raises:
            LedgerError: the record of what was pruned is not sealed by the key.
        """
        pruned = self.pruned(key)
        return Head(self.name, 0, key.genesis(self.name)) if pruned is None else pruned.head()

    def pruned(self, key: LedgerKey) -> Pruned | None:
        """What was pruned, if anything was.

        Raises:
            LedgerError: the record cannot be read, or its seal is wrong.
        """
        octets = read_private(self.path / _PRUNED_FILE, largest=_SMALL)
        if octets is None:
            return None
        members = _members(octets)
        try:
            record = Pruned(self.name, int(members["through"]), bytes.fromhex(members["mac"]), int(members["at"]))
            sealed = bytes.fromhex(members["seal"])
        except (KeyError, TypeError, ValueError):
            raise LedgerError(f"the record of pruning of chain {self.name} is damaged") from None
        return record.proved(key, sealed)

    def note_pruned(self, record: Pruned, key: LedgerKey) -> None:
        """Keep what is to be pruned, before it is.

        Raises:
            LedgerError: it cannot be written.
        """
        members = {"through": record.through, "mac": record.mac.hex(), "at": record.at}
        sealed = {**members, "seal": key.sign(record.text()).hex()}
        replace_private(self.path / _PRUNED_FILE, json.dumps(sealed).encode() + b"\n")


def chains(folder: Path) -> list[ChainFolder]:
    """The chains of a ledger, by name.

    Args:
        folder: of the ledger; there may be none.
    """
    if not folder.is_dir():
        return []
    return [ChainFolder(path) for path in sorted(folder.iterdir()) if _CHAIN.fullmatch(path.name) and path.is_dir()]


def _members(octets: bytes) -> dict[str, str]:
    try:
        members = orjson.loads(octets)
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        raise LedgerError("a file beside a chain is damaged")
    return members
