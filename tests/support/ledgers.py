"""Ledgers to test with: notes of exchanges that never were, and chains written by hand."""

import asyncio
import re

from support.issuing import NOW, clerk_claims, subject
from tidegate.credentials import Credentials
from tidegate.tokens.ledger.audit import audit
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import Encoder
from tidegate.tokens.ledger.files import FileSink
from tidegate.tokens.ledger.keys import LedgerKey, LedgerKeys
from tidegate.tokens.ledger.model import Batch, IssuedNote, OperatedNote, RefusedNote, SummedNote
from tidegate.tokens.ledger.reading import file_chains
from tidegate.tokens.mint import Minted
from tidegate.tokens.model import Session
from tidegate.tokens.profile import NO_PROFILE

GENERATION = Credentials.of("key", "secret").primary
KEY = LedgerKey(b"a key of the ledger, for tests alone")
OTHER_KEY = LedgerKey(b"another key of the ledger, for tests")
KEYS = LedgerKeys([KEY])
LINE = re.compile(rb"[ -~]+\n")


def session(user_id="ada", **claims):
    who = subject({**clerk_claims(), **claims})
    return Session(who, user_id, 0, 75, "0" * 12, GENERATION, 3600, int(NOW) + 3600, NO_PROFILE)


def issued(now=NOW, *, whose=None, request="r-1", address="203.0.113.7", agent=b"app/1.0", life=3600):
    minted = Minted("a.stream.token", int(now) - 5, int(now) - 5 + life, int(now) + 2000, GENERATION)
    return IssuedNote(now, request, address, None, agent, whose or session(), minted)


def refused(now=NOW, reason="token_expired", *, agent=b"app/1.0", whose=None):
    return RefusedNote(now, "r-2", "203.0.113.9", "0" * 31 + "1", agent, reason, "clerk", whose)


def summed(now=NOW, reason="token_expired", *, issuer="clerk", count=7):
    return SummedNote(now, now + 1, reason, issuer, count)


def operated(now=NOW, operator="otto", *, route="/operator/v1/bans/{user_id}", method="DELETE"):
    return OperatedNote(now, "r-3", "127.0.0.1", None, "none", operator, method, route, 200)


def sealed(chain, notes, *, key=KEY, hashed=False):
    """The next batch of a chain."""
    encoder, first = Encoder(key, hashed=hashed), chain.n + 1
    lines = [chain.seal(encoder.note(chain.n + 1, note)) for note in notes]
    times = [note.now for note in notes]
    return Batch(first, chain.n, min(times), max(times), "".join(lines).encode("ascii"))


class Scribe:
    """A writer without a service: opens a chain, writes batches, goes."""

    def __init__(self, folder, *, key=KEY, segment_bytes=1 << 20):
        self.sink = FileSink(folder, segment_bytes=segment_bytes)
        self.opened = asyncio.run(self.sink.open(key))
        self.chain = Chain(key, self.opened.head)
        self.key = key

    def write(self, *notes):
        batch = sealed(self.chain, notes or [issued()], key=self.key)
        asyncio.run(self.sink.append(batch))
        return batch

    def leave(self):
        """As at an orderly end, and as when the process dies: the lock goes with it."""
        asyncio.run(self.sink.aclose())


def verified(folder, keys=KEYS, checkpoints=None):
    """The findings about a ledger in files."""
    return asyncio.run(audit(file_chains(folder), keys, checkpoints=checkpoints or {}))


def entry_lines(folder):
    """All lines of a ledger in files, chain by chain."""
    return [line for path in sorted(folder.glob("*/*.jsonl")) for line in path.read_bytes().splitlines()]
