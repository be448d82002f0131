"""The ring on this replica's disk, so that a start needs neither the database nor Stream."""

import json
from pathlib import Path
from typing import Final

import structlog

from tidegate import ownfiles
from tidegate.credentials.ring import Ring

FILE_NAME: Final = "credentials.json"
_OCTETS: Final = 262_144


class KeptRing:
    """One file of names, states and times; it holds no secret, but what it says decides who signs.

    Args:
        directory: of the service's state.
        base_url: where Stream is; a ring of an app elsewhere is not read.
        most: how many generations there may be.
    """

    def __init__(self, directory: Path, base_url: str, most: int) -> None:
        self._path = directory / FILE_NAME
        self._base_url = base_url
        self._most = most

    def read(self) -> Ring | None:
        """The ring, or None where there is none that can be used."""
        try:
            members = json.loads(ownfiles.read_own(self._path, largest=_OCTETS))
            if members["base_url"] != self._base_url:
                return None
            return Ring.from_json(members["ring"], most=self._most)
        except FileNotFoundError:
            return None
        except (ownfiles.NotOurs, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            structlog.get_logger("tidegate.credentials").warning(
                "credentials_file_unusable", cause=type(error).__name__
            )
            return None

    def write(self, ring: Ring) -> None:
        """Keep a ring, whole or not at all. A disk that fails costs the memory of this replica, no more."""
        octets = json.dumps({"base_url": self._base_url, "ring": ring.to_json()}, indent=1).encode()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            ownfiles.replace(self._path, octets)
        except OSError as error:
            structlog.get_logger("tidegate.credentials").warning("credentials_file_not_written", cause=error.strerror)
