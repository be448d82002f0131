"""The ledger in files: one chain for each writer, in segments, durable before it says so."""

import asyncio
import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

import structlog

from tidegate import metrics
from tidegate.ownfiles import flush_folder
from tidegate.tokens.ledger.chain import Chain, number_of, split
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import lock, make_private, open_private
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Batch, Head, Opened
from tidegate.tokens.ledger.segments import LOCK_FILE, ChainFolder, chains

_DAY: Final = 86_400
_log = structlog.get_logger("tidegate.ledger")
_flush_data = getattr(os, "fdatasync", os.fsync)


class FileSink:
    """Keeps this writer's chain in a folder.

    A writer goes on with a chain that nobody else holds, so restarts make no new ones
    and several writers on one machine have one each.

    Args:
        folder: of the ledger.
        segment_bytes: from this size on, and at each new day in UTC, another segment begins.
    """

    def __init__(self, folder: Path, *, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._chain: ChainFolder | None = None
        self._locked = -1
        self._file = -1
        self._path = folder
        self._size = 0
        self._day = -1

    async def open(self, key: LedgerKey) -> Opened:
        """Find a chain that nobody holds, or begin one."""
        return await asyncio.to_thread(self._open, key)

    async def append(self, batch: Batch) -> None:
        """Write a batch and have the disk confirm it."""
        await asyncio.to_thread(self._append, batch)

    async def aclose(self) -> None:
        """Let go of the chain."""
        await asyncio.to_thread(self._close)

    def _open(self, key: LedgerKey) -> Opened:
        try:
            make_private(self._folder)
            for chain in chains(self._folder):
                opened = self._take(chain, key)
                if opened is not None:
                    return opened
            return self._begin(key)
        except OSError as error:
            raise LedgerError(f"the ledger's folder cannot be used: {error.strerror}") from error

    def _begin(self, key: LedgerKey) -> Opened:
        chain = ChainFolder(self._folder / secrets.token_hex(8))
        make_private(chain.path)
        chain.describe(key.id)
        opened = self._take(chain, key)
        if opened is None:
            raise LedgerError("a new chain is held by somebody else")
        return opened

    def _take(self, chain: ChainFolder, key: LedgerKey) -> Opened | None:
        """Go on with a chain; None where it is another's, or must be left as it is."""
        locked = None
        try:
            if chain.key_id() != key.id or (locked := lock(chain.path / LOCK_FILE)) is None:
                return None
            opened = self._recover(chain, key)
        except (LedgerError, OSError) as error:
            if locked is not None:
                os.close(locked)
            _log.error("a chain of the ledger is left as it is", chain=chain.name, cause=str(error))
            return None
        self._chain, self._locked = chain, locked
        return opened

    def _recover(self, chain: ChainFolder, key: LedgerKey) -> Opened:
        """Find the head, and take away the line that a crash cut off.

        Only an unfinished line at the very end is a crash's work. Anything else is evidence,
        and stays.
        """
        head = chain.begins(key)
        segments = chain.segments(head.n)
        if not segments:
            return Opened(head)
        if len(segments) > 1:
            head = _last_of(segments[-2].path, chain.name, segments[-1].first - 1)
        descriptor = open_private(segments[-1].path, write=True)
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, descriptor)
            octets = _all(descriptor)
            whole = octets.rfind(b"\n") + 1
            follow = Chain(key, head)
            for _ in follow.follow_all(octets[:whole]):
                pass
            if whole < len(octets):
                os.ftruncate(descriptor, whole)
                os.fsync(descriptor)
            undo.pop_all()
        self._file, self._path, self._size = descriptor, segments[-1].path, whole
        self._day = int(os.fstat(descriptor).st_mtime) // _DAY
        return Opened(follow.head, len(octets) - whole)

    def _append(self, batch: Batch) -> None:
        try:
            self._rotate(batch)
            self._write(batch.octets)
            _flush_data(self._file)
        except OSError as error:
            raise LedgerError(f"the ledger cannot be written: {error.strerror}") from error
        self._size += len(batch.octets)
        metrics.LEDGER_SEGMENT_BYTES.set(self._size)

    def _rotate(self, batch: Batch) -> None:
        """Begin another segment where it is time to, or where ours is gone."""
        day = int(batch.until) // _DAY
        full = self._size > 0 and self._size + len(batch.octets) > self._segment_bytes
        if self._file >= 0 and not full and day <= self._day and self._is_there():
            return
        if self._chain is None:
            raise LedgerError("the ledger is not open")
        path = self._chain.segment(batch.first)
        descriptor = open_private(path, create=True, write=True)
        flush_folder(self._chain.path)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._path, self._size, self._day = descriptor, path, 0, day

    def _is_there(self) -> bool:
        """Whether the file still has its name: what is written to a removed one is lost."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _write(self, octets: bytes) -> None:
        """Write behind what is confirmed. A batch that comes again overwrites its own first attempt."""
        os.lseek(self._file, self._size, os.SEEK_SET)
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def _close(self) -> None:
        for descriptor in (self._file, self._locked):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._locked = -1


def _all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _last_of(path: Path, chain: str, n: int) -> Head:
    """The last entry of a segment, which the next one is bound to."""
    descriptor = open_private(path)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, max(0, size - (1 << 16)), os.SEEK_SET)
        tail = os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)
    *_, line, rest = (b"\n" + tail).split(b"\n")
    _, mac = split(line)
    if rest or mac is None or number_of(line) != n:
        raise LedgerError(f"{path.name} does not end with entry {n}")
    return Head(chain, n, mac)
