"""The ledger as the doors see it: take note, and go on."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.call import Call
from tidegate.http.operators import OperatorCall
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import AGENT_MOST, Head, IssuedNote, Note, OperatedNote, RefusedNote, Sink
from tidegate.tokens.ledger.sums import Sums
from tidegate.tokens.ledger.writer import Intake, Writer
from tidegate.tokens.model import Issued, Session

_LINGER_PART: Final = 0.2
"""The part of the window for which a first note waits for others; the rest is for the disk."""

_CLOSE_S: Final = 5.0
_new: Final = tuple.__new__


@dataclass(frozen=True, slots=True)
class LedgerOptions:
    """How the ledger weighs its duties.

    Attributes:
        queue_size: notes that may wait to be written.
        window_s: seconds after its answer at which an entry should be durable.
        waits: whether a token is handed out only when its entry is durable.
        wait_s: how long that may take, seconds.
        refuses: whether exchanges are refused when there is no room for a note; they go on and are counted otherwise.
        refusals_per_s: refusals a second that name nobody and are written one by one; 0: any number.
        hashed: whether subject, user id and address are written as keyed hashes.
    """

    queue_size: int
    window_s: float
    waits: bool
    wait_s: float
    refuses: bool
    refusals_per_s: int
    hashed: bool


class Records(Protocol):
    """Where exchanges are recorded: the ledger, or nowhere."""

    @property
    def waits(self) -> bool:
        """Whether `durable` is to be awaited before a token is handed out."""
        ...

    @property
    def on(self) -> bool:
        """Whether there is a ledger."""
        ...

    @property
    def failing(self) -> bool:
        """Whether the last attempt to write failed."""
        ...

    @property
    def head(self) -> Head | None:
        """The last durable entry; None before the chain is open, or where there is none."""
        ...

    def issued(self, call: Call, issued: Issued) -> None:
        """Take note of an issuance; never waits.

        Raises:
            Refusal: ``ledger_unavailable``, where none may go unrecorded and there is no room.
        """
        ...

    def refused(self, call: Call, refusal: Refusal, now: float) -> None:
        """Take note of a refusal; never waits, never raises."""
        ...

    def operated(self, call: OperatorCall) -> None:
        """Take note of an operator's call; never waits, never raises."""
        ...

    def tell(self, told: Callable[[Sequence[Note]], None]) -> bool:
        """Have somebody told of what is written, beside the request path.

        Args:
            told: must neither wait nor raise.

        Returns:
            whether anything will be.
        """
        ...

    async def durable(self) -> None:
        """Wait until everything noted so far is durable.

        Raises:
            Refusal: ``ledger_unavailable``, when it takes too long.
        """
        ...


class NoLedger:
    """The ledger switched off."""

    __slots__ = ()
    on = False
    waits = False
    failing = False
    head = None

    def __init__(self) -> None:
        metrics.LEDGER_WINDOW.set(math.nan)

    def issued(self, call: Call, issued: Issued) -> None:
        """Nothing is noted."""

    def refused(self, call: Call, refusal: Refusal, now: float) -> None:
        """Nothing is noted."""

    def operated(self, call: OperatorCall) -> None:
        """Nothing is noted."""

    def tell(self, told: Callable[[Sequence[Note]], None]) -> bool:
        """There is nothing to tell."""
        del told
        return False

    async def durable(self) -> None:
        """Nothing is awaited."""


