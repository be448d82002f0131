"""Posture, keys, clocks, configuration, disk and ledger: what each makes of what it sees."""

import math
import shutil
from pathlib import Path

import pytest

from support.environments import PRODUCTION
from tidegate import metrics
from tidegate.clock import ManualClock
from tidegate.identity.fetch import Fault
from tidegate.identity.keysource import KeyState, KeyStatus
from tidegate.settings import load
from tidegate.tokens.ledger.service import NoLedger
from tidegate.watch.model import Posture, ProbeResult
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.clocks import HEARD_FOR_S, ClockProbe, StreamTime, others_difference
from tidegate.watch.probes.configuration import ConfigurationProbe
from tidegate.watch.probes.disk import LOST_FOR_S, LOW_BYTES, DiskProbe, LedgerProbe
from tidegate.watch.probes.keys import KeysProbe
from tidegate.watch.probes.model import Blame, State
from tidegate.watch.probes.posture import RECENT_S, PostureProbe

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000.0


def posture_probe(ordered=0, **posture):
    given = {"disable_auth_checks": False, "disable_permissions_checks": False, "suspended": False, **posture}
    result = ProbeResult(at=NOW, ended=0.0, duration_ms=1.0, posture=Posture(**given))
    return PostureProbe(lambda: result, lambda: ordered, ManualClock(NOW), 30.0)


async def test_a_safe_app():
    outcome = await posture_probe().run()
    assert (outcome.state, outcome.cause) == (State.OK, "")
    assert outcome.figures["auth_checks_disabled"] == 0.0


async def test_nothing_is_known_of_an_app_before_the_first_answer():
    probe = PostureProbe(lambda: None, lambda: 0, ManualClock(), 30.0)
    assert (await probe.run()).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("posture", "cause"),
    [
        ({"disable_auth_checks": True}, Cause.AUTH_CHECKS_OFF),
        ({"disable_permissions_checks": True}, Cause.PERMISSION_CHECKS_OFF),
        ({"suspended": True}, Cause.APP_SUSPENDED),
    ],
)
async def test_an_app_that_is_not_safe_fails(posture, cause):
    outcome = await posture_probe(**posture).run()
    assert (outcome.state, outcome.cause, outcome.blame) == (State.FAILING, cause, Blame.OURS)


async def test_everything_that_is_wrong_with_an_app_is_said():
    outcome = await posture_probe(disable_auth_checks=True, disable_permissions_checks=True).run()
    assert "anyone can sign in as anyone" in outcome.text
    assert "every user may do everything" in outcome.text


@pytest.mark.parametrize(
    ("revoked", "ordered", "state"),
    [
        (NOW - 60, 0, State.WARNING),
        (NOW - 60, NOW - 60, State.OK),  # it was us
        (NOW - 59.5, NOW - 60, State.OK),  # Stream rounds
        (NOW - RECENT_S - 1, 0, State.OK),  # long ago
        (NOW + 3600, 0, State.WARNING),  # everybody is locked out until then
    ],
)
async def test_a_revocation_that_nobody_here_ordered(revoked, ordered, state):
    outcome = await posture_probe(ordered=ordered, revoked_before=math.ceil(revoked)).run()
    assert outcome.state is state
    assert bool(outcome.figures["revoked_elsewhere"]) is (state is State.WARNING)
    assert (outcome.cause == Cause.REVOKED_ELSEWHERE) is (state is State.WARNING)


class Keys:
    def __init__(self, status, name="clerk"):
        self.name = name
        self._status = status

    def status(self):
        return self._status


@pytest.mark.parametrize(
    ("status", "state", "cause"),
    [
        (KeyStatus(KeyState.FRESH, 3.0, None, 2), State.OK, ""),
        (KeyStatus(KeyState.FRESH, 290.0, "down", 2, fault=Fault.UNREACHABLE), State.WARNING, Cause.KEYS_FAILING),
        (KeyStatus(KeyState.STALE, 900.0, "down", 2, fault=Fault.TIMEOUT), State.WARNING, Cause.KEYS_STALE),
        (KeyStatus(KeyState.EXPIRED, 90_000.0, "down", 0, fault=Fault.STATUS), State.FAILING, Cause.KEYS_UNUSABLE),
        (KeyStatus(KeyState.NEVER, None, "x", 0, fault=Fault.REDIRECT), State.FAILING, Cause.KEYS_MISCONFIGURED),
        (KeyStatus(KeyState.NEVER, None, None, 0), State.UNKNOWN, Cause.NOT_YET_CHECKED),
    ],
)
async def test_keys_of_each_condition(status, state, cause):
    probe = KeysProbe(Keys(status), lambda: True, ManualClock(NOW))
    outcome = await probe.run()
    assert (probe.spec.name, outcome.state, outcome.cause) == ("keys:clerk", state, cause)
    assert state in (State.OK, State.UNKNOWN) or "clerk" in outcome.text
    assert outcome.figures.get("age_seconds") == status.age_seconds or state is State.UNKNOWN


