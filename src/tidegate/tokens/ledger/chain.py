"""The chain: each entry carries a keyed MAC over the one before it and itself."""

import re
from collections.abc import Iterator
from typing import Final

from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import MAC_BYTES, LedgerKey
from tidegate.tokens.ledger.model import Head

_BEFORE_SEAL: Final = b',"mac":"'
_AFTER_SEAL: Final = b'"}'
_SEAL_SPAN: Final = len(_BEFORE_SEAL) + 2 * MAC_BYTES + len(_AFTER_SEAL)
_HEXADECIMAL: Final = re.compile(rb"[0-9a-f]{%d}" % (2 * MAC_BYTES))
_NUMBER: Final = b'{"n":'
_DIGITS_MOST: Final = 18


class BrokenChainError(LedgerError):
    """An entry does not follow from the one before it.

    Args:
        head: the last entry that holds.
        why: what is wrong with the next.
    """

    def __init__(self, head: Head, why: str) -> None:
        super().__init__(f"chain {head.chain} holds up to entry {head.n}, and not further: {why}")
        self.head = head
        self.why = why


class Chain:
    """Goes on with a chain.

    Args:
        key: seals.
        head: the entry to go on from.

    Attributes:
        name: of the chain.
        n: number of the last entry.
        mac: of the last entry.
    """

    __slots__ = ("_key", "mac", "n", "name")

    def __init__(self, key: LedgerKey, head: Head) -> None:
        self._key = key
        self.name = head.chain
        self.n = head.n
        self.mac = head.mac

    @property
    def head(self) -> Head:
        """Where it stands."""
        return Head(self.name, self.n, self.mac)

    def seal(self, body: str) -> str:
        """The whole line of the next entry.

        Args:
            body: of the entry number ``n`` + 1, ASCII without a line break, from the encoder.
        """
        self.mac = self._key.seal(self.mac, body.encode("ascii"))
        self.n += 1
        return f'{body},"mac":"{self.mac.hex()}"}}\n'

    def follow(self, line: bytes) -> bytes:
        """Check that a line is the next entry, and go on from it.

        Args:
            line: without its line break.

        Returns:
            the line.

        Raises:
            BrokenChainError: it is not; the chain stays where it is.
        """
        body, mac = split(line)
        if mac is None:
            raise BrokenChainError(self.head, "what comes next is no entry")
        number = f"{self.n + 1},".encode()
        if not body.startswith(_NUMBER) or not body.startswith(number, len(_NUMBER)):
            raise BrokenChainError(self.head, "what comes next has another number")
        # No secret is compared: whoever can read the line has its seal in front of him.
        if self._key.seal(self.mac, body) != mac:
            raise BrokenChainError(self.head, "the seal of the next entry is wrong")
        self.mac = mac
        self.n += 1
        return line

    def follow_all(self, octets: bytes) -> Iterator[bytes]:
        """Check whole lines, each ending in a line break.

        Raises:
            BrokenChainError: one is not the next entry.
        """
        for line in octets.split(b"\n")[:-1]:
            yield self.follow(line)


def split(line: bytes) -> tuple[bytes, bytes | None]:
    """What an entry's seal is over, and the seal; None where the line is no sealed entry."""
    body, seal = line[:-_SEAL_SPAN], line[-_SEAL_SPAN:]
    if not seal.startswith(_BEFORE_SEAL) or not seal.endswith(_AFTER_SEAL):
        return line, None
    digits = seal[len(_BEFORE_SEAL) : -len(_AFTER_SEAL)]
    if _HEXADECIMAL.fullmatch(digits) is None:  # a seal has one spelling
        return line, None
    return body, bytes.fromhex(digits.decode("ascii"))


def number_of(line: bytes) -> int | None:
    """The number that a line claims; nothing is checked."""
    digits = line[len(_NUMBER) :].split(b",", 1)[0]
    return int(digits) if line.startswith(_NUMBER) and digits.isdigit() and len(digits) <= _DIGITS_MOST else None
