"""What the commands of the ledger share: finding it, and showing that long work goes on."""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tidegate.app.ledger import keys_of, ledger_folder
from tidegate.app.run import load_or_exit
from tidegate.cli.exits import CommandFailed, Exit
from tidegate.tokens.ledger.keys import LedgerKeys, keys_in
from tidegate.tokens.ledger.reading import KeptChain, file_chains

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger to be read.

    Attributes:
        chains: in it.
        keys: that may have sealed them.
        octets: how much there is to be read.
    """

    chains: list[KeptChain]
    keys: LedgerKeys
    octets: int


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
    where = folder or ledger_folder(settings)
    chains = file_chains(where)
    if not chains:
        raise CommandFailed(
            f"there is no ledger in {where}",
            "name its folder with --folder, or set TIDEGATE_LEDGER_DIR",
            status=Exit.WRONG,
        )
    keys = keys_of(settings, make=False) if key_file is None else keys_in(key_file)
    octets = sum(path.stat().st_size for path in where.glob("*/*.jsonl"))
    return OpenLedger(chains, keys, octets)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what has to be awaited."""
    return anyio.run(work)


@contextmanager
def reading(opened: OpenLedger) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where it is a terminal, that is told of octets read."""
    columns = (TextColumn("Reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("reading", total=opened.octets)
        yield lambda octets: bar.advance(task, octets)
