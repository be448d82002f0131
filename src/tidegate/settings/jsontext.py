"""Values of settings that are JSON."""

import json

from tidegate.settings.problems import Unfit


def json_of(text: str, longest: int, mend: str) -> object:
    """The value of a JSON text.

    Args:
        text: of a variable.
        longest: characters that it may have.
        mend: what to write instead.

    Raises:
        Unfit: it is longer, or no JSON without a name twice in one object.
    """
    if len(text) > longest:
        raise Unfit(f"is longer than {longest} characters", "shorten it")
    try:
        value: object = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise Unfit("is not JSON, or names a member twice", mend) from None
    return value


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, for ``object_pairs_hook``.

    Raises:
        ValueError: it names a member twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members
