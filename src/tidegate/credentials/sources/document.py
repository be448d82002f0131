"""Pairs in a JSON document, as secret managers and files hold them."""

import json

from tidegate.credentials.sources.model import DOCUMENT_OCTETS, Pairs, SourceError, pairs_from


def parse(octets: bytes, *, made_at: float | None = None) -> Pairs:
    """Read a JSON object whose members are named like the variables.

    Args:
        octets: UTF-8; what does not fit is refused whole, since it may be half written.
        made_at: seconds since the epoch at which it was stored, if known.

    Raises:
        SourceError: it is not that.
    """
    if len(octets) > DOCUMENT_OCTETS:
        raise SourceError(f"it has more than {DOCUMENT_OCTETS} octets")
    try:
        value = json.loads(octets.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise SourceError("it is not JSON, or names a member twice") from None
    if not isinstance(value, dict):
        raise SourceError("it is not a JSON object")
    return pairs_from(value, made_at=made_at)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members
