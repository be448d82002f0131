"""Folders and files that belong to the service alone, and locks that end with the process."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegate import ownfiles
from tidegate.tokens.ledger.errors import LedgerError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def make_private(folder: Path) -> None:
    """Have a folder that only this user can look into.

    Raises:
        LedgerError: it cannot be made, or others could write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _ours():
            ownfiles.check(folder.lstat(), stat.S_ISDIR, folder)
    except OSError as error:
        raise LedgerError(f"{folder.name} cannot be made: {error.strerror}") from error


def open_private(path: Path, *, create: bool = False, write: bool = False) -> int:
    """A descriptor as `tidegate.ownfiles.open_own` has it.

    Raises:
        FileNotFoundError: there is none.
        LedgerError: it is no regular file, or others could write to it.
        OSError: it cannot be opened.
    """
    with _ours():
        return ownfiles.open_own(path, create=create, write=write)


def read_private(path: Path, *, largest: int) -> bytes | None:
    """A small file's octets; None where there is none.

    Raises:
        LedgerError: it cannot be read, or is larger than ``largest`` octets.
    """
    try:
        with _ours():
            return ownfiles.read_own(path, largest=largest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be read: {error.strerror}") from error


def replace_private(path: Path, octets: bytes) -> None:
    """Write a file whole or not at all, mode 0600.

    Raises:
        LedgerError: it cannot be written.
    """
    try:
        ownfiles.replace(path, octets)
        ownfiles.flush_folder(path.parent)
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be written: {error.strerror}") from error


def lock(path: Path) -> int | None:
    """Hold a file for this process alone; the lock ends with the descriptor, so with the process.

    Returns:
        the descriptor to keep, or None where another one holds it.

    Raises:
        LedgerError: the file cannot be opened.
    """
    try:
        descriptor = open_private(path, create=True, write=True)
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be opened: {error.strerror}") from error
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except ownfiles.NotOurs as error:
        raise LedgerError(str(error)) from None
