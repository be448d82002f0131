"""Looking at a rule: whether it holds now, and whose fault it is."""

from tidegate.watch.alerts.conditions import Windows
from tidegate.watch.alerts.model import USUALLY, Found, Rule, Verdict, Way
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
            return _found(rule, way, dict(judged.figures), windows, board)
    return Found(met=False)


def _found(rule: Rule, way: Way, figures: dict[str, float], windows: Windows, board: Board) -> Found:
    verdict = _verdict(rule, way, windows, board)
    text = f"{way.text} {verdict.text}".strip()
    return Found(met=True, figures=figures, blame=verdict.blame, text=text, sure=verdict.sure)


def _verdict(rule: Rule, way: Way, windows: Windows, board: Board) -> Verdict:
    """Whose fault it is: what a probe says of it, or the figures, or whose it usually is."""
    outcome = _worst(rule, board)
    if outcome is not None and outcome.blame is not Blame.NOBODY:
        return Verdict(outcome.blame, outcome.sure, outcome.text)
    if way.judge is not None:
        return way.judge(windows, board)
    text = "" if outcome is None else outcome.text
    if way.blame is Blame.UNCLEAR:
        why = "No probe found anything that would say whose fault it is."
        return Verdict(Blame.UNCLEAR, 0.0, f"{text} {why}".strip())
    return Verdict(way.blame, USUALLY, text)


def _worst(rule: Rule, board: Board) -> Outcome | None:
    bad = [
        outcome
        for outcome in board.outcomes()
        if outcome.state in _BAD and any(outcome.probe.startswith(family) for family in rule.probes)
    ]
    return max(bad, key=lambda outcome: (_BAD[outcome.state], outcome.sure), default=None)
