"""Pairs from a file, or from a directory with one file for each name, as Kubernetes mounts secrets."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from tidegate.credentials.sources.document import parse
from tidegate.credentials.sources.model import DOCUMENT_OCTETS, NAMES, Pairs, SourceError, pairs_from

_SWAPPED: Final = "..data"
"""The symbolic link that Kubernetes swaps, so that all files of a mount change at one moment."""

_TRIES: Final = 3


class FileSource:
    """A path that is opened anew for each reading, so that a swapped link or a replaced file is seen.

    Args:
        path: of a JSON document, or of a directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The path."""
        return f"file {self._path}"

    def read(self) -> Pairs:
        """What is there now: all from one moment.

        Raises:
            SourceError: it cannot be read as pairs.
        """
        try:
            if self._path.is_dir():
                return pairs_from(self._directory())
            return parse(_octets(self._path))
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror or type(error).__name__}") from None

    def _directory(self) -> dict[str, object]:
        """Every named file, read between two looks that saw the same."""
        for _ in range(_TRIES):
            before = self._look()
            found: dict[str, object] = {}
            with suppress(FileNotFoundError):  # the link was swapped while we read: the second look will show it
                found = {name: _text(before[0] / name) for name, stamp in before[1].items() if stamp is not None}
            if self._look() == before:
                return found
        raise SourceError("it changed each time that it was read")

    def _look(self) -> tuple[Path, dict[str, tuple[int, int, int] | None]]:
        """Where the files are at this moment, and what tells one version of each from the next."""
        swapped = self._path / _SWAPPED
        place = Path(os.path.realpath(swapped if swapped.exists() else self._path))
        return place, {name: _stamp(place / name) for name in NAMES}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _octets(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a named pipe would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        octets = file.read(DOCUMENT_OCTETS + 1)
    if len(octets) > DOCUMENT_OCTETS:
        raise SourceError(f"it has more than {DOCUMENT_OCTETS} octets")
    return octets


def _text(path: Path) -> str:
    try:
        return _octets(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("a file in it is not UTF-8") from None
