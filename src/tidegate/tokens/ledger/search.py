"""Looking things up: read from end to end, every seal checked on the way."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.tokens.ledger.encoding import stamp, time_of
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKeys
from tidegate.tokens.ledger.model import Entry, Event, parse
from tidegate.tokens.ledger.reading import KeptChain, Walk

_HASHED: Final = ("subject", "user_id", "address", "session")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for.

    Attributes:
        since: seconds since the epoch of the first moment, if that matters.
        until: of the last.
        members: for each member that matters, the values that it may have.
    """

    since: float | None = None
    until: float | None = None
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def at(self, line: bytes) -> bool:
        """Whether an entry's time is one of those; the entry is not read for it."""
        time = time_of(line)
        return (self.since is None or stamp(self.since) <= time) and (self.until is None or time <= stamp(self.until))

    def fits(self, entry: Entry) -> bool:
        """Whether an entry's members are among those."""
        return all(getattr(entry, name) in values for name, values in self.members.items())


def wanted(
    keys: LedgerKeys, given: Mapping[str, str | None], *, since: float | None = None, until: float | None = None
) -> Wanted:
    """What is looked for, by name and by what stands in for the name.

    Args:
        keys: that may have hashed names.
        given: a member's name to the value that it should have; None: any.
        since: seconds since the epoch.
        until: seconds since the epoch.
    """
    members = {
        name: frozenset({value, *(key.name(name, value) for key in keys.all() if name in _HASHED)})
        for name, value in given.items()
        if value is not None
    }
    return Wanted(since, until, members)


async def search(
    chains: Iterable[KeptChain], keys: LedgerKeys, looked_for: Wanted, told: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Entry]:
    """The entries that are looked for, chain by chain.

    Args:
        chains: of the ledger.
        keys: that may have sealed them.
        looked_for: which entries.
        told: called with the octets that were read.

    Raises:
        LedgerError: a chain does not hold; what came before it does.
    """
    for chain in chains:
        async for lines in Walk(chain, keys, told).lines():
            for line in lines:
                if looked_for.at(line) and looked_for.fits(entry := parse(chain.name, line)):
                    yield entry


@dataclass(slots=True)
class Holder:
    """One user who could have held a token in a span of time.

    Attributes:
        user_id: at Stream, as it is written.
        subject: as the issuer names the person, as it is written; "" where only operators made tokens.
        issuer: the configured name.
        tokens: how many different ones.
        first_iat: of the earliest, seconds since the epoch.
        last_exp: the latest end, seconds since the epoch.
        addresses: from which they were asked for.
        actors: who acted in the user's place, or made a token as an operator.
    """

    user_id: str
    subject: str
    issuer: str
    first_iat: int
    last_exp: int
    tokens: int = 0
    addresses: set[str] = field(default_factory=set)
    actors: set[str] = field(default_factory=set)
    _seen: set[tuple[int, int]] = field(default_factory=set, repr=False)

    def take(self, entry: Entry, iat: int, exp: int) -> None:
        """Count one issuance in."""
        self._seen.add((iat, exp))
        self.tokens = len(self._seen)
        self.first_iat, self.last_exp = min(self.first_iat, iat), max(self.last_exp, exp)
        if entry.address is not None:
            self.addresses.add(entry.address)
        if (actor := entry.act or entry.operator) is not None:
            self.actors.add(actor)


async def holders(
    chains: Iterable[KeptChain],
    keys: LedgerKeys,
    span: tuple[float, float],
    told: Callable[[int], None] = lambda _: None,
) -> list[Holder]:
    """Who could have held a valid token at some moment of a span.

    Args:
        chains: of the ledger.
        keys: that may have sealed them.
        span: its first and last moment, seconds since the epoch: a token counts whose ``iat`` is not after the
            last and whose ``exp`` is not before the first.
        told: called with the octets that were read.

    Returns:
        one for each user, by user id.

    Raises:
        LedgerError: a chain does not hold, or an issuance in it has no times.
    """
    found: dict[tuple[str, str], Holder] = {}
    issued = Wanted(members={"event": frozenset({Event.ISSUED.value, Event.MINTED.value})})
    async for entry in search(chains, keys, issued, told):
        iat, exp, user_id = entry.iat, entry.exp, entry.user_id
        if iat is None or exp is None or user_id is None:
            raise LedgerError(f"entry {entry.n} of chain {entry.chain} is an issuance without a user or times")
        if iat <= span[1] and exp >= span[0]:
            issuer = entry.issuer or ""
            holder = found.setdefault((issuer, user_id), Holder(user_id, entry.subject or "", issuer, iat, exp))
            holder.take(entry, iat, exp)
    return [found[key] for key in sorted(found, key=lambda key: key[1])]
