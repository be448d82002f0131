"""Folders and files that belong to the service alone, and locks that end with the process."""

import os
import secrets
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tidegate.tokens.ledger.errors import LedgerError

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FOREIGN_WRITERS: Final = 0o022

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
        _check(folder.lstat(), stat.S_ISDIR, folder)
    except OSError as error:
        raise LedgerError(f"{folder.name} cannot be made: {error.strerror}") from error


def open_private(path: Path, *, create: bool = False, write: bool = False) -> int:
    """A descriptor of a regular file that others cannot write to.

    Args:
        path: the file.
        create: make it, mode 0600, where there is none.
        write: for reading and writing.

    Raises:
        FileNotFoundError: there is none.
        LedgerError: it is something else, or others could write to it.
        OSError: it cannot be opened.
    """
    # Without O_NONBLOCK, opening a named pipe that somebody put there would wait for ever.
    flags = os.O_RDWR if write else os.O_RDONLY
    flags |= _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags | (os.O_CREAT if create else 0), 0o600)
    try:
        _check(os.fstat(descriptor), stat.S_ISREG, path)
    except LedgerError:
        os.close(descriptor)
        raise
    return descriptor


def read_private(path: Path, *, largest: int) -> bytes | None:
    """A small file's octets; None where there is none.

    Raises:
        LedgerError: it cannot be read, or is larger than ``largest`` octets.
    """
    try:
        descriptor = open_private(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        octets = file.read(largest + 1)
    if len(octets) > largest:
        raise LedgerError(f"{path.name} has more than {largest} octets")
    return octets


def replace_private(path: Path, octets: bytes) -> None:
    """Write a file whole or not at all, mode 0600.

    Raises:
        LedgerError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LedgerError(f"{path.name} cannot be written: {error.strerror}") from error


def flush_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder durable; Windows cannot open one."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def _check(status: os.stat_result, is_kind: Callable[[int], bool], path: Path) -> None:
    if not is_kind(status.st_mode):
        raise LedgerError(f"{path.name} is a symbolic link or something else that it should not be")
    if not hasattr(os, "geteuid"):  # Windows: access lists, not modes
        return
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _FOREIGN_WRITERS:
        raise LedgerError(f"other users own {path.name} or can write to it")
