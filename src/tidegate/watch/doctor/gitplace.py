"""Where the repository of a tree is (gitrepository-layout(5)).

A tree says itself where its repository is, and whoever made the tree may want it read elsewhere: on another machine, or
in somebody else's files. So a pointer is followed into the tree, into the repository of a folder above it, or to a
place that names this tree in turn, and nowhere else.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tidegate.watch.doctor.regular import LeftOut, octets_of

_POINTER_MAX: Final = 4_096
_POINTER: Final = "gitdir: "
_SLASHES: Final = frozenset({"/", "\\"})
_WORKTREES: Final = "worktrees"


def repository_of(root: Path) -> tuple[Path, Path] | None:
    """The folder above or at the root that has a repository, and where the repository keeps its index.

    Args:
        root: of the tree, absolute and without symbolic links.

    Returns:
        both; None where there is none.

    Raises:
        LeftOut: there is one, at a place that is not looked at.
    """
    for place in (root, *root.parents):
        there = place / ".git"
        try:
            mode = os.lstat(there).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            return place, there
        if stat.S_ISLNK(mode):
            raise LeftOut("a symbolic link")
        return place, _pointed_at(place, os.fsdecode(octets_of(there, _POINTER_MAX)))
    return None


def _pointed_at(place: Path, said: str) -> Path:
    folder = _local(place, said.removeprefix(_POINTER)) if said.startswith(_POINTER) else None
    if folder is None:
        raise LeftOut("its pointer is none to a folder of this machine")
    if not _is_within(folder, place) and not _names(folder, place):
        raise LeftOut("its pointer leads out of the tree")
    return folder


def _local(place: Path, text: str) -> Path | None:
    """The path that a line names, from a folder; None for one of another machine, a device, or no path."""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.isprintable() or not text or ({*text[:2]} <= _SLASHES and len(text) > 1):  # //host/share and \\?\device
        return None
    return Path(os.path.normpath(place / text))


def _is_within(folder: Path, place: Path) -> bool:
    """Whether a folder is in a tree, or, as a submodule's is, in the repository of a folder above it."""
    return any(folder.is_relative_to(base) and _is_plain(folder, base) for base in _bases(place))


def _bases(place: Path) -> Iterator[Path]:
    yield place
    for above in place.parents:
        yield above / ".git"


def _is_plain(folder: Path, base: Path) -> bool:
    """Whether every step of a path is a folder itself, and no link to one."""
    steps = [folder, *(above for above in folder.parents if above.is_relative_to(base))]
    try:
        return all(stat.S_ISDIR(os.lstat(step).st_mode) for step in reversed(steps))
    except OSError:
        return False


def _names(folder: Path, place: Path) -> bool:
    """Whether a folder elsewhere is that of a worktree, and says that this tree is the worktree (git-worktree(1))."""
    if folder.parent.name != _WORKTREES:
        return False
    try:
        back = _local(folder, os.fsdecode(octets_of(folder / "gitdir", _POINTER_MAX)))
    except LeftOut:
        return False
    return back is not None and Path(os.path.realpath(back)) == place / ".git"
