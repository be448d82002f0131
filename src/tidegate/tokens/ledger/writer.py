"""Sealing and writing, beside the request path: one batch at a time, each durable before the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import Encoder
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Batch, Event, Head, Note, Sink, waits_since, weight

T = TypeVar("T")

_SLICE: Final = 64
"""Entries that are sealed before requests get their turn again: some 0.2 ms."""

_BATCH_MOST: Final = 4_096
_RETRY_FIRST_S: Final = 0.05
_RETRY_MOST_S: Final = 2.0
_log = structlog.get_logger("tidegate.ledger")


class Intake:
    """Notes that wait to be written.

    Args:
        most: notes that may wait; further ones are lost, and counted.

    Attributes:
        arrived: set when there is something to write.
        taken: how many notes were taken out so far.
    """

    __slots__ = ("_lost", "_most", "_queue", "arrived", "taken")

    def __init__(self, most: int) -> None:
        self._queue: deque[Note] = deque()
        self._most = most
        self._lost = 0
        self.arrived = asyncio.Event()
        self.taken = 0

    def offer(self, note: Note) -> bool:
        """Keep a note; False where there is no room."""
        queue = self._queue
        if len(queue) >= self._most:
            self.lose(note)
            return False
        if not queue:
            self.arrived.set()
        queue.append(note)
        return True

    def take(self, most: int) -> list[Note]:
        """The oldest notes, at most so many."""
        queue = self._queue
        notes = [queue.popleft() for _ in range(min(most, len(queue)))]
        self.taken += len(notes)
        if not queue:
            self.arrived.clear()
        return notes

    def lose(self, note: Note) -> None:
        """Count a note that is not written."""
        self._lost += weight(note)
        metrics.LEDGER_LOST.inc(weight(note))

    def take_lost(self) -> int:
        """How many were lost since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost

    def oldest(self) -> float | None:
        """Since when the oldest note waits, seconds since the epoch."""
        return waits_since(self._queue[0]) if self._queue else None

    def __len__(self) -> int:
        return len(self._queue)


class Writer:
    """Writes one chain.

    Args:
        intake: what to write.
        sink: where to.
        key: gives the key that seals; asked beside the event loop.
        hashed: whether subject, user id and address are written as keyed hashes.
        clock: for the ledger's own entries, and for what is late.
        linger_s: how long a first note waits for others, seconds.
        window_s: after how many seconds a note is late.

    Attributes:
        durable: how many notes are durable so far.
        progress: pulsed when there are more.
        since: since when the oldest note of the batch in work waits; None: there is none.
        failing: whether the last attempt to write failed.
        told: called with the notes of each batch before it is written; it must neither wait nor raise.
    """

    def __init__(
        self,
        intake: Intake,
        sink: Sink,
        *,
        key: Callable[[], LedgerKey],
        hashed: bool,
        clock: Clock,
        linger_s: float,
        window_s: float,
    ) -> None:
        self._intake = intake
        self._sink = sink
        self._key = key
        self._hashed = hashed
        self._clock = clock
        self._linger_s = linger_s
        self._window_s = window_s
        self._chain: Chain | None = None
        self._encoder: Encoder | None = None
        self._kept: Head | None = None
        self._work: asyncio.Future[None] | None = None
        self.durable = 0
        self.progress = asyncio.Event()
        self.since: float | None = None
        self.failing = False
        self.told: Callable[[Sequence[Note]], None] = _untold

    @property
    def head(self) -> Head | None:
        """The last durable entry; None before there is one of this writer's."""
        return self._kept

    async def run(self) -> None:
        """Write until cancelled; what is being written then is written to its end."""
        if self._chain is None:
            await self._undisturbed(self._begin())
        while True:
            await self._intake.arrived.wait()
            await asyncio.sleep(self._linger_s)
            await self._undisturbed(self._write_all())

    async def aclose(self, limit_s: float) -> None:
        """Write what is there, say that the end was orderly, and let go of the chain.

        Args:
            limit_s: seconds; what is not written by then is lost.
        """
        try:
            async with asyncio.timeout(limit_s):
                if self._work is not None:
                    await self._work
                if self._chain is None:
                    await self._begin()
                await self._write_all()
                await self._mark(Event.CLOSED)
        except TimeoutError:
            _log.error("the ledger could not be written to its end", entries=len(self._intake))
        await self._sink.aclose()

    async def _undisturbed(self, work: Coroutine[Any, Any, None]) -> None:
        """Cancelling the job must not tear a batch from the disk's hands."""
        self._work = asyncio.ensure_future(work)
        await asyncio.shield(self._work)

    async def _begin(self) -> None:
        key = await self._persist(lambda: asyncio.to_thread(self._key))
        opened = await self._persist(lambda: self._sink.open(key))
        self._chain, self._encoder = Chain(key, opened.head), Encoder(key, hashed=self._hashed)
        if opened.cut:
            await self._mark(Event.RECOVERED, opened.cut)
        await self._mark(Event.OPENED)
        head = self._chain.head
        _log.info("ledger opened", chain=head.chain, entry=head.n, seal=head.mac.hex())

    async def _write_all(self) -> None:
        while len(self._intake):
            notes = self._intake.take(_BATCH_MOST)
            self.since = waits_since(notes[0])
            self.told(notes)
            await self._write(await self._sealed(notes))
            if self._clock.now() - self.since > self._window_s:
                metrics.LEDGER_LATE.inc()
            self.since = None
            self.durable += len(notes)
            self.progress.set()
            self.progress.clear()
            if lost := self._intake.take_lost():
                await self._mark(Event.LOST, lost)

    async def _sealed(self, notes: list[Note]) -> Batch:
        chain, encoder = self._opened()
        encode, first, lines = encoder.note, chain.n + 1, []
        for start in range(0, len(notes), _SLICE):
            for note in notes[start : start + _SLICE]:
                try:
                    body = encode(chain.n + 1, note)
                except Exception:  # noqa: BLE001 - a note that cannot be written must not take others with it
                    _log.exception("a note cannot be written")
                    self._intake.lose(note)
                else:
                    lines.append(chain.seal(body))
            await asyncio.sleep(0)
        times = [note.now for note in notes]
        return Batch(first, chain.n, min(times), max(times), "".join(lines).encode("ascii"))

    async def _mark(self, event: Event, count: int | None = None) -> None:
        """An entry of the ledger's own."""
        (chain, encoder), now = self._opened(), self._clock.now()
        line = chain.seal(encoder.mark(chain.n + 1, now, event, count))
        await self._write(Batch(chain.n, chain.n, now, now, line.encode("ascii")))

    async def _write(self, batch: Batch) -> None:
        (chain, _) = self._opened()
        await self._persist(lambda: self._sink.append(batch))
        self._kept = chain.head
        metrics.LEDGER_ENTRIES.inc(batch.last - batch.first + 1)

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until it is done: a chain has no gaps, so nothing can be left out."""
        wait = _RETRY_FIRST_S
        while True:
            try:
                done = await attempt()
            except LedgerError as error:
                metrics.LEDGER_FAILURES.inc()
                if not self.failing:
                    _log.error("the ledger cannot be written; trying again", cause=str(error))
                self.failing = True
                await asyncio.sleep(wait)
                wait = min(2 * wait, _RETRY_MOST_S)
            else:
                self.failing = False
                return done

    def _opened(self) -> tuple[Chain, Encoder]:
        if self._chain is None or self._encoder is None:
            raise LedgerError("the ledger is not open")
        return self._chain, self._encoder


def _untold(_notes: Sequence[Note]) -> None:
    """Nobody listens."""
