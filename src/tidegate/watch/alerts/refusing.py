"""Whose fault it is that sessions are refused, as far as the figures can tell. Pure.

What a token says of its issuer is not verified where it is refused, so a stranger can point at a provider: only what
follows from a good signature, or from our own clock, is held for more than likely.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from tidegate.watch.alerts.conditions import Windows
from tidegate.watch.alerts.model import Verdict
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.clocks import CLOCK
from tidegate.watch.probes.model import Blame, Outcome, State
from tidegate.watch.series.figures import AUTH_REASONS, ISSUER_REFUSED, REFUSALS

WINDOW_S: Final = 300.0
"""Seconds that are looked at."""

MOST: Final = 0.8
"""The part of the refusals that one kind, or one issuer, must have before it is blamed."""

LIMITED: Final = f"{REFUSALS}limit_address"
EVIDENCE: Final = frozenset({LIMITED, *(f"{REFUSALS}{reason}" for reason in AUTH_REASONS)})
"""The figures that are looked at, besides those of each issuer."""

_BAD: Final = frozenset({State.WARNING, State.FAILING})
_KEYS: Final = "keys:"


class Issuer(NamedTuple):
    """The issuer that most refusals name.

    Attributes:
        name: as configured; empty: none has enough of them.
        keys: what is known of its keys.
        others: how many other issuers there are.
    """

    name: str
    keys: Outcome | None
    others: int


class Kind(NamedTuple):
    """Reasons that say the same of whose fault it is.

    Attributes:
        reasons: of it.
        judge: whose fault it is, where nearly all refusals are of this kind.
    """

    reasons: frozenset[str]
    judge: Callable[[Board, Issuer], Verdict]


def verdict(windows: Windows, board: Board) -> Verdict:
    """Judge the refusals of the last minutes.

    Args:
        windows: the figures.
        board: what probes found of clocks and keys.
    """
    counts = {reason: _sum(windows, f"{REFUSALS}{reason}") for reason in AUTH_REASONS}
    total = sum(counts.values())
    if _sum(windows, LIMITED) > total:
        text = (
            "Even more was stopped by the limit of single addresses: it is a few clients, or a proxy in front that "
            "TIDEGATE_TRUSTED_PROXIES does not name."
        )
        return Verdict(Blame.OUTSIDE, 0.7, text)
    issuer = _issuer(windows, board, total)
    for kind in KINDS:
        if total and sum(counts[reason] for reason in kind.reasons) > MOST * total:
            return kind.judge(board, issuer)
    if issuer.name and issuer.others:
        text = f"Over 80 % name the issuer {issuer.name}, for several reasons, and others' sessions are accepted."
        return Verdict(Blame.PROVIDER, 0.5, text)
    return _unclear(counts, total)


def _unclear(counts: Mapping[str, float], total: float) -> Verdict:
    """What there is to say where neither one kind of reason nor one issuer stands out."""
    most = sorted(counts, key=lambda reason: (-counts[reason], reason))[:2]
    named = ", ".join(f"{reason} {counts[reason] / total:.0%}" for reason in most if counts[reason])
    text = f"No kind of reason and no issuer has over 80 % of them ({named or 'none'})."
    return Verdict(Blame.UNCLEAR, 0.0, text)


def _dated(unclear: str, off: str, otherwise: Verdict) -> Callable[[Board, Issuer], Verdict]:
    """A judge of what hangs on the clocks.

    Args:
        unclear: what is said where ours could be compared with no other.
        off: what is said where ours is wrong.
        otherwise: the verdict where ours is right.
    """

    def judge(board: Board, _issuer: Issuer) -> Verdict:
        found = _clock(board)
        if found is None:
            return Verdict(Blame.UNCLEAR, 0.0, unclear)
        return Verdict(Blame.OURS, 0.8, off) if found else otherwise

    return judge


_expired: Final = _dated(
    "They are over: apps keep old ones, or our clock is ahead, which nothing could be compared with.",
    "They count as over because this machine's clock is off.",
    Verdict(Blame.APPS, 0.7, "They are over, and our clock is right: apps' clocks are behind, or they keep old ones."),
)
_early: Final = _dated(
    "They are dated ahead: the provider's clock is, or ours is behind, which nothing could be compared with.",
    "They count as dated ahead because this machine's clock is off.",
    Verdict(Blame.PROVIDER, 0.6, "They are dated ahead, and our clock is right: the clock of who made them is not."),
)


def _unknown_key(_board: Board, issuer: Issuer) -> Verdict:
    of = f" of {issuer.name}" if issuer.name else ""
    if issuer.keys is not None and issuer.keys.state in _BAD:
        text = f"They name keys{of} that are not known here, and its key set cannot be refreshed."
        return Verdict(Blame.PROVIDER, 0.8, text)
    text = f"They name keys{of} that its key set does not have: it was changed, or somebody makes tokens up."
    return Verdict(Blame.PROVIDER, 0.6, text)


def _other_app(_board: Board, issuer: Issuer) -> Verdict:
    of = f" of {issuer.name}" if issuer.name else ""
    text = f"They are real sessions{of} that are not meant for these apps: an app's settings, or ours, do not fit."
    return Verdict(Blame.APPS, 0.7, text)


def _revoked(_board: Board, _issuer: Issuer) -> Verdict:
    return Verdict(Blame.APPS, 0.7, "They were revoked here, and apps go on with them instead of getting new ones.")


def _missing(_board: Board, _issuer: Issuer) -> Verdict:
    return Verdict(Blame.APPS, 0.6, "They bring no session at all: an app asks before anybody signed in.")


def _forged(_board: Board, _issuer: Issuer) -> Verdict:
    text = "No configured provider makes such tokens: somebody tries, or an app sends something else as its session."
    return Verdict(Blame.OUTSIDE, 0.6, text)


KINDS: Final = (
    Kind(frozenset({"token_expired"}), _expired),
    Kind(frozenset({"token_not_yet_valid"}), _early),
    Kind(frozenset({"key_unknown"}), _unknown_key),
    Kind(
        frozenset({"audience_mismatch", "authorized_party_mismatch", "token_kind_refused", "subject_missing"}),
        _other_app,
    ),
    Kind(frozenset({"session_revoked"}), _revoked),
    Kind(frozenset({"token_missing"}), _missing),
    Kind(
        frozenset(
            {"token_malformed", "token_too_large", "algorithm_not_allowed", "signature_invalid", "issuer_unknown"}
        ),
        _forged,
    ),
)
"""Every reason is of one of them."""


def _clock(board: Board) -> bool | None:
    """Whether this machine's clock is off; None where it is not known."""
    found = board.last(CLOCK)
    if found is None or found.state is State.UNKNOWN:
        return None
    return found.state in _BAD and found.blame is Blame.OURS


def _issuer(windows: Windows, board: Board, total: float) -> Issuer:
    keys = {one.probe.removeprefix(_KEYS): one for one in board.outcomes() if one.probe.startswith(_KEYS)}
    counts = {name: _sum(windows, f"{ISSUER_REFUSED}{name}") for name in keys}
    name = _most_of(counts, total)
    return Issuer(name, keys.get(name), len(keys) - 1)


def _most_of(counts: Mapping[str, float], total: float) -> str:
    found: Iterable[str] = (name for name, count in counts.items() if total and count > MOST * total)
    return next(iter(found), "")


def _sum(windows: Windows, name: str) -> float:
    return sum(windows.window(name, WINDOW_S))
