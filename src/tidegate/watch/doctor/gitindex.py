"""Which files a Git repository holds, read from its index. Git is not run: a repository can have it run programs."""

import os
from pathlib import Path
from typing import Final

_OCTETS_MAX: Final = 128 * 1024 * 1024
_POINTER_MAX: Final = 4_096
_HEAD: Final = 12
_STATS: Final = 40
"""Octets of an entry before the object's name."""

_NAMES: Final = (20, 32)
"""Octets of an object's name: SHA-1, SHA-256."""

_EXTENDED: Final = 0x4000
_STAGED: Final = 0xFFF
_PREFIXED: Final = 4
_ALIGNED: Final = 8


def tracked(root: Path) -> frozenset[str] | None:
    """The files of a tree that are in its repository.

    Args:
        root: of the tree, absolute; the repository may begin above it.

    Returns:
        paths from the root, with slashes; None where there is no repository, or its index cannot be read.
    """
    for place in (root, *root.parents):
        folder = _git_folder(place)
        if folder is not None:
            within = "" if place == root else f"{root.relative_to(place).as_posix()}/"
            paths = _read(folder / "index")
            return None if paths is None else frozenset(_below(paths, within))
    return None


def _below(paths: list[bytes], within: str) -> list[str]:
    texts = map(os.fsdecode, paths)
    return [path.removeprefix(within) for path in texts if path.startswith(within)]


def _git_folder(place: Path) -> Path | None:
    """Where a repository keeps its index: ``.git``, or what a file of that name points to (gitrepository-layout(5))."""
    there = place / ".git"
    if there.is_dir():
        return there
    try:
        with there.open("rb") as file:
            said = os.fsdecode(file.read(_POINTER_MAX))
    except OSError:
        return None
    _, found, target = said.partition("gitdir: ")
    return place / target.strip() if found else None


def _read(index: Path) -> list[bytes] | None:
    try:
        with index.open("rb") as file:
            octets = file.read(_OCTETS_MAX + 1)
    except OSError:
        return None
    if len(octets) > _OCTETS_MAX:
        return None
    for length in _NAMES:
        try:
            return _entries(octets, length)
        except (ValueError, IndexError):
            continue  # perhaps of the other length
    return None


def _entries(octets: bytes, name_length: int) -> list[bytes]:
    """The paths of an index (gitformat-index(5)), versions 2 to 4.

    Args:
        octets: of the file.
        name_length: of an object's name.

    Raises:
        ValueError: it is no index, or its objects' names are of another length.
        IndexError: it is cut off.
    """
    version, count = int.from_bytes(octets[4:8], "big"), int.from_bytes(octets[8:_HEAD], "big")
    if octets[:4] != b"DIRC" or version not in {2, 3, _PREFIXED}:
        raise ValueError("no index")
    at, paths = _HEAD, list[bytes]()
    for _ in range(count):
        flags_at = at + _STATS + name_length
        flags = octets[flags_at] << 8 | octets[flags_at + 1]
        begins = flags_at + (4 if flags & _EXTENDED else 2)
        kept = b""
        if version == _PREFIXED:
            dropped, begins = _offset(octets, begins)
            kept = paths[-1][: len(paths[-1]) - dropped] if paths else b""
        ends = octets.index(b"\0", begins)
        path = kept + octets[begins:ends]
        if not path or (flags & _STAGED < _STAGED and flags & _STAGED != len(path)):
            raise ValueError("an entry that cannot be")
        paths.append(path)
        at = ends + 1 if version == _PREFIXED else at + (ends - at) // _ALIGNED * _ALIGNED + _ALIGNED
    return paths


def _offset(octets: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, as in the headers of deltas, and where it ends."""
    value = octets[at] & 0x7F
    while octets[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | octets[at] & 0x7F
    return value, at + 1
