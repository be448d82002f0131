"""Files that are this service's own: put in place whole or not at all, and believed only where nobody else can write.

Whoever can write some of them can forge sessions or tokens, so `open_own` takes regular files only (no symbolic links)
that belong to this user or root.
"""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

_FOREIGN_WRITERS: Final = stat.S_IWGRP | stat.S_IWOTH
# Without O_NONBLOCK, opening a named pipe that somebody put there would wait for ever.
_CAREFULLY: Final = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))


class NotOurs(Exception):
    """A file or folder that others may have written; the message says why, and names no content."""


def open_own(path: Path, *, create: bool = False, write: bool = False) -> int:
    """A descriptor of a regular file that others cannot write to.

    Args:
        path: the file.
        create: make it, mode 0600, where there is none.
        write: for reading and writing.

    Raises:
        FileNotFoundError: there is none.
        NotOurs: it is something else, or others could write to it.
        OSError: it cannot be opened.
    """
    flags = _CAREFULLY | (os.O_RDWR if write else os.O_RDONLY) | (os.O_CREAT if create else 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        check(os.fstat(descriptor), stat.S_ISREG, path)
    except NotOurs:
        os.close(descriptor)
        raise
    return descriptor


def read_own(path: Path, *, largest: int) -> bytes:
    """A small file's octets.

    Args:
        path: the file.
        largest: octets that it may have.

    Raises:
        FileNotFoundError: there is none.
        NotOurs: as `open_own` has it, or it is larger.
        OSError: it cannot be read.
    """
    with os.fdopen(open_own(path), "rb") as file:
        octets = file.read(largest + 1)
    if len(octets) > largest:
        raise NotOurs(f"{path.name} has more than {largest} octets")
    return octets


def check(status: os.stat_result, is_kind: Callable[[int], bool], path: Path) -> None:
    """Whether others can have written something.

    Args:
        status: of it.
        is_kind: ``stat.S_ISREG`` or ``stat.S_ISDIR``.
        path: what it is called.

    Raises:
        NotOurs: they can, or it is of another kind.
    """
    if not is_kind(status.st_mode):
        raise NotOurs(f"{path.name} is a symbolic link or something else that it should not be")
    if not hasattr(os, "geteuid"):  # Windows: access lists, not modes
        return
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _FOREIGN_WRITERS:
        raise NotOurs(f"other users own {path.name} or can write to it")


def replace(path: Path, octets: bytes) -> None:
    """Write a file, mode 0600, under a temporary name, flush it and rename it: a crash leaves the old one or the new.

    The new name is durable once `flush_folder` was called.

    Args:
        path: of the file, in a folder that is there.
        octets: all of it.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    _write(path, octets, lambda temporary: temporary.replace(path))


def add(path: Path, octets: bytes) -> None:
    """Write a file as `replace` does, but never over one that is there: two processes may start together.

    Args:
        path: of the file, in a folder that is there.
        octets: all of it.

    Raises:
        FileExistsError: there is one.
        OSError: it cannot be written.
    """
    _write(path, octets, lambda temporary: os.link(temporary, path))


def _write(path: Path, octets: bytes, put: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        put(temporary)
    finally:
        with suppress(OSError):  # it is gone where it was renamed
            temporary.unlink()


def flush_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder durable; Windows cannot open one.

    Raises:
        OSError: it cannot be done.
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
