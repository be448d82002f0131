"""Which files a Git repository holds, read from its index. Git is not run: a repository can have it run programs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tidegate.watch.doctor.gitplace import repository_of
from tidegate.watch.doctor.regular import LeftOut, octets_of

_OCTETS_MAX: Final = 64 * 1024 * 1024
_PATH_MAX: Final = 4_096
"""Octets of a path; Git itself makes no files with longer ones (PATH_MAX)."""

_KEPT_MAX: Final = 4 * 1024 * 1024
"""Octets of all paths that are wanted. An index of version 4 says of each path only how it differs from the one before
it, so that a small one can hold very much."""

_NUMBER_MAX: Final = 3
"""Octets of a number that says how much of a path is dropped."""

_HEAD: Final = 12
_STATS: Final = 40
"""Octets of an entry before the object's name."""

_NAMES: Final = (20, 32)
"""Octets of an object's name: SHA-1, SHA-256."""

_EXTENDED: Final = 0x4000
_STAGED: Final = 0xFFF
_PREFIXED: Final = 4
_ALIGNED: Final = 8


def tracked(
    root: Path, wanted: Callable[[str], bool], leave_out: Callable[[str], None] = lambda _: None
) -> frozenset[str] | None:
    """The files of a tree that are in its repository.

    Args:
        root: of the tree, absolute; the repository may begin above it.
        wanted: whether a path, from the root, is of interest.
        leave_out: told why a repository that is there was not looked at.

    Returns:
        paths from the root, with slashes; None where there is no repository, or it was not looked at.
    """
    try:
        found = repository_of(root)
        if found is None:
            return None
        place, folder = found
        within = "" if place == root else f"{root.relative_to(place).as_posix()}/"
        return _read(octets_of(folder / "index", _OCTETS_MAX), os.fsencode(within), wanted)
    except LeftOut as why:
        leave_out(f"the Git repository: {why}")
        return None


def _read(octets: bytes, within: bytes, wanted: Callable[[str], bool]) -> frozenset[str]:
    for length in _NAMES:
        try:
            return _kept(_entries(octets, length), within, wanted)
        except (ValueError, IndexError):
            continue  # perhaps of the other length
    raise LeftOut("its index cannot be read")


def _kept(paths: Iterator[bytes], within: bytes, wanted: Callable[[str], bool]) -> frozenset[str]:
    kept, size = set[str](), 0
    for path in paths:
        if path.startswith(within) and wanted(below := os.fsdecode(path[len(within) :])):
            size += len(path)
            if size > _KEPT_MAX:
                raise LeftOut("its index holds too much")
            kept.add(below)
    return frozenset(kept)


def _entries(octets: bytes, name_length: int) -> Iterator[bytes]:
    """The paths of an index (gitformat-index(5)), versions 2 to 4.

    Args:
        octets: of the file.
        name_length: of an object's name.

    Yields:
        paths, from where the repository begins.

    Raises:
        ValueError: it is no index, or its objects' names are of another length.
        IndexError: it is cut off.
    """
    version, count = int.from_bytes(octets[4:8], "big"), int.from_bytes(octets[8:_HEAD], "big")
    if octets[:4] != b"DIRC" or version not in {2, 3, _PREFIXED}:
        raise ValueError("no index")
    at, path = _HEAD, b""
    for _ in range(count):
        flags_at = at + _STATS + name_length
        flags = octets[flags_at] << 8 | octets[flags_at + 1]
        begins = flags_at + (4 if flags & _EXTENDED else 2)
        kept = b""
        if version == _PREFIXED:
            dropped, begins = _offset(octets, begins)
            if dropped > len(path):
                raise ValueError("more than there is")
            kept = path[: len(path) - dropped]
        ends = octets.index(b"\0", begins, begins + _PATH_MAX + 1)
        path = kept + octets[begins:ends]
        if not 0 < len(path) <= _PATH_MAX or (flags & _STAGED < _STAGED and flags & _STAGED != len(path)):
            raise ValueError("an entry that cannot be")
        yield path
        at = ends + 1 if version == _PREFIXED else at + (ends - at) // _ALIGNED * _ALIGNED + _ALIGNED


def _offset(octets: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, as in the headers of deltas, and where it ends.

    Raises:
        ValueError: it is longer than that of any path.
    """
    value, most = octets[at] & 0x7F, at + _NUMBER_MAX
    while octets[at] & 0x80:
        at += 1
        if at >= most:
            raise ValueError("a number that cannot be")
        value = (value + 1) << 7 | octets[at] & 0x7F
    return value, at + 1
