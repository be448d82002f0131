"""A twin of the client of Stream, in memory: users, and what goes wrong, as a test wants it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tidegate.clock import ManualClock
from tidegate.upstream.errors import InputError, NotFound, ServerFault, UpstreamError
from tidegate.upstream.model import MAX_USERS_PER_CALL, PartialUpdate, StreamUser


@dataclass
class FakeStream:
    """The three calls that profile sync makes.

    Attributes:
        clock: moved by a quarter of a second with each call.
        users: id to fields.
        bad: ids that make a writing call fail with an input error.
        poison: ids over which Stream itself fails.
        failures: errors raised by the next calls, the first first; None: the call works.
        calls: (seconds, method, ids) of each call.
        on_call: told before each call; may offer something meanwhile.
        allowed: the only fields that may be written.
    """

    clock: ManualClock
    users: dict[str, dict[str, object]] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    failures: list[UpstreamError | None] = field(default_factory=list)
    down: UpstreamError | None = None
    calls: list[tuple[float, str, list[str]]] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda _method: None
    allowed: frozenset[str] = frozenset({"name", "image"})

    async def query_users(self, ids: Sequence[str], *, attempts: int | None = None) -> dict[str, StreamUser]:
        self._begin("query", ids, attempts)
        found = {}
        for user_id in ids:
            if user_id in self.users:
                found[user_id] = StreamUser.from_answer({"id": user_id, **self.users[user_id]})
        return found

    async def upsert_users(self, users: Sequence[Mapping[str, object]], *, attempts: int | None = None) -> None:
        self._begin("create", [str(user["id"]) for user in users], attempts)
        for user in users:
            assert set(user) <= {"id", *self.allowed}
            self.users[str(user["id"])] = {name: value for name, value in user.items() if name != "id"}

    async def update_users_partial(self, users: Sequence[PartialUpdate], *, attempts: int | None = None) -> None:
        self._begin("patch", [user.id for user in users], attempts)
        for user in users:
            if user.id not in self.users:
                raise NotFound("update_users", code=16, status=404)
            assert {*user.set, *user.unset} <= self.allowed
            assert user.set or user.unset
        for user in users:
            self.users[user.id] |= user.set
            for name in user.unset:
                del self.users[user.id][name]

    def count(self, method: str) -> int:
        return sum(called == method for _, called, _ in self.calls)

    def _begin(self, method: str, ids: Sequence[str], attempts: int | None) -> None:
        assert attempts == 1, "the sync paces its calls itself"
        assert 1 <= len(ids) <= MAX_USERS_PER_CALL
        assert len(set(ids)) == len(ids)
        self.calls.append((self.clock.monotonic(), method, list(ids)))
        self.on_call(method)
        self.clock.advance(0.25)
        failure = self.failures.pop(0) if self.failures else self.down
        if failure is not None:
            raise failure
        if method != "query" and self.poison & set(ids):
            raise ServerFault(method, status=500, code=-1)
        if method != "query" and self.bad & set(ids):
            raise InputError(method, status=400, code=4)
