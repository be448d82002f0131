import threading

import pytest

from tidegate.sandbox.faults import FAULTS_KEPT, Fault, FaultKind, Faults


def kinds(faults, method="GET", path="/app"):
    return [fault.kind.value for fault in faults.take(method, path)]


def test_a_fault_strikes_until_it_is_cleared():
    faults = Faults()
    faults.add(Fault(FaultKind.DROP))

    assert kinds(faults) == kinds(faults) == ["drop"]
    faults.clear()
    assert kinds(faults) == []


def test_a_fault_that_strikes_twice():
    faults = Faults()
    faults.add(Fault(FaultKind.ERROR, times=2))

    assert [kinds(faults) for _ in range(3)] == [["error"], ["error"], []]


@pytest.mark.parametrize(
    ("settings", "method", "path", "struck"),
    [
        ({"path": "/users"}, "GET", "/users", True),
        ({"path": "/users"}, "GET", "/app", False),
        ({"method": "POST"}, "POST", "/users", True),
        ({"method": "POST"}, "PATCH", "/users", False),
    ],
)
def test_a_fault_can_choose_its_calls(settings, method, path, struck):
    faults = Faults()
    faults.add(Fault(FaultKind.ERROR, **settings, times=1))

    assert bool(faults.take(method, path)) is struck
    assert bool(faults.take("POST", "/users")) is not struck


def test_faults_add_up():
    faults = Faults()
    faults.add(Fault(FaultKind.LATENCY, delay=1))
    faults.add(Fault(FaultKind.ERROR))
    faults.add(Fault(FaultKind.CLOCK, seconds=30))
    faults.add(Fault(FaultKind.CLOCK, seconds=-10))

    assert kinds(faults) == ["latency", "error"]
    assert faults.clock_seconds == 20


def test_it_is_bounded():
    faults = Faults()
    for number in range(FAULTS_KEPT + 5):
        faults.add(Fault(FaultKind.CLOCK, seconds=number))

    assert len(faults._faults) == FAULTS_KEPT
    assert faults._faults[0].seconds == 5


def test_times_are_counted_exactly_by_many_threads():
    faults = Faults()
    faults.add(Fault(FaultKind.ERROR, times=50))
    struck = []

    def call():
        for _ in range(30):
            struck.extend(faults.take("GET", "/app"))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(struck) == 50
