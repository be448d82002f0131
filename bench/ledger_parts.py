"""The pure part of the ledger, without a server around it: ``ledger_parts.py PART BATCHES``.

Under callgrind with two numbers of batches, the difference of the instructions divided by that of the entries is what
an entry costs; with ``time`` as a third word it prints the best processor time of an entry instead.
"""

import asyncio
import contextlib
import gc
import hashlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from json.encoder import encode_basestring_ascii
from pathlib import Path

from issuer import ISSUER, claims, key_set

from tidegate.clock import SystemClock
from tidegate.credentials import Credentials
from tidegate.errors import Reason, Refusal
from tidegate.http.call import Call
from tidegate.identity.claims import judge
from tidegate.identity.keys import KeySet
from tidegate.identity.model import IssuerPolicy
from tidegate.settings.presets import CLERK
from tidegate.store import Database
from tidegate.tokens.ledger.files import FileSink
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Batch, Head, Opened, Sink
from tidegate.tokens.ledger.rows import DatabaseSink
from tidegate.tokens.ledger.service import Ledger, LedgerOptions
from tidegate.tokens.mint import Minter
from tidegate.tokens.model import Issued, Session
from tidegate.tokens.profile import NO_PROFILE

BATCH = 250
"""Entries that are written together: some 2,500 a second, and 100 ms for which the first one waits."""

SESSIONS = 1_000
APART_S = 0.000_2
KEY = LedgerKey(b"a key of the ledger, for the bench alone")
OPTIONS = LedgerOptions(
    queue_size=1 << 20, window_s=0.0, waits=False, wait_s=60.0, refuses=False, refusals_per_s=0, hashed=False
)

Exchanges = list[tuple[Call, Issued]]
Part = Callable[[Exchanges, int], Awaitable[None]]


class Nowhere:
    """A sink that keeps nothing: what is left is encoding, sealing and handing over."""

    async def open(self, key: LedgerKey) -> Opened:
        """A chain that was never begun."""
        return Opened(Head("0" * 16, 0, key.genesis("0" * 16)))

    async def append(self, batch: Batch) -> None:
        """Nothing is kept."""

    async def aclose(self) -> None:
        """Nothing was held."""


def exchanges() -> Exchanges:
    """What the exchange hands to the ledger, as after verifying sessions of Clerk's form."""
    key = KeySet.from_jwks(key_set()).keys[0]
    policy = IssuerPolicy(name="clerk", issuer=ISSUER, algorithms=frozenset({"RS256"}), preset=CLERK)
    minter = Minter(Credentials.of("benchkey12345", "bench-secret-" + "s" * 52))
    now, made = time.time(), []
    headers = {b"user-agent": b"MyApp/4.2.0 (iPhone; iOS 17.5.1; Scale/3.00)", b"host": b"chat.example.com"}
    for number in range(SESSIONS):
        who = judge(claims(number, int(now), profile=False), "JWT", policy, now, key)
        user_id = who.subject
        session = Session(who, user_id, *minter.rhythm(user_id), 3_600, int(now) + 3_600, NO_PROFILE)
        minted = minter.mint(user_id, minter.rhythm(user_id), now, 3_600)
        call = Call(f"4f1d2c0a9b8e7d6c-{number:012x}", f"203.0.113.{number % 250}", "https", headers)
        call.issuer = "clerk"
        made.append((call, Issued(session, minted, now + number * APART_S)))
    return made


async def issued(made: Exchanges, batches: int) -> None:
    """On the request path: an issuance is noted."""
    ledger = _ledger(Nowhere())
    note = ledger.issued
    for start in _starts(batches):
        for call, one in made[start : start + BATCH]:
            note(call, one)


async def refused(made: Exchanges, batches: int) -> None:
    """On the request path: a refusal that names nobody is noted."""
    ledger, refusal = _ledger(Nowhere()), Refusal(Reason.TOKEN_EXPIRED, "It has expired.")
    for start in _starts(batches):
        for call, one in made[start : start + BATCH]:
            ledger.refused(call, refusal, one.now)


async def written(made: Exchanges, batches: int, sink: Sink | None = None) -> None:
    """Both: noted, then encoded, sealed and handed to a sink that keeps nothing."""
    ledger = _ledger(sink or Nowhere())
    running = asyncio.create_task(ledger.run())
    for start in _starts(batches):
        for call, one in made[start : start + BATCH]:
            ledger.issued(call, one)
        await ledger.durable()
    running.cancel()
    await ledger.aclose()


async def files(made: Exchanges, batches: int) -> None:
    """The same, to files."""
    with tempfile.TemporaryDirectory() as folder:
        await written(made, batches, FileSink(Path(folder) / "ledger", segment_bytes=16 << 20))


async def database(made: Exchanges, batches: int) -> None:
    """The same, to SQLite."""
    async with _database() as opened:
        await written(made, batches, DatabaseSink(opened, SystemClock()))


async def yardstick(made: Exchanges, batches: int) -> None:
    """Nothing of the ledger's: formatting, escaping and hashing, of which both instructions and time are measured."""
    keyed, seen = hashlib.blake2b(digest_size=16, key=b"k" * 32), dict[str, int]()
    for start in _starts(batches):
        for call, one in made[start : start + BATCH]:
            text = f'{{"id":{encode_basestring_ascii(call.id)},"address":{encode_basestring_ascii(call.client)}}}'
            hashed = keyed.copy()
            hashed.update(text.encode("ascii"))
            seen[hashed.hexdigest()] = one.minted.issued_at


PARTS: dict[str, Part] = {
    "issued": issued, "refused": refused, "written": written, "files": files, "database": database,
    "yardstick": yardstick,
}  # fmt: skip


def _starts(batches: int) -> list[int]:
    return [number * BATCH % SESSIONS for number in range(batches)]


def _ledger(sink: Sink) -> Ledger:
    return Ledger(sink, key=lambda: KEY, options=OPTIONS, clock=SystemClock())


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        opened = Database.open(f"sqlite:///{folder}/bench.db")
        await opened.migrate()
        try:
            yield opened
        finally:
            await opened.aclose()


def _timed(part: Part, made: Exchanges, batches: int) -> float:
    began = time.process_time()
    asyncio.run(part(made, batches))
    return time.process_time() - began


def main() -> None:
    """Run a part, and print nothing; or time it."""
    part, batches = PARTS[sys.argv[1]], int(sys.argv[2])
    made = exchanges()
    gc.collect()
    gc.freeze()
    if sys.argv[3:] != ["time"]:
        _timed(part, made, batches)
        return
    few, many = (min(_timed(part, made, count) for _ in range(7)) for count in (batches, 3 * batches))
    print((many - few) * 1e6 / (2 * batches * BATCH))


if __name__ == "__main__":
    main()
