"""A standing service on a real database, whose clock the test moves."""

from dataclasses import dataclass

import pytest

from support.issuing import NOW
from tidegate.clock import ManualClock
from tidegate.store import ChangeBus, Database
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.service import StandingOptions, StandingService


@dataclass
class Replica:
    """One replica's part."""

    clock: ManualClock
    database: Database
    bus: ChangeBus
    memory: Standing
    service: StandingService

    @classmethod
    def of(cls, database, clock, **options):
        bus, memory = ChangeBus(database, clock), Standing()
        return cls(
            clock, database, bus, memory, StandingService(database, bus, memory, clock, StandingOptions(**options))
        )


@pytest.fixture
def clock():
    return ManualClock(NOW + 0.25)


@pytest.fixture
def replica(database, clock):
    return Replica.of(database, clock)


@pytest.fixture
def other(database, clock):
    """A second replica on the same database, with the same pool of connections."""
    return Replica.of(database, clock)
