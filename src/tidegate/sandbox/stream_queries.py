"""The part of Stream's query language that Tidegate uses, and a refusal of the rest."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tidegate.sandbox.stream_errors import StreamFault, bad_input
from tidegate.sandbox.stream_model import Users

DEFAULT_LIMIT: Final = 30
MOST: Final = 100
MOST_OFFSET: Final = 1000
SORTABLE: Final = frozenset({"id", "created_at", "updated_at", "last_active"})

UserRecord = dict[str, Any]


def run(users: Users, payload: Mapping[str, Any]) -> list[UserRecord]:
    """Answer ``GET /users``.

    Args:
        users: all of them.
        payload: filter_conditions (``{}``, ``{"id": "x"}``, ``{"id": {"$eq": "x"}}`` or
            ``{"id": {"$in": [...]}}``), sort, limit, offset, include_deactivated_users.

    Raises:
        StreamFault: code 4 for anything else.
    """
    found = users.query(wanted_ids(payload.get("filter_conditions", {})))
    if payload.get("include_deactivated_users") is not True:
        found = [user for user in found if "deactivated_at" not in user]
    for key, backwards in _sort_keys(payload.get("sort") or []):
        found.sort(key=key, reverse=backwards)
    offset = _count(payload, "offset", 0, MOST_OFFSET)
    return found[offset : offset + _count(payload, "limit", DEFAULT_LIMIT, MOST)]


def wanted_ids(conditions: object) -> frozenset[str] | None:
    """The ids that a filter names; None for a filter that is empty.

    Raises:
        StreamFault: code 4 for a filter that is not modelled.
    """
    if conditions == {}:
        return None
    if not isinstance(conditions, dict) or conditions.keys() != {"id"}:
        raise _not_modelled()
    wanted = conditions["id"]
    if isinstance(wanted, str):
        return frozenset({wanted})
    if not isinstance(wanted, dict) or len(wanted) != 1:
        raise _not_modelled()
    ((operator, value),) = wanted.items()
    if operator == "$eq" and isinstance(value, str):
        return frozenset({value})
    if operator == "$in" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return frozenset(value)
    raise _not_modelled()


def _not_modelled() -> StreamFault:
    return bad_input("the sandbox knows filters by id alone: a value, $eq or $in", filter_conditions="not modelled")


def _count(payload: Mapping[str, Any], name: str, usual: int, most: int) -> int:
    value = payload.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise bad_input(f"{name} must lie between 0 and {most}", **{name: "out of range"})
    return value


def _sort_keys(sort: object) -> list[tuple[Callable[[UserRecord], str], bool]]:
    """Key functions, the least significant first, for one stable sort after another."""
    if not isinstance(sort, list):
        raise bad_input("sort must be a list", sort="not a list")
    return [_sort_key(item) for item in reversed(sort)]


def _sort_key(item: object) -> tuple[Callable[[UserRecord], str], bool]:
    if not isinstance(item, dict) or item.get("field") not in SORTABLE or item.get("direction", 1) not in (1, -1):
        raise bad_input(f"sort takes field ({', '.join(sorted(SORTABLE))}) and direction (1, -1)", sort="not modelled")
    field: str = item["field"]
    return (lambda user: str(user.get(field) or "")), item.get("direction", 1) == -1
