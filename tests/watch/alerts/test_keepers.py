"""Both places where the record is kept, under the same tests, and what only one of them can do."""

import pytest
import structlog

from tidegate.clock import ManualClock
from tidegate.store import Database, Store
from tidegate.watch.alerts.kept import RECORD_FILE, WINDOWS_FILE, FileKeeper, WindowsFile
from tidegate.watch.alerts.model import AlertState, Phase, Severity
from tidegate.watch.alerts.record import Record
from tidegate.watch.alerts.shared import SharedWindows, StoreKeeper
from tidegate.watch.series.ring import slot_at
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Buckets, Reading

pytestmark = pytest.mark.anyio

START = 1_700_000_000.0
NAMES = ("answers", "answers.failed", "ledger.lag_seconds", "quota.lowest_ratio")


def record_of(name, at=START):
    return Record({name: AlertState(name, Severity.PAGE, Phase.FIRING, at, at, figures={"x": 2.0})})


@pytest.fixture(params=["file", "sqlite", "postgresql"])
async def two_keepers(request, tmp_path):
    """Two keepers of the same record, as before and after a restart, or on two replicas."""
    if request.param == "file":
        yield FileKeeper(tmp_path), FileKeeper(tmp_path)
        return
    file = f"sqlite:///{tmp_path / 'one.db'}"
    url = file if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    databases = [Database.open(url), Database.open(url)]
    await databases[0].migrate()
    clock = ManualClock(START)
    yield tuple(StoreKeeper(Store(one, clock, keep_s=60), clock) for one in databases)
    for one in databases:
        await one.aclose()


async def test_what_is_kept_comes_back(two_keepers):
    one, other = two_keepers
    assert await one.load() is None
    assert await one.save(record_of("LedgerBehind"))
    assert await other.load() == record_of("LedgerBehind")
    assert await one.save(record_of("ClockOff"))
    assert await other.load() == record_of("ClockOff")


@pytest.fixture
async def two_stores(postgresql_url):
    databases = [Database.open(postgresql_url), Database.open(postgresql_url)]
    await databases[0].migrate()
    clock = ManualClock(START)
    yield clock, [Store(one, clock, keep_s=60) for one in databases]
    for one in databases:
        await one.aclose()


async def test_of_two_replicas_that_both_judge_one_has_the_last_word(two_stores):
    clock, stores = two_stores
    one, other = (StoreKeeper(store, clock) for store in stores)
    await one.load()
    await other.load()

    assert await one.save(record_of("LedgerBehind"))
    assert not await other.save(record_of("ClockOff"))
    assert await other.load() == record_of("LedgerBehind")
    assert await other.save(record_of("ClockOff"))
    assert not await one.save(record_of("LedgerBehind"))


async def test_what_replicas_counted_is_summed_and_the_worst_level_counts(two_stores):
    clock, stores = two_stores
    one, other = (SharedWindows(store, clock, NAMES) for store in stores)
    slot = slot_at(START)
    for windows, failed, lag, left in ((one, 3.0, 0.0, 0.9), (other, 4.0, 40.0, 0.1)):
        windows.note(
            slot,
            {"answers": 100.0, "answers.failed": failed, "ledger.lag_seconds": lag, "quota.lowest_ratio": left, "z": 1},
        )
        await windows.hand_over()
    await one.refresh()

    assert one.window("answers", 300) == [200.0]
    assert one.window("answers.failed", 21_600) == [7.0]
    assert one.window("ledger.lag_seconds", 30) == [40.0]
    assert one.window("quota.lowest_ratio", 30) == [0.1]
    assert one.window("z", 30) == []


async def test_what_comes_late_counts_once(two_stores):
    clock, stores = two_stores
    one, other = (SharedWindows(store, clock, NAMES) for store in stores)
    slot = slot_at(START)
    one.note(slot, {"answers": 10.0})
    await one.hand_over()
    await one.refresh()
    clock.advance(30)
    other.note(slot, {"answers": 5.0})
    await other.hand_over()
    for _ in range(3):
        await one.refresh()

    assert one.window("answers", 300) == one.window("answers", 7_200) == [15.0]


