"""Style sheets, scripts and pictures: read once, named by what is in them, sent compressed."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Final

from tidegate.console.model import ROOT
from tidegate.http.answer import Answer, Headers

PLACE: Final = f"{ROOT}/static"

_TYPES: Final = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_FOR_EVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent.

    Attributes:
        media_type: with its character set.
        plain: its octets.
        packed: the same by gzip (RFC 1952).
    """

    media_type: bytes
    plain: bytes
    packed: bytes

    def answer(self, *, packed: bool) -> Answer:
        """The answer to a request for it.

        Args:
            packed: whether the browser takes gzip.
        """
        headers: Headers = [(b"content-type", self.media_type), _FOR_EVER, (b"vary", b"accept-encoding")]
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        return Answer(200, self.packed if packed else self.plain, headers)


class Assets:
    """The files below ``static``. All of them lie in one folder that is named by the content of all."""

    @cached_property
    def _files(self) -> dict[str, Asset]:
        found = {}
        for place in (files("tidegate.console") / "static").iterdir():
            ending = place.name.rpartition(".")[2]
            if ending in _TYPES:
                octets = place.read_bytes()
                found[place.name] = Asset(_TYPES[ending], octets, gzip.compress(octets, 9, mtime=0))
        return found

    @cached_property
    def folder(self) -> str:
        """The path of the folder, without a slash at its end."""
        digest = hashlib.sha256()
        for name in sorted(self._files):
            digest.update(name.encode() + b"\0" + hashlib.sha256(self._files[name].plain).digest())
        return f"{PLACE}/{digest.hexdigest()[:16]}"

    def find(self, path: str) -> Asset | None:
        """The file of a path; None where there is none, or it was another one at that time."""
        folder, _, name = path.rpartition("/")
        return self._files.get(name) if folder == self.folder else None


def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether a browser takes gzip (RFC 9110, section 12.5.3).

    Args:
        accept_encoding: the header's value.
    """
    for part in accept_encoding.lower().split(b","):
        coding, _, weight = part.strip().partition(b";")
        if coding.strip() == b"gzip":
            return weight.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    return False
