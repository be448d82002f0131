"""Users as Stream keeps them: flat objects, replaced by an upsert, changed in part by a patch.

No HTTP here; :mod:`tidegate.sandbox.stream` speaks it.
"""

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tidegate.sandbox.stream_errors import Code, StreamFault, bad_input
from tidegate.sandbox.stream_rules import (
    SERVER_SET,
    check_batch,
    check_fields,
    check_user_id,
    set_path,
    unset_path,
)

DEFAULT_ROLE: Final = "user"
USERS_KEPT: Final = 200_000


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with microseconds, as Stream writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Users:
    """All users of the app; thread-safe, and every batch is all or nothing.

    Args:
        now: seconds since the epoch by Stream's clock.
        capacity: how many users it holds; a call that would exceed it is refused.
    """

    def __init__(self, now: Callable[[], float], capacity: int = USERS_KEPT) -> None:
        self._now = now
        self._capacity = capacity
        self._lock = threading.RLock()
        self._users: dict[str, dict[str, Any]] = {}
        self._bans_end: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._users)

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._users

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._users))

    def __getitem__(self, user_id: str) -> dict[str, Any]:
        """A copy of one user.

        Raises:
            KeyError: there is none of that id.
        """
        with self._lock:
            self._lift_ended_bans()
            return copy.deepcopy(self._users[user_id])

    def put(self, user_id: str, **fields: object) -> dict[str, Any]:
        """Set fields as Stream itself could, ``online`` and ``last_active`` too; for tests.

        Args:
            user_id: made if it is unknown.
            fields: laid over what is there, nothing is checked.

        Returns:
            the user.
        """
        with self._lock:
            user = self._users.setdefault(user_id, self._fresh(user_id))
            user.update(fields)
            return self[user_id]

    def clear(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._users.clear()
            self._bans_end.clear()

    def upsert(self, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Create or replace users; fields that are not given are gone afterwards.

        Args:
            given: users by id.

        Returns:
            the users as they are now, by id.

        Raises:
            StreamFault: code 4 for any of them; then none is changed.
        """
        check_batch(len(given))
        with self._lock:
            replaced = {user_id: self._replacement(user_id, fields) for user_id, fields in given.items()}
            if len(self._users.keys() | replaced.keys()) > self._capacity:
                raise bad_input(f"the sandbox holds at most {self._capacity} users")
            self._users.update(replaced)
            return copy.deepcopy(replaced)

    def patch(self, updates: Sequence[Any]) -> dict[str, dict[str, Any]]:
        """Change single fields.

        Args:
            updates: objects of ``id``, ``set`` and ``unset``, paths dotted; applied in order.

        Returns:
            the users as they are now, by id.

        Raises:
            StreamFault: code 4, or 16 for an unknown user; then none is changed.
        """
        check_batch(len(updates))
        with self._lock:
            changed: dict[str, dict[str, Any]] = {}
            for update in updates:
                user = self._patched(update, changed)
                changed[user["id"]] = user
            self._users.update(changed)
            return copy.deepcopy(changed)

    def query(self, user_ids: Iterable[str] | None) -> list[dict[str, Any]]:
        """Users in the order in which they were created.

        Args:
            user_ids: only these; None for everybody.
        """
        with self._lock:
            self._lift_ended_bans()
            wanted = None if user_ids is None else set(user_ids)
            return [copy.deepcopy(user) for user in self._users.values() if wanted is None or user["id"] in wanted]

    def ban(self, user_id: str, minutes: float | None) -> None:
        """Ban a user from the whole app; a ban takes the place of one that is there.

        Args:
            user_id: who is banned.
            minutes: how long; None for ever.

        Raises:
            StreamFault: code 16 for an unknown user.
        """
        with self._lock:
            self._existing(user_id)["banned"] = True
            self._bans_end.pop(user_id, None)
            if minutes is not None:
                self._bans_end[user_id] = self._now() + 60 * minutes

    def unban(self, user_id: str) -> None:
        """Lift a ban, if there is one.

        Raises:
            StreamFault: code 16 for an unknown user.
        """
        with self._lock:
            self._existing(user_id)["banned"] = False
            self._bans_end.pop(user_id, None)

    def activate(self, user_id: str, *, active: bool) -> dict[str, Any]:
        """Deactivate a user, or undo that.

        Returns:
            the user.

        Raises:
            StreamFault: code 16 for an unknown user, 4 for one who is so already.
        """
        with self._lock:
            user = self._existing(user_id)
            if active != ("deactivated_at" in user):
                raise bad_input(f"user {user_id} is {'active' if active else 'deactivated'} already", id="state")
            if active:
                del user["deactivated_at"]
            else:
                user["deactivated_at"] = timestamp(self._now())
            return self[user_id]

    def active(self, user_id: str) -> bool:
        """Whether a user can connect: a deactivated one cannot, an unknown one becomes known by it."""
        with self._lock:
            return "deactivated_at" not in self._users.get(user_id, {})

    def _existing(self, user_id: str) -> dict[str, Any]:
        user = self._users.get(user_id)
        if user is None:
            raise StreamFault(Code.DOES_NOT_EXIST, f"user {user_id} does not exist")
        return user

    def _lift_ended_bans(self) -> None:
        now = self._now()
        for user_id in [user_id for user_id, end in self._bans_end.items() if end <= now]:
            self.unban(user_id)

    def revoked_before(self, user_id: str) -> str | None:
        """The user's ``revoke_tokens_issued_before``, if it is set."""
        with self._lock:
            value = self._users.get(user_id, {}).get("revoke_tokens_issued_before")
            return value if isinstance(value, str) else None

    def _fresh(self, user_id: str) -> dict[str, Any]:
        at = timestamp(self._now())
        return {
            "id": user_id,
            "role": DEFAULT_ROLE,
            "created_at": at,
            "updated_at": at,
            "online": False,
            "banned": False,
        }

    def _replacement(self, user_id: str, fields: object) -> dict[str, Any]:
        check_user_id(user_id)
        if not isinstance(fields, dict):
            raise bad_input("a user must be an object", users="not an object")
        if check_user_id(fields.get("id")) != user_id:
            raise bad_input("the id of a user and its key in the map differ", id="differs")
        check_fields(fields)
        before = self._users.get(user_id, {})
        kept = {name: value for name, value in before.items() if name in SERVER_SET or name == "role"}
        revoked = {name: before[name] for name in ("revoke_tokens_issued_before",) if name in before}
        fresh = self._fresh(user_id)
        return {**fresh, **kept, **revoked, **copy.deepcopy(fields), "updated_at": fresh["updated_at"]}

    def _patched(self, update: object, changed: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        if not isinstance(update, dict):
            raise bad_input("an update must be an object", users="not an object")
        user_id = check_user_id(update.get("id"))
        before = changed.get(user_id) or self._existing(user_id)
        setting, unsetting = update.get("set", {}), update.get("unset", [])
        if not isinstance(setting, dict) or not isinstance(unsetting, list):
            raise bad_input("set must be an object and unset a list", set="type")
        return self._with_changes(before, setting, unsetting)

    def _with_changes(self, before: Mapping[str, Any], setting: dict[str, Any], unsetting: list[Any]) -> dict[str, Any]:
        own = {name: copy.deepcopy(value) for name, value in before.items() if name not in SERVER_SET}
        for path, value in setting.items():
            set_path(own, path, copy.deepcopy(value))
        for path in unsetting:
            if not isinstance(path, str) or path == "role":
                raise bad_input("unset takes names of fields", unset="path")
            unset_path(own, path)
        check_fields(own)
        stream_set = {name: before[name] for name in SERVER_SET if name in before}
        return {**own, **stream_set, "updated_at": timestamp(self._now())}
