"""Looking at a rule: whether it holds now, and whose fault it is."""

from tidegate.watch.alerts.conditions import Windows
from tidegate.watch.alerts.model import Found, Rule, Way
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Blame, Outcome, State

_BAD = {State.WARNING: 1, State.FAILING: 2}


def look(rule: Rule, windows: Windows, board: Board) -> Found:
    """Look at one rule.

    Args:
        rule: of the table.
        windows: the figures.
        board: what probes found; a probe that belongs to the rule knows better whose fault it is.

    Returns:
        the first way in which the rule holds, or that none does.
    """
    for way in rule.ways:
        judged = way.condition.judge(windows)
        if judged.met:
            return _blamed(rule, way, dict(judged.figures), board)
    return Found(met=False)


def _blamed(rule: Rule, way: Way, figures: dict[str, float], board: Board) -> Found:
    outcome = _worst(rule, board)
    if outcome is None:
        return Found(met=True, figures=figures, blame=way.blame, text=way.text)
    blame = way.blame if outcome.blame is Blame.NOBODY else outcome.blame
    return Found(met=True, figures=figures, blame=blame, text=f"{way.text} {outcome.text}".strip())


def _worst(rule: Rule, board: Board) -> Outcome | None:
    bad = [
        outcome
        for outcome in board.outcomes()
        if outcome.state in _BAD and any(outcome.probe.startswith(family) for family in rule.probes)
    ]
    return max(bad, key=lambda outcome: (_BAD[outcome.state], outcome.sure), default=None)