async def test_whoever_judges_next_knows_what_was_counted(two_stores):
    clock, stores = two_stores
    one, other = (SharedWindows(store, clock, NAMES) for store in stores)
    for _ in range(30):
        one.note(slot_at(clock.now()), {"answers": 2.0, "answers.failed": 0.0})
        await one.hand_over()
        clock.advance(10)
    await other.refresh()

    assert sum(other.window("answers", 300)) == 58.0
    assert sum(other.window("answers", 21_600)) == 60.0
    other.forget()
    await other.refresh()
    assert sum(other.window("answers", 21_600)) == 60.0


async def test_slots_are_forgotten_after_six_hours(two_stores):
    clock, stores = two_stores
    one = SharedWindows(stores[0], clock, NAMES)
    one.note(slot_at(clock.now()), {"answers": 1.0})
    await one.hand_over()
    clock.advance(7 * 3600)
    await one.refresh()
    other = SharedWindows(stores[1], clock, NAMES)
    clock.advance(-7 * 3600)
    await other.refresh()

    assert other.window("answers", 300) == []


def series_at(clock, count):
    counts = {"answers": 0.0, "answers.failed": 0.0, "exchanges": 0.0}

    def read():
        return Reading(dict(counts), Buckets((1.0,), [0.0, 0.0]), Buckets((1.0,), [0.0, 0.0]))

    series = Series(clock, source=read)
    for _ in range(count):
        counts["answers"] += 2
        counts["exchanges"] += 2
        clock.advance(10)
        series.tick()
    return series


async def test_windows_outlive_a_restart(tmp_path):
    clock = ManualClock(START)
    before = series_at(clock, 100)
    await WindowsFile(tmp_path, before, NAMES).save(slot_at(clock.now()))
    after = series_at(clock, 0)
    await WindowsFile(tmp_path, after, NAMES).load(slot_at(clock.now()))

    for seconds in (300, 3_600, 21_600):
        assert sum(after.window("answers", seconds)) == sum(before.window("answers", seconds))
    assert set(after.names()) <= set(NAMES)
    assert (tmp_path / WINDOWS_FILE).stat().st_mode & 0o077 == 0


async def test_a_file_of_windows_stays_small(tmp_path):
    clock = ManualClock(START)
    series = series_at(clock, 3_000)
    await WindowsFile(tmp_path, series, NAMES).save(slot_at(clock.now()))

    assert (tmp_path / WINDOWS_FILE).stat().st_size < 20_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"version":2}',
        b'{"version":1}',
        b'{"version":1,"tracks":{"answers":1}}',
        b'{"version":1,"tracks":{"answers":[[[1,1]],[]],"answers.failed":[[["1",1]],[]]}}',
        b'{"version":1,"tracks":{"answers":[[[1,-1]],[]]}}',
        b'{"version":1,"tracks":{"answers":[[[1,NaN]],[]]}}',
        b'{"version":1,"tracks":{"answers":[[[99999999999,1]],[]]}}',
        b'{"version":1,"active":[{"name":"LedgerBehind"}],"history":[]}',
        b" " * 2_000_000,
        b"[" * 100_000,
    ],
)
async def test_a_damaged_file_means_to_begin_anew_and_is_logged(tmp_path, content):
    for name in (WINDOWS_FILE, RECORD_FILE):
        (tmp_path / name).write_bytes(content)
    series = series_at(ManualClock(START), 0)
    with structlog.testing.capture_logs() as logs:
        await WindowsFile(tmp_path, series, NAMES).load(slot_at(START))
        found = await FileKeeper(tmp_path).load()

    assert series.names() == ()
    assert found is None
    assert {line["event"] for line in logs} == {"alerts_state_unusable"}
    assert {line["of"] for line in logs} == {WINDOWS_FILE, RECORD_FILE}


async def test_a_disk_that_fails_is_logged_and_nothing_else(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    with structlog.testing.capture_logs() as logs:
        assert await FileKeeper(tmp_path / "state").save(Record.empty())

    assert [line["event"] for line in logs] == ["alerts_file_not_written"]
