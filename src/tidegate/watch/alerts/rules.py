"""The table of rules. The evaluator, docs/alerts.md, the rules of Prometheus and the dashboard are made from it."""

from typing import Final

from tidegate.watch.alerts.conditions import Both, Share
from tidegate.watch.alerts.model import Rule, Severity, Way
from tidegate.watch.alerts.rules_chat import CHAT
from tidegate.watch.alerts.rules_room import ROOM
from tidegate.watch.alerts.rules_safety import SAFETY
from tidegate.watch.probes.model import Blame

OBJECTIVE: Final = 0.999
"""The part of the answers that must not be 5xx over 30 days; the budget is what is left of 1."""

_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0
_BUDGET: Final = 1 - OBJECTIVE


def _failing(seconds: float, above: float, *, least: int, least_part: int) -> Share:
    return Share("answers.failed", "answers", seconds, above, least=least, least_part=least_part)


def _burning(times: float, long_s: float, short_s: float, *, pages: bool) -> Both:
    """The budget is spent so many times faster than it may be, lately and still now.

    At night a stray error is a great part of few answers. Nobody is woken for fewer than five within the short window,
    and twenty within the long one.
    """
    above = round(times * _BUDGET, 6)
    long_least, short_least = (20, 5) if pages else (10, 1)
    return Both(
        _failing(long_s, above, least=200, least_part=long_least),
        _failing(short_s, above, least=20, least_part=short_least),
    )


def _burn_rule(name: str, severity: Severity, times: float, long_s: float, short_s: float, *, inside: bool) -> Rule:
    spent = times * long_s / (30 * _DAY)
    burning = _burning(times, long_s, short_s, pages=severity is Severity.PAGE)
    return Rule(
        name,
        severity,
        (Way(burning, Blame.OURS, f"Errors use up the budget {times:g} times too fast."),),
        0.0,
        f"{spent:.0%} of the month's error budget went in {long_s / _HOUR:g} h, and it goes on.",
        f"The objective is that {OBJECTIVE:.1%} of the answers are no 5xx over 30 days. Over the long window errors "
        f"came {times:g} times as fast as that allows, and over the short one they still do. Refusals (4xx) do not "
        "count.",
        (
            "See which reason the answers give: `tidegate ledger query`, or the panel of refusals by reason.",
            "`GET /api/chat/health` says what is wrong, whose fault it is and how to mend it.",
            (
                "Compare with ChatErrorRateHigh: where that is quiet, it is a small, steady loss. Look at the log "
                "by reason."
            ),
        ),
        inside=inside,
    )


_BURN: Final = (
    _burn_rule("ErrorBudgetBurnsFast", Severity.PAGE, 14.4, _HOUR, 5 * _MINUTE, inside=True),
    _burn_rule("ErrorBudgetBurns", Severity.PAGE, 6.0, 6 * _HOUR, 30 * _MINUTE, inside=True),
    _burn_rule("ErrorBudgetBurnsSlowly", Severity.TICKET, 3.0, _DAY, 2 * _HOUR, inside=False),
    _burn_rule("ErrorBudgetShrinks", Severity.TICKET, 1.0, 3 * _DAY, 6 * _HOUR, inside=False),
)

RULES: Final = (*CHAT, *SAFETY, *ROOM, *_BURN)
"""Every rule."""

INSIDE: Final = tuple(rule for rule in RULES if rule.inside)
"""Those that Tidegate judges itself."""

BY_NAME: Final = {rule.name: rule for rule in RULES}
"""The rule of each name."""

FIGURES_JUDGED: Final = frozenset().union(*(rule.names() | rule.evidence() for rule in INSIDE))
"""Every figure that a rule looks at here, besides those of each issuer."""
