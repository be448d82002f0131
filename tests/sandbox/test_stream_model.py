import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tidegate.clock import ManualClock
from tidegate.sandbox.stream_errors import StreamFault
from tidegate.sandbox.stream_model import Users, timestamp

IDS = st.sampled_from(["ada", "grace", "alan"])
NAMES = st.sampled_from(["name", "image", "color", "shoe"])
VALUES = st.one_of(st.text(max_size=5), st.none())
FIELDS = st.dictionaries(NAMES, VALUES, max_size=4)
STREAM_SETS = {"role", "created_at", "updated_at", "online", "banned", "last_active"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def users(clock):
    return Users(clock.now)


class UsersMachine(RuleBasedStateMachine):
    """Users against the plainest model there is: a dictionary of what a client should see."""

    def __init__(self):
        super().__init__()
        self.clock = ManualClock()
        self.users = Users(self.clock.now)
        self.model = {}
        self.created = {}

    @rule(user_id=IDS, fields=FIELDS)
    def upsert(self, user_id, fields):
        answer = self.users.upsert({user_id: {"id": user_id, **fields}})
        self.model[user_id] = dict(fields)
        self.created.setdefault(user_id, timestamp(self.clock.now()))
        assert answer[user_id] == self.users[user_id]

    @rule(user_id=IDS, setting=FIELDS, unsetting=st.lists(NAMES, max_size=2))
    def patch(self, user_id, setting, unsetting):
        update = [{"id": user_id, "set": setting, "unset": unsetting}]
        if user_id not in self.model:
            with pytest.raises(StreamFault, match="code 16"):
                self.users.patch(update)
            return
        self.users.patch(update)
        changed = {**self.model[user_id], **setting}
        self.model[user_id] = {name: value for name, value in changed.items() if name not in unsetting}

    @rule(user_id=IDS, online=st.booleans())
    def connect(self, user_id, online):
        if user_id in self.model:
            self.users.put(user_id, online=online)

    @rule(user_id=IDS, fields=FIELDS, bad=st.sampled_from(["a.b", "", "x" * 256]))
    def one_bad_user_fails_the_batch(self, user_id, fields, bad):
        before = {known: self.users[known] for known in self.users}
        with pytest.raises(StreamFault):
            self.users.upsert({user_id: {"id": user_id, **fields}, bad: {"id": bad}})
        with pytest.raises(StreamFault):
            self.users.patch([{"id": user_id, "set": fields}, {"id": bad}])
        assert before == {known: self.users[known] for known in self.users}

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def what_is_seen_is_what_was_written(self):
        assert set(self.users) == set(self.model)
        for user_id, fields in self.model.items():
            seen = self.users[user_id]
            assert {name: seen[name] for name in seen.keys() - STREAM_SETS} == {"id": user_id, **fields}
            assert seen["created_at"] == self.created[user_id]


TestUsers = UsersMachine.TestCase
TestUsers.settings = settings(stateful_step_count=20)


def test_an_upsert_wipes_what_it_does_not_name(users):
    users.upsert({"ada": {"id": "ada", "name": "Ada", "profile_type": "pro"}})
    users.upsert({"ada": {"id": "ada", "name": "Ada L."}})

    assert "profile_type" not in users["ada"]
    assert users["ada"]["name"] == "Ada L."


def test_a_patch_keeps_what_it_does_not_name(users):
    users.upsert({"ada": {"id": "ada", "name": "Ada", "profile_type": "pro", "nested": {"a": 1, "b": 2}}})
    users.patch([{"id": "ada", "set": {"name": "Ada L.", "nested.c": 3}, "unset": ["nested.a"]}])

    seen = users["ada"]
    assert (seen["name"], seen["profile_type"], seen["nested"]) == ("Ada L.", "pro", {"b": 2, "c": 3})


def test_what_stream_sets_survives_an_upsert(users, clock):
    users.upsert({"ada": {"id": "ada", "role": "admin"}})
    first = users.put("ada", online=True, last_active="2026-01-01T00:00:00.000000Z")
    clock.advance(60)
    users.upsert({"ada": {"id": "ada"}})

    seen = users["ada"]
    for name in ("role", "online", "last_active", "created_at"):
        assert seen[name] == first[name]
    assert seen["updated_at"] > first["updated_at"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {f"u{number}": {"id": f"u{number}"} for number in range(101)},
        {"ada": {}},
        {"ada": {"id": "grace"}},
        {"ada": "Ada"},
        {"ada": {"id": "ada", "online": True}},
    ],
)
def test_upserts_that_are_refused(users, given):
    with pytest.raises(StreamFault, match="code 4:"):
        users.upsert(given)
    assert len(users) == 0


@pytest.mark.parametrize(
    "update",
    [
        "ada",
        {"set": {}},
        {"id": "ada", "set": []},
        {"id": "ada", "unset": "name"},
        {"id": "ada", "unset": [1]},
        {"id": "ada", "unset": ["role"]},
        {"id": "ada", "unset": ["id"]},
        {"id": "ada", "set": {"id": "eve"}},
        {"id": "ada", "set": {"online": True}},
        {"id": "ada", "set": {"updated_at": "x"}},
        {"id": "ada", "set": {"name.first": "A"}},
        {"id": "ada", "set": {"name": 5}},
        {"id": "ada", "set": {"big": "x" * 5200}},
    ],
)
def test_patches_that_are_refused(users, update):
    users.upsert({"ada": {"id": "ada", "name": "Ada"}})
    before = users["ada"]

    with pytest.raises(StreamFault, match="code 4:"):
        users.patch([{"id": "ada", "set": {"color": "red"}}, update])
    assert users["ada"] == before


def test_a_hundred_and_no_more(users):
    names = [f"u{number}" for number in range(101)]
    users.upsert({name: {"id": name} for name in names[:100]})
    users.patch([{"id": name, "set": {"color": "red"}} for name in names[:100]])

    with pytest.raises(StreamFault):
        users.patch([{"id": "u0"}] * 101)


def test_two_updates_of_one_user_are_applied_in_order(users):
    users.upsert({"ada": {"id": "ada"}})
    users.patch([{"id": "ada", "set": {"a": 1, "b": 1}}, {"id": "ada", "set": {"b": 2}}])

    assert (users["ada"]["a"], users["ada"]["b"]) == (1, 2)


def test_copies_go_in_and_out(users):
    given = {"ada": {"id": "ada", "nested": {"a": 1}}}
    users.upsert(given)
    given["ada"]["nested"]["a"] = 2
    users["ada"]["nested"]["a"] = 3
    users.query(None)[0]["nested"]["a"] = 4

    assert users["ada"]["nested"] == {"a": 1}
    assert copy.deepcopy(users["ada"]) == users["ada"]


def test_it_is_bounded(clock):
    users = Users(clock.now, capacity=2)
    users.upsert({"a": {"id": "a"}, "b": {"id": "b"}})
    users.upsert({"a": {"id": "a"}})

    with pytest.raises(StreamFault):
        users.upsert({"c": {"id": "c"}})


def test_times_have_microseconds():
    assert timestamp(0.25) == "1970-01-01T00:00:00.250000Z"
