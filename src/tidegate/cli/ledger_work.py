"""What the commands of the ledger share: finding it, and showing that long work goes on."""

import asyncio
import csv
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tidegate.app.ledger import keys_of, ledger_folder
from tidegate.app.run import load_or_exit
from tidegate.app.stores import database_of
from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.ledger_shown import printable
from tidegate.clock import SystemClock
from tidegate.settings import Settings
from tidegate.settings.risk import LIFE_MOST
from tidegate.store import Database
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKeys, keys_in
from tidegate.tokens.ledger.model import FIELDS, Entry
from tidegate.tokens.ledger.reading import KeptChain, file_chains
from tidegate.tokens.ledger.retention import prunable, prune
from tidegate.tokens.ledger.rows import database_chains
from tidegate.tokens.ledger.search import Wanted, search

T = TypeVar("T")
_FORMULA: Final = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger to be read.

    Attributes:
        chains: in it.
        keys: that may have sealed them.
        octets: how much there is to be read; None where nobody knows.
        pieces: what of a chain goes whole when it is pruned, in the plural.
    """

    chains: list[KeptChain]
    keys: LedgerKeys
    octets: int | None
    pieces: str


def open_ledger(folder: Path | None, key_file: Path | None, env_file: Path | None) -> OpenLedger:
    """Find the ledger.

    Args:
        folder: of the ledger; None: as the settings say.
        key_file: with its key; None: as the settings say.
        env_file: of settings.

    Raises:
        CommandFailed: there is none.
        LedgerError: there is no key.
    """
    settings = load_or_exit(env_file=env_file).settings
    if folder is None and settings.ledger == "database":
        chains = asyncio.run(database_chains(lambda: _database(settings)))
        return OpenLedger(chains, _keys(settings, key_file), None, "batches")
    where = folder or ledger_folder(settings)
    found = file_chains(where)
    if not found:
        raise CommandFailed(
            f"there is no ledger in {where}",
            "name its folder with --folder, or set TIDEGATE_LEDGER_DIR",
            status=Exit.WRONG,
        )
    octets = sum(path.stat().st_size for path in where.glob("*/*.jsonl"))
    return OpenLedger(found, _keys(settings, key_file), octets, "files")


def _keys(settings: Settings, key_file: Path | None) -> LedgerKeys:
    return keys_of(settings, make=False) if key_file is None else keys_in(key_file)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = database_of(settings)
    try:
        yield database
    finally:
        await database.aclose()


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what has to be awaited."""
    return asyncio.run(work())


@contextmanager
def reading(opened: OpenLedger) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where it is a terminal, that is told of octets read."""
    columns = (TextColumn("Reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("reading", total=opened.octets)
        yield lambda octets: bar.advance(task, octets)


def found_newest(opened: OpenLedger, looked_for: Wanted, most: int) -> list[Entry]:
    """The newest entries that are looked for, oldest first.

    Args:
        opened: the ledger.
        looked_for: which entries.
        most: how many.
    """

    async def work() -> list[Entry]:
        kept: list[Entry] = []
        async for entry in search(opened.chains, opened.keys, looked_for, told):
            kept.append(entry)
            if len(kept) >= 2 * most + 1_000:
                kept = _newest(kept, most)
        return _newest(kept, most)

    with reading(opened) as told:
        return run(work)


def _newest(entries: list[Entry], most: int) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.time, entry.chain, entry.n))[-most:]


def exported(opened: OpenLedger, looked_for: Wanted, *, as_csv: bool) -> None:
    """Write entries to standard output.

    Args:
        opened: the ledger.
        looked_for: which entries.
        as_csv: rather than the lines as they are written.
    """
    out = sys.stdout
    table = csv.writer(out, lineterminator="\n") if as_csv else None
    columns = ("chain", *FIELDS)

    async def work() -> None:
        if table is not None:
            table.writerow(columns)
        async for entry in search(opened.chains, opened.keys, looked_for, told):
            if table is not None:
                table.writerow([_cell(getattr(entry, name)) for name in columns])
            else:
                out.write(entry.line.decode("ascii") + "\n")

    with reading(opened) as told:
        run(work)


def _cell(value: object) -> object:
    """A text that a spreadsheet does not take for a formula (OWASP, CSV Injection), on one line."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def pruned(folder: Path | None, key_file: Path | None, env_file: Path | None, *, before: float, ask: bool) -> None:
    """Prune each chain, and say what went.

    Args:
        folder: of the ledger; None: as the settings say.
        key_file: with its key; None: as the settings say.
        env_file: of settings.
        before: seconds since the epoch.
        ask: before anything is removed.

    Raises:
        CommandFailed: it would take away what tells of tokens that may still be valid.
        LedgerError: a chain does not hold, or its key is not here.
    """
    now = SystemClock().now()
    if before > now - LIFE_MOST:
        raise CommandFailed(
            "--before is less than 24 hours ago", "choose an earlier time: such tokens may be valid", status=Exit.WRONG
        )
    opened = open_ledger(folder, key_file, env_file)

    async def work() -> None:
        found = []
        for chain in opened.chains:
            key = opened.keys.find(await chain.key_id() or "")
            if key is None:
                raise LedgerError(f"the key of chain {chain.name} is not among those given here")
            found.append((await prunable(chain, key, before), key))
        for one, key in found:
            said = f"{one.chain.name}: {one.entries} entries in {one.pieces} {opened.pieces}"
            if one.pieces and ask:
                typer.confirm(f"Remove {said}?", abort=True, err=True)
            if one.pieces:
                await prune(one, key, now)
            typer.echo(said + (f" removed, through entry {one.head.n}" if one.pieces else " to remove"))

    run(work)
