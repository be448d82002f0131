"""What the ledger is told, what it writes, and what a reader gets back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import orjson

from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.mint import Minted
from tidegate.tokens.model import Session

AGENT_MOST: Final = 256
"""Octets of a user agent that are kept."""


class Event(StrEnum):
    """What an entry tells of. The values are part of the format and never change."""

    ISSUED = "issued"
    REFUSED = "refused"
    SUMMED = "summed"
    OPERATED = "operated"
    MINTED = "minted"
    OPENED = "opened"
    CLOSED = "closed"
    LOST = "lost"
    RECOVERED = "recovered"


class IssuedNote(NamedTuple):
    """An issuance as the exchange leaves it behind; everything else follows from it later.

    Attributes:
        now: seconds since the epoch.
        request: the request's id.
        address: of the client.
        trace: the W3C trace id.
        agent: the ``User-Agent`` as received.
        session: whose token it is.
        minted: the token's times; the token itself is never written.
    """

    now: float
    request: str
    address: str
    trace: str | None
    agent: bytes | None
    session: Session
    minted: Minted


class RefusedNote(NamedTuple):
    """A refusal as the exchange leaves it behind.

    Attributes:
        now: seconds since the epoch.
        request: the request's id.
        address: of the client.
        trace: the W3C trace id.
        agent: the ``User-Agent`` as received.
        reason: the code.
        issuer: the configured name of the issuer, or ``none``.
        session: the verified session that was refused all the same; None where none was verified.
    """

    now: float
    request: str
    address: str
    trace: str | None
    agent: bytes | None
    reason: str
    issuer: str
    session: Session | None


class SummedNote(NamedTuple):
    """Refusals of one second, issuer and reason that name nobody and are not written one by one.

    Attributes:
        now: when the last of them was, seconds since the epoch.
        closed: when the counting ended, and the note began to wait, seconds since the epoch.
        reason: the code.
        issuer: the configured name of the issuer, or ``none``.
        refusals: how many.
    """

    now: float
    closed: float
    reason: str
    issuer: str
    refusals: int


class OperatedNote(NamedTuple):
    """A call of an operator's route, answered.

    Attributes:
        now: seconds since the epoch.
        request: the request's id.
        address: of the client.
        trace: the W3C trace id.
        reason: of a refusal, else ``none``.
        operator: the name; None where no key was accepted.
        method: one of the known methods.
        route: the route's template, never the path as received.
        status: of the answer.
    """

    now: float
    request: str
    address: str
    trace: str | None
    reason: str
    operator: str | None
    method: str
    route: str
    status: int


class MintedNote(NamedTuple):
    """A token that an operator makes for somebody, without a session.

    Attributes:
        now: seconds since the epoch.
        user_id: at Stream.
        operator: who makes it.
        note: why, in the operator's words.
        minted: the token's times; the token itself is never written.
    """

    now: float
    user_id: str
    operator: str
    note: str
    minted: Minted


Note = IssuedNote | RefusedNote | SummedNote | OperatedNote | MintedNote


def waits_since(note: Note) -> float:
    """When a note began to wait for being written, seconds since the epoch."""
    return note.closed if isinstance(note, SummedNote) else note.now


def weight(note: Note) -> int:
    """How many exchanges a note tells of."""
    return note.refusals if isinstance(note, SummedNote) else 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Sealed entries on their way to where they are kept.

    Attributes:
        first: number of the first entry.
        last: number of the last.
        since: seconds since the epoch of the earliest entry.
        until: of the latest.
        octets: the lines.
    """

    first: int
    last: int
    since: float
    until: float
    octets: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: whoever keeps a copy elsewhere can show that entries are missing.

    Attributes:
        chain: its name.
        n: number of the last entry; 0 before the first.
        mac: of the last entry.
    """

    chain: str
    n: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A chain ready to be gone on with.

    Attributes:
        head: where it stands.
        cut: octets of an unfinished line that a crash left and the opening took away.
    """

    head: Head
    cut: int = 0


class Sink(Protocol):
    """Where a chain is kept."""

    async def open(self, key: LedgerKey) -> Opened:
        """Find or begin a chain of this key, and keep others from it.

        Args:
            key: seals.

        Raises:
            LedgerError: it cannot be.
        """
        ...

    async def append(self, batch: Batch) -> None:
        """Keep a batch, durably; after an error the same batch comes again, and is kept once.

        Raises:
            LedgerError: it could not be kept.
        """
        ...

    async def aclose(self) -> None:
        """Leave the chain to others."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a reader sees it. A member that does not apply is None.

    Attributes:
        chain: the chain that it stands in.
        n: its number there, from 1.
        time: when, as RFC 3339 writes it, in milliseconds.
        event: what it tells of.
        reason: of a refusal; else ``none``.
        issuer: the configured name.
        subject: as the issuer names the person; a keyed hash where that is set.
        user_id: at Stream; the same.
        session: keyed hash of the session's id.
        act: who acts in the subject's place.
        address: of the client; a keyed hash where that is set.
        agent: the beginning of the user agent.
        request: the request's id.
        trace: the W3C trace id.
        generation: of the credentials that signed the token.
        iat: of the token, seconds since the epoch.
        exp: of the token, seconds since the epoch.
        operator: whose call it was.
        method: of the operator's call.
        route: its template.
        status: of the answer.
        count: how many refusals were summed, entries lost, or octets cut.
        note: why an operator made a token, in his words.
        line: the entry as it is written.
    """

    chain: str
    n: int
    time: str
    event: str
    reason: str | None
    issuer: str | None
    subject: str | None
    user_id: str | None
    session: str | None
    act: str | None
    address: str | None
    agent: str | None
    request: str | None
    trace: str | None
    generation: str | None
    iat: int | None
    exp: int | None
    operator: str | None
    method: str | None
    route: str | None
    status: int | None
    count: int | None
    note: str | None
    line: bytes


FIELDS: Final[Sequence[str]] = tuple(name for name in Entry.__slots__ if name not in {"chain", "line"})
"""The members of an entry, in the order in which they are written and shown."""


def parse(chain: str, line: bytes) -> Entry:
    """An entry from its line, whose seal the caller has checked.

    Args:
        chain: where it stands.
        line: without its line break.

    Raises:
        LedgerError: it is no entry.
    """
    try:
        members = orjson.loads(line)
        return Entry(chain=chain, line=line, **{name: members.get(name) for name in FIELDS})
    except (AttributeError, orjson.JSONDecodeError):
        raise LedgerError(f"a line of chain {chain} is no entry") from None
