"""User ids given out before Tidegate came, read from a file so that nobody's chats are lost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from tidegate.errors import TidegateError

_LARGEST: Final = 256 * 1024 * 1024
_MEMBERS: Final = frozenset({"issuer", "subject", "user_id"})


class MapFileError(TidegateError):
    """The file of assigned user ids cannot be used; the message names the line."""


def read_assigned(path: Path, namespaces: Mapping[str, str | None]) -> dict[tuple[str | None, str], str]:
    """Read JSON lines ``{"subject", "user_id", "issuer"}``; the issuer's name may be left out for the primary one.

    Args:
        path: of the file.
        namespaces: configured issuer name to namespace, the primary issuer first.

    Returns:
        for `SubjectMapping`: namespace and subject to user id.

    Raises:
        MapFileError: the file cannot be read, a line is not of this form, or a subject stands twice.
    """
    assigned: dict[tuple[str | None, str], str] = {}
    try:
        if path.stat().st_size > _LARGEST:
            raise MapFileError(f"{path.name} is larger than {_LARGEST} octets")
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                who, user_id = _entry(line, namespaces, f"{path.name} line {number}")
                if assigned.setdefault(who, user_id) != user_id:
                    raise MapFileError(f"{path.name} line {number}: this subject stands twice with different ids")
    except OSError as error:
        raise MapFileError(f"{path.name} cannot be read: {error.strerror}") from error
    return assigned


def _entry(line: bytes, namespaces: Mapping[str, str | None], where: str) -> tuple[tuple[str | None, str], str]:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise MapFileError(f"{where}: not a JSON object") from None
    if not isinstance(entry, dict) or not entry.keys() <= _MEMBERS:
        raise MapFileError(f"{where}: write an object of subject, user_id and, if need be, issuer")
    subject, user_id = entry.get("subject"), entry.get("user_id")
    issuer = entry.get("issuer", next(iter(namespaces), None))
    if not isinstance(subject, str) or not isinstance(user_id, str) or not subject:
        raise MapFileError(f"{where}: subject and user_id must be texts")
    if not isinstance(issuer, str) or issuer not in namespaces:
        raise MapFileError(f"{where}: no issuer of this name is configured")
    return (namespaces[issuer], subject), user_id
