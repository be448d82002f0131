"""Key sets in a file that somebody saved, so that a token can be judged where there is no network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from tidegate import ownfiles
from tidegate.clock import rfc3339
from tidegate.errors import TidegateError
from tidegate.identity.keys import KeySet, KeySetError
from tidegate.identity.strictjson import StrictJsonError, parse_object

_OCTETS_MAX: Final = 1_048_576
_DEPTH_MAX: Final = 18


class KeyFileError(TidegateError):
    """A file of keys cannot be used; the message says why, and names no content."""


@dataclass(frozen=True, slots=True)
class SavedKeySets:
    """What a file of keys holds.

    Attributes:
        by_issuer: exact issuer to its keys.
        of_any: keys that name no issuer: they count for whichever issuer a token is of.
        saved_at: when, RFC 3339; None where the file does not say.
    """

    by_issuer: Mapping[str, KeySet] = field(default_factory=dict)
    of_any: KeySet | None = None
    saved_at: str | None = None

    def of(self, issuer: str) -> KeySet:
        """The keys to judge an issuer's tokens with; an empty set where there are none.

        Args:
            issuer: byte for byte.
        """
        return self.by_issuer.get(issuer) or self.of_any or KeySet()


def read(path: Path) -> SavedKeySets:
    """Read a file of keys: one that `save` wrote, a JWK set as key servers give it, or a public key in PEM form.

    Args:
        path: of the file.

    Raises:
        KeyFileError: it is none of these, too large, or holds no usable key.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(_OCTETS_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "the path is none"
        raise KeyFileError(f"the file of keys cannot be read: {why}") from None
    if len(octets) > _OCTETS_MAX:
        raise KeyFileError(f"the file of keys has more than {_OCTETS_MAX} octets")
    try:
        if b"-----BEGIN" in octets[:64]:
            return SavedKeySets(of_any=KeySet.from_pem(octets))
        return _from_members(parse_object(octets, _DEPTH_MAX))
    except (KeySetError, StrictJsonError) as error:
        raise KeyFileError(f"the file holds no key set: {error}") from None


def _from_members(members: Mapping[str, object]) -> SavedKeySets:
    listed = members.get("issuers")
    if listed is None:
        return SavedKeySets(of_any=_usable(members))
    saved_at = members.get("saved_at")
    found: dict[str, KeySet] = {}
    for one in listed if isinstance(listed, list) else (None,):
        issuer, document = (one.get("issuer"), one.get("jwks")) if isinstance(one, dict) else (None, None)
        if not isinstance(issuer, str) or not isinstance(document, dict):
            raise KeyFileError("the file of keys is damaged: an issuer or its key set is missing")
        found[issuer] = _usable(document)
    return SavedKeySets(found, saved_at=saved_at if isinstance(saved_at, str) and saved_at.isprintable() else None)


def _usable(document: Mapping[str, object]) -> KeySet:
    keys = KeySet.from_jwks(document)
    if not keys.keys:
        raise KeyFileError(f"none of the {len(keys.rejected)} keys in the file is usable")
    return keys


def save(path: Path, documents: Mapping[str, Mapping[str, object]], now: float) -> None:
    """Write key sets, whole or not at all.

    Args:
        path: replaced if it is there. It is the writer's alone: whoever can change it decides which tokens pass.
        documents: exact issuer to its JWK set, of which only the keys are kept.
        now: seconds since the epoch.

    Raises:
        KeyFileError: it cannot be written.
    """
    issuers = [{"issuer": issuer, "jwks": {"keys": one.get("keys")}} for issuer, one in documents.items()]
    octets = orjson.dumps({"saved_at": rfc3339(now), "issuers": issuers}, option=orjson.OPT_INDENT_2)
    try:
        ownfiles.replace(path, octets + b"\n")
    except OSError as error:
        raise KeyFileError(f"the file of keys cannot be written: {error.strerror}") from None
