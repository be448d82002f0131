"""Profile sync: what reaches Stream, what never does, and what it costs when Stream is down."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from support.fake_stream import FakeStream
from tidegate.clock import ManualClock
from tidegate.metrics import REGISTRY
from tidegate.tokens.profile import Profile
from tidegate.tokens.sync import ProfileSync, SyncOptions
from tidegate.upstream.errors import (
    AppSuspended,
    AuthFailed,
    BreakerOpen,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    UnexpectedAnswer,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tidegate.upstream.model import Operation
from tidegate.upstream.quota import Quota


class Bench:
    """A sync, the Stream it speaks to, and a clock that its waiting moves."""

    def __init__(self, **options):
        self.clock = ManualClock(1_000_000.0)
        self.stream = FakeStream(self.clock)
        self.quota = Quota(self.clock)
        self.pauses: list[float] = []
        self.sync = ProfileSync(
            self.stream,
            self.quota,
            SyncOptions(**options),
            self.clock,
            log=structlog.get_logger(),
            sleep=self.sleep,
            jitter=lambda: 1.0,
        )

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def until(self, done: Callable[[], bool], turns: int = 5000) -> None:
        """Run it until something has come about."""
        task = asyncio.create_task(self.sync.run())
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
                if done():
                    return
                assert not task.done(), task.exception()
            raise AssertionError("it did not come about")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def settle(self) -> None:
        await self.until(lambda: not len(self.sync))


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("tidegate_sync_total", {"result": result}) or 0.0


def dropped() -> float:
    return REGISTRY.get_sample_value("tidegate_sync_dropped_total") or 0.0


@pytest.mark.anyio
async def test_the_missing_are_created_and_the_rest_patched_where_they_differ():
    bench = Bench()
    bench.stream.users = {
        "same": {"name": "Same", "image": "https://img/same", "role": "admin"},
        "old": {"name": "Old", "image": "https://img/old", "profile_type": "angler"},
    }
    bench.sync.offer("new", Profile("New", "https://img/new"))
    bench.sync.offer("bare", Profile(None, None))
    bench.sync.offer("same", Profile("Same", None))
    bench.sync.offer("old", Profile("Newer", None))
    before = {result: counted(result) for result in ("created", "updated", "unchanged")}
    await bench.settle()
    assert bench.stream.users == {
        "new": {"name": "New", "image": "https://img/new"},
        "bare": {},
        "same": {"name": "Same", "image": "https://img/same", "role": "admin"},
        "old": {"name": "Newer", "image": "https://img/old", "profile_type": "angler"},
    }
    assert [(method, ids) for _, method, ids in bench.stream.calls] == [
        ("query", ["new", "bare", "same", "old"]),
        ("create", ["new", "bare"]),
        ("patch", ["old"]),
    ]
    assert {result: counted(result) - count for result, count in before.items()} == {
        "created": 2,
        "updated": 1,
        "unchanged": 1,
    }


@pytest.mark.anyio
async def test_a_repeated_user_owes_nothing_and_a_changed_one_does():
    bench = Bench()
    bench.sync.offer("ana", Profile("Ana", None))
    await bench.settle()
    calls = len(bench.stream.calls)
    for _ in range(1000):
        bench.sync.offer("ana", Profile("Ana", None))
    assert len(bench.sync) == 0
    bench.sync.offer("ana", Profile("Anna", None))
    await bench.settle()
    assert bench.stream.users["ana"] == {"name": "Anna"}
    assert [method for _, method, _ in bench.stream.calls[calls:]] == ["query", "patch"]


@pytest.mark.anyio
async def test_of_several_offers_the_latest_wins():
    bench = Bench()
    for name in ("A", "B", "C"):
        bench.sync.offer("ana", Profile(name, None))
    assert len(bench.sync) == 1
    await bench.settle()
    assert bench.stream.users == {"ana": {"name": "C"}}
    assert len(bench.stream.calls) == 2


@pytest.mark.anyio
async def test_what_comes_while_a_call_is_under_way_is_not_lost():
    bench = Bench()
    bench.sync.offer("ana", Profile("A", None))
    bench.stream.on_call = lambda method: bench.sync.offer("ana", Profile("B", None)) if method == "create" else None
    await bench.settle()
    assert bench.stream.users == {"ana": {"name": "B"}}


@pytest.mark.anyio
@pytest.mark.parametrize("moment", ["query", "patch"])
async def test_a_change_of_mind_on_the_way_wins_too(moment):
    bench = Bench()
    bench.sync.offer("ana", Profile("A", None))
    await bench.settle()
    bench.sync.offer("ana", Profile("B", None))
    bench.stream.on_call = lambda method: bench.sync.offer("ana", Profile("A", None)) if method == moment else None
    await bench.settle()
    assert bench.stream.users == {"ana": {"name": "A"}}


@pytest.mark.parametrize(
    ("name", "image", "fields"),
    [
        (None, None, {}),
        ("", "", {}),
        ("Anonymous User", "https://img", {"image": "https://img"}),
        ("ana@example.com", None, {}),
        ("Ana <ana@example.com>", None, {}),
        ("Ana @home", None, {"name": "Ana @home"}),
        (None, "javascript:alert(1)", {}),
        ("Ana", None, {"name": "Ana"}),
        ("\ud800", "\udfff", {}),
    ],
)
def test_only_what_is_present_is_sent(name, image, fields):
    assert Profile(name, image).present() == fields


@pytest.mark.anyio
async def test_absent_claims_never_unset():
    bench = Bench()
    bench.stream.users = {"ana": {"name": "Ana", "image": "https://img"}}
    bench.sync.offer("ana", Profile(None, None))
    bench.sync.offer("ana", Profile("Anonymous User", None))
    await bench.settle()
    assert bench.stream.users == {"ana": {"name": "Ana", "image": "https://img"}}
    assert bench.stream.count("patch") == 0


@pytest.mark.anyio
async def test_mapped_fields_are_set_and_removed_and_others_stay():
    bench = Bench()
    bench.stream.allowed = frozenset({"name", "role", "teams", "plan", "old"})
    bench.stream.users = {
        "ana": {"role": "moderator", "teams": ["b", "a"], "plan": "pro", "old": 1, "theirs": "x"},
        "bo": {"role": "user", "teams": ["a", "b"], "plan": "pro", "theirs": "y"},
    }
    same = (("old", None), ("plan", "pro"), ("role", "user"), ("teams", ("a", "b")))
    bench.sync.offer("ana", Profile("Ana", None, same))
    bench.sync.offer("bo", Profile(None, None, same))
    bench.sync.offer("new", Profile(None, None, same))
    await bench.settle()
    assert bench.stream.users == {
        "ana": {"name": "Ana", "role": "user", "teams": ["b", "a"], "plan": "pro", "theirs": "x"},
        "bo": {"role": "user", "teams": ["a", "b"], "plan": "pro", "theirs": "y"},
        "new": {"role": "user", "teams": ["a", "b"], "plan": "pro"},
    }
    assert [(method, ids) for _, method, ids in bench.stream.calls] == [
        ("query", ["ana", "bo", "new"]),
        ("create", ["new"]),
        ("patch", ["ana"]),
    ]


@pytest.mark.anyio
async def test_a_demotion_reaches_stream():
    bench = Bench()
    bench.stream.allowed = frozenset({"role", "teams"})
    for role, teams in (("moderator", ("a",)), ("user", ())):
        bench.sync.offer("ana", Profile(None, None, (("role", role), ("teams", teams))))
        await bench.settle()
        assert bench.stream.users["ana"] == {"role": role, "teams": list(teams)}


@pytest.mark.anyio
async def test_at_most_a_hundred_a_call():
    bench = Bench(calls_per_minute=6000)
    for number in range(250):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.settle()
    assert len(bench.stream.users) == 250
    assert [len(ids) for _, _, ids in bench.stream.calls] == [100, 100, 100, 100, 50, 50]


@pytest.mark.anyio
async def test_calls_keep_to_the_rate():
    bench = Bench(calls_per_minute=30)
    for number in range(400):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.settle()
    times = [time for time, _, _ in bench.stream.calls]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 2.0 - 1e-6


@pytest.mark.anyio
async def test_streams_quota_is_left_to_others():
    bench = Bench(reserve=0.2)
    headers = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "60", "x-ratelimit-reset": "1000055"}
    bench.quota.observe(Operation.UPSERT_USERS, headers)
    bench.sync.offer("ana", Profile("Ana", None))
    await bench.settle()
    created_at = next(time for time, method, _ in bench.stream.calls if method == "create")
    assert created_at == pytest.approx(55.0)


@pytest.mark.anyio
async def test_a_bad_user_is_found_reported_and_not_tried_again():
    bench = Bench(calls_per_minute=6000)
    bench.stream.bad = {"u37", "u38"}
    for number in range(100):
        bench.sync.offer(f"u{number}", Profile("N", None))
    with capture_logs() as lines:
        await bench.settle()
    assert set(bench.stream.users) == {f"u{number}" for number in range(100)} - bench.stream.bad
    refused = [line for line in lines if line["event"] == "sync_user_refused"]
    assert len(refused) == len({line["user"] for line in refused}) == 2
    assert all(line["code"] == 4 for line in refused)
    assert not any("u37" in str(line) for line in lines)
    calls = len(bench.stream.calls)
    assert calls < 20
    bench.sync.offer("u37", Profile("N", None))
    assert len(bench.sync) == 0
    bench.stream.bad.clear()
    bench.sync.offer("u37", Profile("Mended", None))
    await bench.settle()
    assert bench.stream.users["u37"] == {"name": "Mended"}


@pytest.mark.anyio
async def test_an_outage_keeps_the_queue_and_is_reported_once():
    bench = Bench()
    bench.stream.failures = [ServerFault("query_users", status=500)] * 6
    for number in range(5):
        bench.sync.offer(f"u{number}", Profile("N", None))
    with capture_logs() as lines:
        await bench.settle()
    assert len(bench.stream.users) == 5
    assert [line["event"] for line in lines] == ["sync_paused", "sync_resumed"]
    assert [pause for pause in bench.pauses if pause >= 1] == [1, 2, 4, 8, 16, 32]


@pytest.mark.anyio
async def test_pauses_are_bounded():
    bench = Bench(pause_max_s=20.0)
    bench.stream.down = UpstreamUnreachable("query_users")
    bench.sync.offer("ana", Profile("Ana", None))
    await bench.until(lambda: len(bench.pauses) > 40)
    assert max(bench.pauses) == 20.0
    assert len(bench.sync) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [RateLimited, BreakerOpen])
async def test_a_told_wait_is_kept(kind):
    bench = Bench()
    bench.stream.failures = [kind("query_users", retry_after=42.0)]
    bench.sync.offer("ana", Profile("Ana", None))
    await bench.settle()
    assert 42.0 in bench.pauses
    assert bench.stream.calls[1][0] - bench.stream.calls[0][0] >= 42


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AuthFailed, SignatureInvalid, AppSuspended])
async def test_a_fault_of_ours_condemns_no_user(kind):
    bench = Bench()
    bench.stream.failures = [None, kind("upsert_users", code=5, status=401)]
    refused = counted("refused")
    for number in range(8):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.settle()
    assert len(bench.stream.users) == 8
    assert counted("refused") == refused
    assert [ids for _, method, ids in bench.stream.calls if method == "create"] == [
        [f"u{number}" for number in range(8)]
    ] * 2


@pytest.mark.anyio
async def test_a_user_over_whom_stream_fails_does_not_hold_up_the_others():
    bench = Bench(calls_per_minute=6000)
    bench.stream.poison = {"u3"}
    for number in range(60):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.until(lambda: len(bench.sync) == 1)
    assert set(bench.stream.users) == {f"u{number}" for number in range(60)} - {"u3"}
    bench.stream.poison.clear()
    await bench.settle()
    assert "u3" in bench.stream.users


def test_a_full_queue_drops_and_counts_and_does_not_grow():
    bench = Bench(queue_size=100, memory_size=50)
    before = dropped()
    with capture_logs() as lines:
        for number in range(20_000):
            bench.sync.offer(f"u{number}", Profile("N", "https://img"))
    assert len(bench.sync) == 100
    assert REGISTRY.get_sample_value("tidegate_sync_queue_entries") == 100
    assert dropped() - before == 19_900
    assert lines == []
    bench.sync.offer("u5", Profile("Newer", None))
    assert bench.sync._queue["u5"] == Profile("Newer")


@pytest.mark.anyio
async def test_the_memory_is_bounded():
    bench = Bench(memory_size=50, calls_per_minute=60_000)
    for number in range(500):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.settle()
    assert len(bench.sync._synced) <= 50


@pytest.mark.anyio
async def test_cancelled_in_the_middle_nothing_is_lost():
    bench = Bench()
    for number in range(150):
        bench.sync.offer(f"u{number}", Profile("N", None))
    await bench.until(lambda: len(bench.stream.calls) == 2)
    assert len(bench.stream.users) in (0, 100)
    assert await bench.sync.drain(5.0) == 0
    assert len(bench.stream.users) == 150


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [UpstreamTimeout, UnexpectedAnswer])
async def test_draining_ends_at_the_first_failure(kind):
    bench = Bench()
    bench.stream.down = kind("query_users")
    bench.sync.offer("ana", Profile("Ana", None))
    assert await bench.sync.drain(5.0) == 1
    assert len(bench.stream.calls) == 1


@pytest.mark.anyio
async def test_draining_ends_at_its_limit():
    bench = Bench()

    async def for_ever(_seconds):
        await asyncio.Event().wait()

    bench.sync._sleep = for_ever
    for number in range(5):
        bench.sync.offer(f"u{number}", Profile("N", None))
    assert await bench.sync.drain(0.05) == 5  # the second call would have to wait its turn


OFFERS = st.lists(
    st.tuples(
        st.integers(0, 12).map("u{}".format),
        st.sampled_from([None, "Ana", "Bo", "Anonymous User", "bad"]),
        st.sampled_from([None, "https://a", "https://b"]),
    ),
    max_size=40,
)
FAILURES = st.lists(
    st.sampled_from(
        [
            None,
            None,
            ServerFault("x", status=500),
            RateLimited("x", status=429, retry_after=3.0),
            AuthFailed("x", status=401, code=5),
            UnexpectedAnswer("x"),
            UpstreamTimeout("x"),
        ]
    ),
    max_size=12,
)
EXISTING = st.dictionaries(
    st.integers(0, 12).map("u{}".format),
    st.fixed_dictionaries(
        {"role": st.just("user")}, optional={"name": st.sampled_from(["Ana", "Zoe"]), "image": st.just("https://a")}
    ),
)


@given(offers=OFFERS, failures=FAILURES, existing=EXISTING, bad=st.sets(st.integers(0, 12).map("u{}".format)))
def test_whatever_fails_stream_ends_up_with_the_latest_of_every_good_user(offers, failures, existing, bad):
    bench = Bench(calls_per_minute=60_000)
    bench.stream.users = {user_id: dict(fields) for user_id, fields in existing.items()}
    bench.stream.failures = list(failures)
    bench.stream.bad = bad
    half = len(offers) // 2
    for offer in offers[:half]:
        bench.sync.offer(offer[0], Profile(*offer[1:]))
    pending = iter(offers[half:])

    def meanwhile(_method: str) -> None:
        for offer in pending:
            bench.sync.offer(offer[0], Profile(*offer[1:]))
            break

    bench.stream.on_call = meanwhile

    async def scenario() -> None:
        await bench.settle()
        for offer in pending:
            bench.sync.offer(offer[0], Profile(*offer[1:]))
        await bench.settle()

    with capture_logs():
        asyncio.run(scenario())
    expected = {user_id: dict(fields) for user_id, fields in existing.items()}
    latest = {user_id: (name, image) for user_id, name, image in offers}
    for user_id in latest.keys() - bad:
        stored = bench.stream.users[user_id]
        assert stored | Profile(*latest[user_id]).present() == stored
        assert expected.get(user_id, {}).keys() <= stored.keys()
        assert stored.get("role") == expected.get(user_id, {}).get("role")
    for user_id in expected.keys() - (latest.keys() - bad):
        assert bench.stream.users[user_id] == expected[user_id]
    assert bad.isdisjoint(bench.stream.users.keys() - expected.keys())
    assert not any(user.get("name") == "Anonymous User" for user in bench.stream.users.values())


def test_offering_never_raises():
    bench = Bench(queue_size=1)
    for text in ("", "\ud800", "x" * 100_000, None):
        bench.sync.offer("ana", Profile(text, text))
        assert bench.sync._queue == {"ana": Profile(text, text)}
