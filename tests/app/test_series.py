import math

import pytest

from tidegate import metrics
from tidegate.app.series import states_of
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome, State

pytestmark = pytest.mark.anyio


async def test_a_service_samples_what_it_does(gate):
    series = gate.runtime.watching.series
    await gate.runtime.watch.tested()
    await gate.exchange(gate.session())
    await gate.exchange("nonsense")
    series.tick()
    gate.clock.shift += 10

    found = {name: series.recent(name, 60)[-1][1] for name in series.names()}
    assert found["exchanges.issued"] == found["answers"] == 1
    assert found["refusals.token_malformed"] == found["refusals.auth"] == 1
    assert found["answers.failed"] == 0
    assert found["stream.calls"] >= 1
    assert found["health.status"] == found["posture.unsafe"] == found["keys.stale"] == 0
    assert found["probe.credentials"] == 0
    assert 0 < found["exchange.p95"] < 2


async def test_what_is_not_known_is_no_number_to_prometheus(gate):
    gate.runtime.watching.board._outcomes.clear()

    assert math.isnan(next(iter(metrics.APP_UNSAFE.collect())).samples[0].value)
    assert next(iter(metrics.CREDENTIAL_MAX_AGE.collect())).samples[0].value == 90 * 86_400


def outcome(probe, state):
    return Outcome(probe, 1.0, state, 1.0)


def test_a_family_of_probes_is_as_well_as_its_worst():
    board = Board()
    for one in (
        outcome("keys:a", State.OK),
        outcome("keys:b", State.FAILING),
        outcome("clock", State.WARNING),
        outcome("quota", State.UNKNOWN),
    ):
        board.post(one)

    assert states_of(board) == {"probe.keys": 2.0, "probe.clock": 1.0}
