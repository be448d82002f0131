"""The ledger that the settings describe."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tidegate.app.lifespan import Background
from tidegate.app.operating import Recorder, log_call
from tidegate.clock import Clock
from tidegate.http.operators import OperatorCall
from tidegate.settings import Settings
from tidegate.store import Database
from tidegate.tokens.ledger.files import FileSink
from tidegate.tokens.ledger.keys import LedgerKeys, ledger_keys
from tidegate.tokens.ledger.model import Sink
from tidegate.tokens.ledger.rows import DatabaseSink
from tidegate.tokens.ledger.service import Ledger, LedgerOptions, NoLedger, Records
from tidegate.watch.model import Remark
from tidegate.watch.probes.causes import Cause

Remarks = Callable[[], tuple[Remark, ...]]

_FAILING: Final = Remark(
    "The ledger cannot be written at this moment; entries wait.",
    "Look at the log: a full disk, a folder that cannot be written to, or a database that does not answer.",
    cause=Cause.LEDGER_BEHIND,
)


def ledger_of(settings: Settings, database: Database, background: Background, clock: Clock) -> Records:
    """The ledger, written while the service runs.

    Args:
        settings: sound ones.
        database: for a ledger that is kept there.
        background: runs and closes it.
        clock: for its entries.
    """
    if settings.ledger == "off":
        return NoLedger()
    options = LedgerOptions(
        queue_size=settings.ledger_queue_size,
        window_s=settings.ledger_window_ms / 1000,
        waits=settings.ledger_durability == "sync",
        wait_s=settings.ledger_wait_ms / 1000,
        refuses=settings.ledger_when_full == "refuse",
        refusals_per_s=settings.ledger_refusals_per_second,
        hashed=settings.ledger_hashed,
    )
    ledger = Ledger(
        sink_of(settings, database, clock),
        key=lambda: keys_of(settings, make=True).sealing,
        options=options,
        clock=clock,
    )
    background.add("ledger", ledger.run)
    background.close_with(ledger.aclose)
    return ledger


def sink_of(settings: Settings, database: Database, clock: Clock) -> Sink:
    """Where the ledger is kept.

    Args:
        settings: sound ones, with the ledger on.
        database: for a ledger that is kept there.
        clock: for when a chain begins.
    """
    if settings.ledger == "database":
        return DatabaseSink(database, clock)
    return FileSink(ledger_folder(settings), segment_bytes=settings.ledger_segment_bytes)


def with_ledger(remarks: Remarks, records: Records) -> Remarks:
    """What health says, and what it says of the ledger.

    Args:
        remarks: of others.
        records: the ledger.
    """

    def all_remarks() -> tuple[Remark, ...]:
        return (*remarks(), *([_FAILING] if records.failing else []))

    return all_remarks


def recorder_of(records: Records) -> Recorder:
    """Records an operator's call in the log, and in the ledger.

    Args:
        records: the ledger.
    """

    def record(call: OperatorCall) -> None:
        log_call(call)
        records.operated(call)

    return record


def keys_of(settings: Settings, *, make: bool) -> LedgerKeys:
    """The ledger's keys.

    Args:
        settings: sound ones.
        make: make one where there is none.

    Raises:
        LedgerError: there is none, or it cannot be kept.
    """
    given = [key.get_secret_value() for key in settings.ledger_keys]
    return ledger_keys(given, settings.state_dir, make=make)


def ledger_folder(settings: Settings) -> Path:
    """Where the ledger's files are."""
    return settings.ledger_dir or settings.state_dir / "ledger"
