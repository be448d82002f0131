"""One entry by somebody who is no service: a chain taken up, or begun, and let go of again."""

from tidegate.clock import Clock
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import Encoder
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Batch, Event, Head, MintedNote, Sink


async def write_once(sink: Sink, key: LedgerKey, note: MintedNote, *, hashed: bool, clock: Clock) -> Head:
    """Write a note, durably, in a chain that nobody else holds: that of a running service goes on undisturbed.

    Args:
        sink: where the ledger is kept.
        key: seals.
        note: what is to be on record.
        hashed: whether names are written as keyed hashes.
        clock: for the ledger's own entries.

    Returns:
        the entry's place.

    Raises:
        LedgerError: it could not be written. Nothing that it tells of should have happened.
    """
    opened = await sink.open(key)
    try:
        chain, encoder, now = Chain(key, opened.head), Encoder(key, hashed=hashed), clock.now()
        first, lines = chain.n + 1, list[str]()
        if opened.cut:
            lines.append(chain.seal(encoder.mark(chain.n + 1, now, Event.RECOVERED, opened.cut)))
        lines.append(chain.seal(encoder.mark(chain.n + 1, now, Event.OPENED)))
        lines.append(chain.seal(encoder.note(chain.n + 1, note)))
        head = chain.head
        lines.append(chain.seal(encoder.mark(chain.n + 1, now, Event.CLOSED)))
        times = (note.now, now)
        await sink.append(Batch(first, chain.n, min(times), max(times), "".join(lines).encode("ascii")))
    finally:
        await sink.aclose()
    return head
