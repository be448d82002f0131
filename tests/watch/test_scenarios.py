"""A whole service over real sockets, where a minute takes six seconds: what its watch says of the quickest faults."""

import pytest

from support.healthy import HealthyService
from support.pace import run_paced
from support.playing import healthy, play
from support.scenarios import BY_NAME

PACE = 10.0


@pytest.mark.parametrize("name", ["events_lost", "auth_checks_off"])
def test_a_fault_is_raised_in_time_and_blamed_on_whose_it_is(name):
    result = run_paced(PACE, lambda clock: play(BY_NAME[name], clock))

    assert result["well_before"]
    assert result["raised_before"] == []
    assert result["passed"], result["alerts"]


def test_nothing_is_raised_while_nothing_goes_wrong():
    result = run_paced(PACE, lambda clock: healthy(40, clock))

    assert result["passed"], result["raised"]
    assert result["exchanges"] > 10


@pytest.mark.anyio
async def test_nothing_is_raised_from_a_healthy_night_into_the_morning(tmp_path):
    """Thirty days of it are in tests/stress."""
    service = HealthyService(tmp_path)

    assert await service.live(days=2 / 24) == set()
    assert service.exchanges > 300
