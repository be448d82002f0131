"""Values of claims that stay with a verified subject because a rule wants them, cut down to what rules can use."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from tidegate.settings.claimpaths import steps

TEXT_LENGTH: Final = 2048
LIST_LENGTH: Final = 250
_INTEGER_MAX: Final = 2**53
_UNCLEAN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search

_steps = lru_cache(maxsize=1024)(steps)


def carried(claims: Mapping[str, object], paths: tuple[str, ...]) -> tuple[object, ...]:
    """The values that paths lead to.

    Args:
        claims: of a verified token.
        paths: of the issuer's policy.

    Returns:
        one for each path: text, truth, a whole number, a tuple of texts, or None. Empty if all are None.
    """
    values = tuple(_usable(_at(claims, _steps(path))) for path in paths)
    return values if any(value is not None for value in values) else ()


def _at(claims: Mapping[str, object], members: tuple[str, ...]) -> object:
    found: object = claims
    for member in members:
        if not isinstance(found, Mapping):
            return None
        found = found.get(member)
    return found


def _usable(value: object) -> object:
    if isinstance(value, list):
        # A list that is too long, or holds anything but texts, is not cut: part of it would say something else.
        sound = len(value) <= LIST_LENGTH and all(isinstance(one, str) and _clean(one) for one in value)
        return tuple(value) if sound else None
    if isinstance(value, str):
        return value if _clean(value) else None
    if isinstance(value, bool):
        return value
    return value if isinstance(value, int) and abs(value) <= _INTEGER_MAX else None


def _clean(text: str) -> bool:
    return 0 < len(text) <= TEXT_LENGTH and _UNCLEAN(text) is None