async def test_where_nothing_can_be_reached_it_is_the_network():
    status = KeyStatus(KeyState.STALE, 900.0, "down", 2, fault=Fault.UNREACHABLE)
    outcome = await KeysProbe(Keys(status), lambda: False, ManualClock(NOW)).run()
    assert (outcome.cause, outcome.blame) == (Cause.KEYS_STALE, Blame.NETWORK)


async def test_clocks():
    clock = ManualClock(NOW)
    stream, others = StreamTime(clock), [None]
    probe = ClockProbe(stream.difference, lambda: others[0], clock)
    assert (await probe.run()).state is State.UNKNOWN
    stream.hear(0.4)
    fine = await probe.run()
    assert (fine.state, fine.figures) == (State.OK, {"stream_difference_seconds": 0.4})
    stream.hear(-8.0)
    others[0] = -7.5
    wrong = await probe.run()
    assert (wrong.state, wrong.cause, wrong.blame) == (State.FAILING, Cause.CLOCK_WRONG, Blame.OURS)
    assert "8 s" in wrong.text
    stream.hear(8.0)  # ours is behind: Stream takes such tokens
    others[0] = 0.2
    theirs = await probe.run()
    assert (theirs.state, theirs.blame) == (State.WARNING, Blame.STREAM)
    clock.advance(HEARD_FOR_S + 1)
    assert (await probe.run()).state is State.OK  # of Stream nothing was heard lately


def test_one_key_server_that_agrees_is_enough():
    def keys(age, difference):
        return Keys(KeyStatus(KeyState.FRESH, age, None, 1, clock_difference_s=difference))

    assert others_difference([keys(1.0, 90.0), keys(1.0, -0.3), keys(1.0, None)]) == -0.3
    assert others_difference([keys(9_000.0, 0.1)]) is None
    assert others_difference([]) is None


async def test_the_configuration_of_a_service_without_an_issuer_fails():
    outcome = await ConfigurationProbe(load({}, env_file=None).settings, ManualClock(NOW)).run()
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.NO_ISSUER)


async def test_lines_of_the_checklist_that_do_not_hold_are_named():
    settings = load({**PRODUCTION, "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0"}).settings
    outcome = await ConfigurationProbe(settings, ManualClock(NOW)).run()
    assert (outcome.state, outcome.cause) == (State.WARNING, Cause.CHECKLIST)
    assert "limits" in outcome.text
    assert outcome.figures["lines_failed"] >= 1


async def test_a_disk_that_takes_what_is_written(tmp_path):
    outcome = await DiskProbe((tmp_path, tmp_path / "not" / "yet"), ManualClock(NOW)).run()
    assert outcome.state is (State.OK if outcome.figures["free_bytes"] >= LOW_BYTES else State.WARNING)
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_cannot_be_written_to_fails():
    outcome = await DiskProbe((Path("/proc/self/fd"),), ManualClock(NOW)).run()
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.DISK_NOT_WRITABLE)
    assert "/proc" not in outcome.text


async def test_a_disk_that_is_nearly_full_is_a_warning(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=LOW_BYTES - 1)
    monkeypatch.setattr("tidegate.watch.probes.disk.shutil.disk_usage", lambda _: usage)
    outcome = await DiskProbe((tmp_path,), ManualClock(NOW)).run()
    assert (outcome.state, outcome.cause) == (State.WARNING, Cause.DISK_LOW)
    assert "255 MiB" in outcome.text


class Records(NoLedger):
    failing = False


async def test_the_ledger():
    records, clock = Records(), ManualClock(NOW)
    metrics.LEDGER_LAG.set_function(lambda: 0.25)
    probe = LedgerProbe(records, clock)
    fine = await probe.run()
    assert (fine.state, fine.figures["lag_seconds"]) == (State.OK, 0.25)
    records.failing = True
    assert (await probe.run()).cause == Cause.LEDGER_BEHIND
    records.failing = False
    metrics.LEDGER_LOST.inc(3)
    lost = await probe.run()
    assert (lost.state, lost.cause) == (State.FAILING, Cause.LEDGER_LOST)
    clock.advance(LOST_FOR_S + 1)
    assert (await probe.run()).state is State.OK
