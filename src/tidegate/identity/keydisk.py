"""The last good key sets on disk, for a start while a key server is down, and the keys that are distrusted.

Whoever can write these files can forge sessions, so they are read only when they are regular files (no symbolic
links) that belong to this user or root and that nobody else can write. They are written under a temporary name,
flushed and renamed, so that a crash leaves the old file or the new one.
"""

import hashlib
import json
import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from tidegate import ownfiles
from tidegate.errors import TidegateError
from tidegate.identity.keys import Key
from tidegate.identity.strictjson import StrictJsonError, parse_object

_MAX_FILE_BYTES: Final = 1 << 18
_MAX_DEPTH: Final = 18
_MAX_DISTRUSTED: Final = 1000
_PRIVATE_DIRECTORY: Final = 0o700

_log = structlog.get_logger(__name__)


class KeyDiskError(TidegateError):
    """A file of the state directory cannot be used; the message says why, and names no content."""


@dataclass(frozen=True, slots=True)
class SavedKeys:
    """One issuer's last good JWKS.

    Attributes:
        issuer: the exact issuer it belongs to.
        binding: the configured address it came from.
        document: the JWKS.
        fetched_at: seconds since the epoch, of the last real fetch.
        fresh_seconds: how long it was to count as fresh.
    """

    issuer: str
    binding: str
    document: Mapping[str, object]
    fetched_at: float
    fresh_seconds: float


@dataclass(frozen=True, slots=True)
class Distrust:
    """Keys of one issuer that are refused whatever its key server says.

    Attributes:
        thumbprints: of keys that were in use when they were distrusted (RFC 7638). A new key under the same id is
            another key: issuers that keep one id for ever can recover.
        names: key ids or thumbprints that were distrusted before any such key was seen.
    """

    thumbprints: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def covers(self, key: Key) -> bool:
        """Whether a key is refused."""
        return key.fingerprint in self.thumbprints or key.fingerprint in self.names or key.kid in self.names

    def joined(self, other: "Distrust") -> "Distrust":
        """What either refuses."""
        return Distrust(self.thumbprints | other.thumbprints, self.names | other.names)


class KeyDisk:
    """The folder ``keys`` in the state directory.

    Args:
        state_dir: made, with mode 0700, when first written to.
    """

    __slots__ = ("_directory",)

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / "keys"

    def save(self, saved: SavedKeys) -> None:
        """Keep a key set, instead of the one kept before.

        Raises:
            KeyDiskError: when it cannot be written.
        """
        _write(
            self._keys_file(saved.issuer, saved.binding),
            {
                "issuer": saved.issuer,
                "url": saved.binding,
                "fetched_at": saved.fetched_at,
                "fresh_seconds": saved.fresh_seconds,
                "jwks": {"keys": saved.document.get("keys")},
            },
        )

    def load(self, issuer: str, binding: str) -> SavedKeys | None:
        """The key set kept for an issuer at an address.

        Returns:
            None when there is none, or (with a warning in the log) when the file cannot be trusted.
        """
        path = self._keys_file(issuer, binding)
        try:
            members = _read(path)
            return None if members is None else _saved(members, issuer, binding)
        except KeyDiskError as error:
            _log.warning("keys_on_disk_ignored", file=path.name, cause=str(error))
            return None

    def distrusted(self, issuer: str) -> Distrust:
        """The keys of an issuer that are refused.

        Raises:
            KeyDiskError: when there is a list that cannot be read. Its keys must not come back for that, so the
                caller has to refuse what it cannot check.
        """
        members = _read(self._distrust_file(issuer))
        if members is None:
            return Distrust()
        if members.get("issuer") != issuer:
            raise KeyDiskError("the list of distrusted keys belongs to another issuer")
        return Distrust(_texts(members.get("thumbprints")), _texts(members.get("names")))

    def distrust(self, issuer: str, more: Distrust) -> None:
        """Add to the keys that are refused.

        Raises:
            KeyDiskError: when the list cannot be read or written, or is full.
        """
        whole = self.distrusted(issuer).joined(more)
        if len(whole.thumbprints) + len(whole.names) > _MAX_DISTRUSTED:
            raise KeyDiskError(f"more than {_MAX_DISTRUSTED} keys are distrusted already")
        members = {"issuer": issuer, "thumbprints": sorted(whole.thumbprints), "names": sorted(whole.names)}
        _write(self._distrust_file(issuer), members)

    def _keys_file(self, issuer: str, binding: str) -> Path:
        return self._directory / f"set-{_digest(issuer, binding)}.json"

    def _distrust_file(self, issuer: str) -> Path:
        return self._directory / f"distrusted-{_digest(issuer)}.json"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _saved(members: Mapping[str, object], issuer: str, binding: str) -> SavedKeys:
    if members.get("issuer") != issuer or members.get("url") != binding:
        raise KeyDiskError("it was kept for another issuer or address")
    document = members.get("jwks")
    if not isinstance(document, dict):
        raise KeyDiskError("it holds no key set")
    fetched_at, fresh_seconds = _seconds(members.get("fetched_at")), _seconds(members.get("fresh_seconds"))
    return SavedKeys(issuer, binding, document, fetched_at, fresh_seconds)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise KeyDiskError("a time in it is no number of seconds")
    return float(value)


def _texts(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise KeyDiskError("the list of distrusted keys is damaged")
    return frozenset(value)


def _read(path: Path) -> dict[str, object] | None:
    try:
        ownfiles.check(path.parent.lstat(), stat.S_ISDIR, path.parent)
        return parse_object(ownfiles.read_own(path, largest=_MAX_FILE_BYTES), _MAX_DEPTH)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyDiskError(f"it cannot be read: {error.strerror}") from error
    except ownfiles.NotOurs as error:
        raise KeyDiskError(str(error)) from None
    except StrictJsonError as error:
        raise KeyDiskError(f"it is damaged: {error}") from error


def _write(path: Path, members: Mapping[str, object]) -> None:
    octets = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        _make_directory(path.parent)
        ownfiles.replace(path, octets)
        ownfiles.flush_folder(path.parent)
    except OSError as error:
        raise KeyDiskError(f"the state directory cannot be written to: {error.strerror}") from error
    except ownfiles.NotOurs as error:
        raise KeyDiskError(str(error)) from None


def _make_directory(directory: Path) -> None:
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) != _PRIVATE_DIRECTORY:
        directory.chmod(_PRIVATE_DIRECTORY)
        status = directory.lstat()
    ownfiles.check(status, stat.S_ISDIR, directory)
