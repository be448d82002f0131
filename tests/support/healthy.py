"""Days in which nothing goes wrong, on a clock that jumps: busy hours, quiet nights, and some noise."""

import math
import random
from pathlib import Path

from tidegate.clock import ManualClock
from tidegate.watch.alerts.kept import FileKeeper
from tidegate.watch.alerts.model import Phase
from tidegate.watch.alerts.notify.model import Place
from tidegate.watch.alerts.notify.service import Notifier
from tidegate.watch.alerts.service import Alerts
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome, State
from tidegate.watch.probes.service import OneProcess
from tidegate.watch.series.service import Series
from tidegate.watch.series.sources import Buckets, Reading

START = 1_759_986_000.0
"""Five in the morning."""

STEP_S = 10
DAY_S = 86_400
PROBES = ("app", "canary", "certificates", "clock", "credentials", "database", "disk", "keys:idp", "ledger", "quota")
BOUNDS = (0.001, 0.1, 2.0)

FAILS = 0.0003
"""The part of the answers that are 5xx on a good day: a third of the budget."""

STRAY_S = 3_000
"""On average one in so many quiet ten seconds has an error among three requests, which must page nobody."""


class HealthyService:
    """The figures of a service that is well, judged by the real series and the real rules.

    Args:
        directory: for what alerts keep.
        seed: of the noise.
    """

    def __init__(self, directory: Path, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - noise, no secret
        self._clock = ManualClock(START)
        self._board = Board()
        self._counts = dict.fromkeys(
            ("answers", "answers.failed", "answers.slow", "exchanges", "refusals.auth", "stream.calls",
             "stream.failed", "stream.slow", "ledger.lost"), 0.0,
        )  # fmt: skip
        self._spread = Buckets(BOUNDS, [0.0] * (len(BOUNDS) + 1))
        levels = {
            "health.status": lambda: 0.0,
            "quota.lowest_ratio": lambda: self._random.uniform(0.55, 1.0),
            "keys.stale": lambda: 0.0,
            "posture.unsafe": lambda: 0.0,
            "ledger.lag_seconds": lambda: self._random.uniform(0.0, 0.3),
            "store.up": lambda: 1.0,
            "store.waker_up": lambda: 1.0,
            "standing.owed_seconds": lambda: self._random.choice((0.0, 0.0, 2.0)),
            "credentials.age_seconds": lambda: 20.0 * DAY_S + self._clock.monotonic(),
            "credentials.max_age_seconds": lambda: 90.0 * DAY_S,
        }
        self._series = Series(self._clock, levels, source=self._reading)
        self.exchanges = 0
        self.alerts = Alerts(
            series=self._series,
            board=self._board,
            turn=OneProcess(),
            keeper=FileKeeper(directory),
            notifier=Notifier([], Place("production", "here", "https://docs.example/alerts/"), self._clock),
            clock=self._clock,
        )

    async def live(self, days: float) -> set[str]:
        """Let days pass.

        Returns:
            the names of the alerts that fired.
        """
        fired: set[str] = set()
        for step in range(int(days * DAY_S / STEP_S)):
            self._clock.advance(STEP_S)
            self._happen()
            if step % 3 == 0:
                self._probe()
            self._series.tick()
            await self.alerts.look()
            fired |= {one.name for one in self.alerts.current() if one.phase is not Phase.PENDING}
        return fired | {one.name for one in self.alerts.history() if one.fired_at is not None}

    def _happen(self) -> None:
        """Ten seconds of requests: some hundred at noon, one now and then at night."""
        hour = self._clock.now() % DAY_S / 3_600
        busy = 150 * max(0.002, math.sin(math.pi * (hour - 6) / 16)) if 6 < hour < 22 else 0.3
        answers = self._drawn(busy)
        failed = sum(self._random.random() < FAILS for _ in range(answers))
        if busy < 1 and self._random.random() < STEP_S / STRAY_S:
            answers, failed = answers + 3, failed + 1
        refused = self._drawn(busy * 0.05) + (self._drawn(2) if busy < 1 else 0)
        calls = self._drawn(busy / 20) + 1
        for name, count in {
            "answers": answers,
            "answers.failed": failed,
            "answers.slow": int(self._random.random() < 0.001),
            "exchanges": answers + refused,
            "refusals.auth": refused,
            "stream.calls": calls,
            "stream.failed": int(self._random.random() < 0.002),
            "stream.slow": int(self._random.random() < 0.002),
        }.items():
            self._counts[name] += count
        self._spread.add([answers, failed, 0.0, 0.0])
        self.exchanges += answers

    def _drawn(self, mean: float) -> int:
        """How many come where so many come on average."""
        return max(0, round(self._random.gauss(mean, math.sqrt(mean))))

    def _probe(self) -> None:
        now = self._clock.now()
        for probe in PROBES:
            self._board.post(Outcome(probe, now, State.OK, now, figures={"response_seconds": self._random.random()}))

    def _reading(self) -> Reading:
        copied = Buckets(BOUNDS, list(self._spread.counts))
        return Reading(dict(self._counts), copied, copied)
