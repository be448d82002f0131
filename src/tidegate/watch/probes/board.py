"""The last outcome of each probe, whoever ran it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from tidegate.watch.probes.model import Outcome

BOARD_MOST: Final = 256
"""Probes that are remembered; there are some ten, and two more for each issuer."""


class Board:
    """What is known of everything that is probed; used from one event loop."""

    __slots__ = ("_outcomes", "_told")

    def __init__(self) -> None:
        self._outcomes: dict[str, Outcome] = {}
        self._told: list[Callable[[Outcome], None]] = []

    def on_post(self, told: Callable[[Outcome], None]) -> None:
        """Have somebody told of each outcome that is news.

        Args:
            told: must not wait; what it raises is logged.
        """
        self._told.append(told)

    def post(self, outcome: Outcome) -> bool:
        """Take note of an outcome. The time of a state that goes on is carried over.

        Args:
            outcome: one that is older than what is known changes nothing, since outcomes can come twice.

        Returns:
            whether it was news.
        """
        known = self._outcomes.get(outcome.probe)
        if known is None and len(self._outcomes) >= BOARD_MOST:
            return False
        if known is not None:
            if known.at >= outcome.at:
                return False
            if known.state is outcome.state and known.since < outcome.since:
                outcome = replace(outcome, since=known.since)
        self._outcomes[outcome.probe] = outcome
        for told in self._told:
            try:
                told(outcome)
            except Exception:  # noqa: BLE001 - one listener's fault must not keep the others from hearing
                structlog.get_logger("tidegate.watch").exception("could not pass on an outcome", probe=outcome.probe)
        return True

    def last(self, probe: str) -> Outcome | None:
        """The last outcome of a probe; None before the first."""
        return self._outcomes.get(probe)

    def outcomes(self) -> tuple[Outcome, ...]:
        """All of them, in the order of their names."""
        return tuple(self._outcomes[name] for name in sorted(self._outcomes))
