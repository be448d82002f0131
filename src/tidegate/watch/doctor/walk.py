"""Walking an app's source tree: bounded, never out of it, and past what nobody of the app wrote."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from tidegate.watch.doctor.model import Bounds, Survey
from tidegate.watch.doctor.regular import LeftOut, octets_of

_SKIPPED: Final = frozenset(
    {
        *(".git", ".hg", ".svn", "node_modules", "bower_components", ".yarn", ".pnpm-store", "Pods", ".gradle"),
        *(".venv", "venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox"),
        *(".turbo", ".parcel-cache", ".expo", "coverage", ".tidegate"),
    }
)
"""Folders of others' code, of caches, and of Tidegate's own state."""

_NEXT: Final = ".next"
_NEXT_KEPT: Final = "static"
"""What of Next.js's output is delivered; the rest is the server's, or a cache."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the tree.

    Attributes:
        path: from the root.
        place: where it is.
    """

    path: PurePosixPath
    place: Path


def walk(root: Path, bounds: Bounds, survey: Survey) -> Iterator[Entry]:
    """Each file that is to be looked at, in the order of names. Symbolic links are not followed.

    Args:
        root: of the tree; a folder.
        bounds: how much is looked at.
        survey: told what is left out.

    Yields:
        regular files.
    """
    waiting = [(PurePosixPath(), root, 0)]
    seen = 0
    while waiting:
        path, place, depth = waiting.pop()
        folders = []
        for entry in _listed(place, bounds, survey):
            within = path / entry.name
            if entry.is_symlink():
                survey.leave_out("a symbolic link")
            elif entry.is_dir(follow_symlinks=False):
                if _is_skipped(within):
                    continue
                if depth >= bounds.depth:
                    survey.leave_out("too deep")
                    continue
                folders.append((within, Path(entry.path), depth + 1))
            elif seen >= bounds.files:
                survey.leave_out("too many files")
                return
            else:
                seen += 1
                yield Entry(within, Path(entry.path))
        waiting += reversed(folders)


def _listed(place: Path, bounds: Bounds, survey: Survey) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; of a folder with more entries than files are looked at, the first ones listed."""
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if len(found) > bounds.files:
                    survey.leave_out("too many files")
                    break
                found.append(entry)
    except OSError:
        survey.leave_out("cannot be read")
    return sorted(found, key=lambda entry: entry.name)


def _is_skipped(path: PurePosixPath) -> bool:
    if path.name in _SKIPPED:
        return True
    return path.parent.name == _NEXT and path.name != _NEXT_KEPT


def read(entry: Entry, bounds: Bounds, survey: Survey) -> bytes | None:
    """What is in a file, if it is one that is looked at.

    Args:
        entry: of the tree.
        bounds: how much is looked at.
        survey: told how much it was, or why it was left out.
    """
    try:
        octets = octets_of(entry.place, bounds.file_octets)
    except LeftOut as why:
        survey.leave_out(str(why))
        return None
    if survey.octets + len(octets) > bounds.octets:
        survey.leave_out("too much in all")
        return None
    survey.files += 1
    survey.octets += len(octets)
    return octets