class Ledger:
    """One writer's chain.

    Args:
        sink: where it is kept.
        key: gives the key that seals; asked beside the event loop, again and again until it can.
        options: weigh the duties.
        clock: for what is late, and for the ledger's own entries.

    Attributes:
        waits: whether `durable` is to be awaited before a token is handed out.
    """

    on = True
    __slots__ = ("_clock", "_intake", "_offer", "_options", "_refuses", "_sums", "_writer", "run", "waits")

    def __init__(self, sink: Sink, *, key: Callable[[], LedgerKey], options: LedgerOptions, clock: Clock) -> None:
        self.waits = options.waits
        self._options = options
        self._clock = clock
        self._refuses = options.refuses
        self._intake = Intake(options.queue_size)
        self._offer = self._intake.offer
        self._sums = Sums(self._intake, options.refusals_per_s, clock)
        self._writer = Writer(
            self._intake,
            sink,
            key=key,
            hashed=options.hashed,
            clock=clock,
            linger_s=0.0 if options.waits else options.window_s * _LINGER_PART,
            window_s=options.window_s,
        )
        self.run = self._writer.run
        metrics.LEDGER_QUEUE.set_function(self._intake.__len__)
        metrics.LEDGER_LAG.set_function(self.lag)
        metrics.LEDGER_WINDOW.set(0.0 if options.waits else options.window_s)

    def issued(self, call: Call, issued: Issued) -> None:
        """Take note of an issuance.

        Raises:
            Refusal: ``ledger_unavailable``, where none may go unrecorded and there is no room.
        """
        session, minted, now = issued
        agent = call.headers.get(b"user-agent")
        if agent is not None and len(agent) > AGENT_MOST:
            agent = agent[:AGENT_MOST]
        # As IssuedNote(...) does, in half the time.
        note = _new(IssuedNote, (now, call.id, call.client, call.trace, agent, session, minted))
        if not self._offer(note) and self._refuses:
            raise _unavailable()

    def refused(self, call: Call, refusal: Refusal, now: float) -> None:
        """Take note of a refusal, or count it where too many name nobody."""
        session = refusal.whose if isinstance(refusal.whose, Session) else None
        reason = refusal.reason.value
        if session is None and not self._sums.admits(call.issuer, reason, now):
            return
        agent = call.headers.get(b"user-agent")
        if agent is not None:
            agent = agent[:AGENT_MOST]
        self._intake.offer(RefusedNote(now, call.id, call.client, call.trace, agent, reason, call.issuer, session))

    def operated(self, call: OperatorCall) -> None:
        """Take note of an operator's call; who has no key is a stranger here too."""
        now = self._clock.now()
        if call.operator is None and not self._sums.admits("none", call.reason, now):
            return
        self._intake.offer(
            OperatedNote(
                now,
                call.request_id,
                call.client,
                call.trace,
                call.reason,
                call.operator,
                call.method,
                call.route,
                call.status,
            )
        )

    async def durable(self) -> None:
        """Wait until everything noted so far is durable.

        Raises:
            Refusal: ``ledger_unavailable``, when it takes too long.
        """
        mark = self._intake.taken + len(self._intake)
        try:
            async with asyncio.timeout(self._options.wait_s):
                while self._writer.durable < mark:
                    await self._writer.progress.wait()
        except TimeoutError:
            raise _unavailable() from None

    def tell(self, told: Callable[[Sequence[Note]], None]) -> bool:
        """Have somebody told of each batch that is written; the last one who asks is told."""
        self._writer.told = told
        return True

    def lag(self) -> float:
        """Age of the oldest note that is not durable yet, seconds; 0 where there is none."""
        since = self._writer.since if self._writer.since is not None else self._intake.oldest()
        return 0.0 if since is None else max(0.0, self._clock.now() - since)

    @property
    def failing(self) -> bool:
        """Whether the last attempt to write failed."""
        return self._writer.failing

    @property
    def head(self) -> Head | None:
        """The last durable entry; None before the chain is open."""
        return self._writer.head

    async def aclose(self) -> None:
        """Write what is there, and let go of the chain."""
        self._sums.close()
        await self._writer.aclose(_CLOSE_S)


def _unavailable() -> Refusal:
    return Refusal(
        Reason.LEDGER_UNAVAILABLE, "The issuance could not be recorded, and none goes unrecorded here.", retry_after=1
    )
