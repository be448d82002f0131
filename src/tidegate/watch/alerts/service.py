"""Judging the rules, and keeping what came of it."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.store.model import StoreUnavailable
from tidegate.watch.alerts.judging import look
from tidegate.watch.alerts.kept import Keeper, WindowsFile
from tidegate.watch.alerts.model import AlertState, Found, Phase, Rule
from tidegate.watch.alerts.notify.service import Notifier
from tidegate.watch.alerts.record import Record
from tidegate.watch.alerts.rules import INSIDE
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome
from tidegate.watch.probes.service import Turn
from tidegate.watch.series.ring import slot_at
from tidegate.watch.series.service import Series

_SAVE_SLOTS: Final = 6
"""Slots between two times that the windows are kept; one minute."""

_OWED_S: Final = 3_600.0
"""Seconds for which somebody is still to be told that an alert is over."""


class Together(Protocol):
    """The figures of all replicas."""

    def note(self, slot: int, figures: Mapping[str, float]) -> None:
        """What this replica counted."""
        ...

    async def hand_over(self) -> None:
        """Let the others know."""
        ...

    async def refresh(self) -> None:
        """Learn what the others counted."""
        ...

    def forget(self) -> None:
        """Begin anew."""
        ...

    def window(self, name: str, seconds: float) -> list[float]:
        """The values of a figure."""
        ...


class Alerts:
    """The alerts of a deployment, as this replica knows them.

    Args:
        series: this replica's figures.
        board: what probes found.
        turn: whose it is to judge for all.
        keeper: of the record.
        notifier: tells people.
        clock: for all times.
        repeat_s: seconds after which people are told again of an alert that fires; 0: never.
        together: the figures of all replicas; None for a process without a store.
        windows: where counts outlive a process without a store.
        rules: the table.
    """

    def __init__(  # noqa: PLR0913 - the parts of one thing, all given by name
        self,
        *,
        series: Series,
        board: Board,
        turn: Turn,
        keeper: Keeper,
        notifier: Notifier,
        clock: Clock,
        repeat_s: float = 0.0,
        together: Together | None = None,
        windows: WindowsFile | None = None,
        rules: Sequence[Rule] = INSIDE,
    ) -> None:
        self._series = series
        self._board = board
        self._turn = turn
        self._keeper = keeper
        self._notifier = notifier
        self._clock = clock
        self._repeat_s = repeat_s
        self._together = together
        self._windows = windows
        self._rules = tuple(rules)
        self._record = Record.empty()
        self._kept: tuple[object, ...] | None = None
        self._judged = self._adopted = False
        self._told: dict[str, Phase] = {}
        self._offered: dict[str, float] = {}
        self._saved_slot = 0
        self._woken, self._looking = asyncio.Event(), asyncio.Lock()
        self._log = structlog.get_logger("tidegate.alerts")
        notifier.on_told = self._heard
        series.on_tick(self._sampled)
        board.on_post(self._posted)
        self._show()

    @property
    def notifier(self) -> Notifier:
        """Who tells people."""
        return self._notifier

    def current(self) -> tuple[AlertState, ...]:
        """The alerts that are pending or firing, by name."""
        return tuple(self._record.active[name] for name in sorted(self._record.active))

    def history(self) -> tuple[AlertState, ...]:
        """Those that are over, the newest first; at most 200."""
        return self._record.history

    async def run(self) -> None:
        """Judge after each sample, and after each outcome of a probe, until cancelled."""
        if self._windows is not None:
            await self._windows.load(slot_at(self._clock.now()))
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self.look()
        finally:
            if self._windows is not None:
                await self._windows.save(slot_at(self._clock.now()))

    async def look(self) -> None:
        """Judge once, where it is this replica's turn; else learn what the other one found."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        alone = self._turn.alone
        if not self._turn.mine:
            self._judged = self._adopted = False
            await self._follow()
        elif self._together is None or alone or not await self._refreshed(self._together):
            await self._judge(alone=self._together is not None)
        else:
            await self._judge(alone=False)
        self._show()
        await self._keep_windows()

    async def _follow(self) -> None:
        if self._together is None:
            return
        with contextlib.suppress(StoreUnavailable):
            await self._together.hand_over()
            self._record = await self._keeper.load() or Record.empty()
            self._kept = self._record.phases()

    async def _refreshed(self, together: Together) -> bool:
        """Whether the figures of all replicas are there."""
        if not self._judged:
            together.forget()
        try:
            await together.hand_over()
            await together.refresh()
        except StoreUnavailable:
            together.forget()
            return False
        return True

    async def _judge(self, *, alone: bool) -> None:
        if not alone and not self._adopted and not await self._adopt():
            return
        windows = self._series if alone or self._together is None else self._together
        now = self._clock.now()

        def found(rule: Rule) -> Found:
            return look(rule, windows, self._board)

        told, self._told = self._told, {}
        self._record = self._record.told(told, now).stepped(self._rules, found, now, alone=alone)
        self._judged = True
        self._adopted = self._adopted and not alone
        if await self._save(alone=alone):
            self._tell(now)

    async def _adopt(self) -> bool:
        """Take up the record, once, when this replica begins to judge for all; whether it could be read."""
        try:
            kept = await self._keeper.load()
        except StoreUnavailable:
            return False
        own = self._record if self._judged else Record.empty()
        self._record = own if kept is None else kept.merged(own)
        self._kept = None if kept is None else kept.phases()
        self._adopted = True
        return True

    async def _save(self, *, alone: bool) -> bool:
        """Keep what changed; not, where another replica judged meanwhile: then its word counts."""
        phases = self._record.phases()
        if alone or phases == self._kept:
            return True
        try:
            kept = await self._keeper.save(self._record)
        except StoreUnavailable:
            return True
        if not kept:
            self._judged = self._adopted = False
            return False
        self._kept = phases
        return True

    def _tell(self, now: float) -> None:
        """Have people told of what is new, of what they may not have heard, and again of what goes on."""
        firing = [one for one in self._record.active.values() if one.phase is Phase.FIRING and self._is_due(one, now)]
        over = [one for one in self._record.history if self._is_owed(one, now)]
        if firing or over:
            self._notifier.offer([*firing, *over])
        self._offered |= {_word(one): now for one in (*firing, *over)}
        known = {_word(one) for one in (*self._record.active.values(), *self._record.history)}
        self._offered = {word: at for word, at in self._offered.items() if word in known}

    def _is_due(self, alert: AlertState, now: float) -> bool:
        """Whether it is time to say that it fires, for the first time or again."""
        offered = self._offered.get(_word(alert))
        if offered is None and alert.told_at is None:
            return True
        if alert.told_at is None or not self._repeat_s:
            return False
        return now - max(alert.told_at, offered or alert.told_at) >= self._repeat_s

    def _is_owed(self, alert: AlertState, now: float) -> bool:
        """Whether people are to be told that it is over; not of one that never fired, or long ago."""
        if alert.fired_at is None or alert.told_end or _word(alert) in self._offered:
            return False
        return now - (alert.resolved_at or now) <= _OWED_S

    def _sampled(self, slot: int) -> None:
        if self._together is not None:
            self._together.note(slot, self._series.last(slot))
        self._woken.set()

    def _posted(self, _outcome: Outcome) -> None:
        """What a probe found counts at once: the sampler has put it into the last slot."""
        self._sampled(slot_at(self._clock.now()))

    def _heard(self, told: Mapping[str, Phase]) -> None:
        self._told.update(told)

    async def _keep_windows(self) -> None:
        slot = slot_at(self._clock.now())
        if self._windows is not None and slot - self._saved_slot >= _SAVE_SLOTS:
            self._saved_slot = slot
            await self._windows.save(slot)

    def _show(self) -> None:
        for rule in self._rules:
            state = self._record.active.get(rule.name)
            firing = state is not None and state.phase is Phase.FIRING
            metrics.ALERT_ACTIVE.labels(rule.name).set(float(firing))


def _word(alert: AlertState) -> str:
    """What is said of an alert."""
    return f"{alert.id}:{alert.phase}"
