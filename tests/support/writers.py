"""A ledger at work, and a sink in memory that does as a test says."""

import asyncio

from support.issuing import NOW
from support.ledgers import KEY, issued, session
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.http.call import Call
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.model import Head, Opened, parse
from tidegate.tokens.ledger.service import Ledger, LedgerOptions
from tidegate.tokens.model import Issued

NAME = "00112233445566aa"
BEGUN = Head(NAME, 0, KEY.genesis(NAME))


class Memory:
    """A sink that does as the test says; what it has holds as a chain, or the test fails."""

    def __init__(self, *, opening=0, failures=0, cut=0):
        self.chain = Chain(KEY, BEGUN)
        self.entries = []
        self.batches = []
        self.opening = opening
        self.failures = failures
        self.cut = cut
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    async def open(self, key):
        assert key is KEY
        if self.opening:
            self.opening -= 1
            raise LedgerError("not yet")
        return Opened(BEGUN, self.cut)

    async def append(self, batch):
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise LedgerError("the disk is full")
        assert (batch.first, batch.last) == (self.chain.n + 1, self.chain.n + batch.octets.count(b"\n"))
        self.batches.append(batch)
        self.entries += [parse(NAME, line) for line in self.chain.follow_all(batch.octets)]

    async def aclose(self):
        self.closed = True

    def events(self):
        return [entry.event for entry in self.entries]


class Running:
    """A ledger at work."""

    def __init__(self, sink, **options):
        self.clock = ManualClock(NOW)
        given = {"queue_size": 64, "window_s": 0.02, "waits": False, "wait_s": 0.2, "refuses": False}
        given |= {"refusals_per_s": 50, "hashed": False}
        self.ledger = Ledger(sink, key=lambda: KEY, options=LedgerOptions(**{**given, **options}), clock=self.clock)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.ledger.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.ledger.aclose()

    def issue(self, user_id="ada", *, request="r"):
        note = issued(self.clock.now(), whose=session(user_id))
        call = Call(request, "203.0.113.7", "https", {b"user-agent": b"app/1.0"})
        self.ledger.issued(call, Issued(note.session, note.minted, note.now))

    def refuse(self, reason=Reason.TOKEN_EXPIRED, *, issuer="none", whose=None):
        call = Call("r", "203.0.113.9", "https", {b"user-agent": b"app/1.0"})
        refusal = Refusal(reason, "No.")
        call.issuer, refusal.whose = issuer, whose
        self.ledger.refused(call, refusal, self.clock.now())
