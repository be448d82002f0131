"""The board keeps the last word of each probe."""

from tidegate.watch.probes.board import BOARD_MOST, Board
from tidegate.watch.probes.model import Outcome, State


def outcome(at: float, state: State = State.OK, *, probe: str = "canary") -> Outcome:
    return Outcome(probe, at, state, since=at)


def test_nothing_is_known_at_first() -> None:
    board = Board()
    assert board.last("canary") is None
    assert board.outcomes() == ()


def test_a_state_that_goes_on_keeps_its_beginning() -> None:
    board = Board()
    for at in (10.0, 20.0, 30.0):
        assert board.post(outcome(at, State.FAILING))
    last = board.last("canary")
    assert last is not None
    assert (last.at, last.since) == (30.0, 10.0)


def test_another_state_begins_anew() -> None:
    board = Board()
    board.post(outcome(10.0, State.FAILING))
    board.post(outcome(20.0, State.OK))
    last = board.last("canary")
    assert last is not None
    assert last.since == 20.0


def test_an_older_outcome_and_a_second_copy_are_no_news() -> None:
    board, heard = Board(), list[Outcome]()
    board.on_post(heard.append)
    assert board.post(outcome(20.0))
    assert not board.post(outcome(20.0, State.FAILING))
    assert not board.post(outcome(10.0, State.FAILING))
    assert heard == [outcome(20.0)]


def test_a_listener_that_fails_keeps_nobody_from_hearing() -> None:
    board, heard = Board(), list[Outcome]()

    def broken(_: Outcome) -> None:
        raise RuntimeError("broken")

    board.on_post(broken)
    board.on_post(heard.append)
    assert board.post(outcome(1.0))
    assert len(heard) == 1


def test_the_board_has_an_end() -> None:
    board = Board()
    for number in range(BOARD_MOST):
        assert board.post(outcome(1.0, probe=f"keys:{number:03}"))
    assert not board.post(outcome(1.0, probe="one more"))
    assert board.post(outcome(2.0, probe="keys:000"))
    assert [one.probe for one in board.outcomes()] == sorted(one.probe for one in board.outcomes())
