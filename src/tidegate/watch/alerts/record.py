"""All alerts of a deployment and their history: one step for all rules, and the form in which it is kept. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from tidegate.watch.alerts.model import AlertState, Found, Phase, Rule, Severity, step
from tidegate.watch.probes.model import Blame

HISTORY_MOST: Final = 200
"""Alerts that are over and remembered; the oldest are forgotten."""

_VERSION: Final = 1
_FIGURES_MOST: Final = 32
_TEXT_MOST: Final = 1_000
_LATEST: Final = 2.0**37


class NotARecord(ValueError):
    """What was kept is damaged, or of a later version."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of alerts.

    Attributes:
        active: those that are pending or firing, by name.
        history: those that are over, the newest first.
    """

    active: Mapping[str, AlertState]
    history: tuple[AlertState, ...] = ()

    @classmethod
    def empty(cls) -> Self:
        """Nothing is wrong, and nothing was."""
        return cls({})

    def stepped(self, rules: Iterable[Rule], found: Callable[[Rule], Found], now: float, *, alone: bool) -> "Record":
        """After one look at every rule.

        Args:
            rules: the table.
            found: looks at one.
            now: seconds since the epoch.
            alone: whether this replica cannot hear of the others.
        """
        active: dict[str, AlertState] = {}
        over: list[AlertState] = []
        for rule in rules:
            after = step(rule, self.active.get(rule.name), found(rule), now)
            if after is None:
                continue
            if after.phase is Phase.RESOLVED:
                over.append(after)
            else:
                active[rule.name] = replace(after, alone=alone)
        return Record(active, (*over, *self.history)[:HISTORY_MOST])

    def told(self, ids: Mapping[str, Phase], now: float) -> "Record":
        """After somebody was told.

        Args:
            ids: of alerts, and what was said of each.
            now: seconds since the epoch.
        """
        active = {
            name: replace(one, told_at=now) if ids.get(one.id) is Phase.FIRING else one
            for name, one in self.active.items()
        }
        history = tuple(
            replace(one, told_end=True, told_at=one.told_at or now) if one.id in ids else one for one in self.history
        )
        return Record(active, history)

    def phases(self) -> tuple[object, ...]:
        """What has to change before it is worth keeping anew."""
        now = tuple(sorted((one.id, one.phase, one.told_at, one.clear_since) for one in self.active.values()))
        return now, tuple((one.id, one.told_end) for one in self.history)

    def merged(self, own: "Record") -> "Record":
        """This record, and what a replica found while it could not read it."""
        known = {one.id for one in self.history}
        history = sorted(
            (*self.history, *(one for one in own.history if one.id not in known)),
            key=lambda one: one.resolved_at or 0.0,
            reverse=True,
        )
        return Record({**self.active, **own.active}, tuple(history[:HISTORY_MOST]))

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "version": _VERSION,
            "active": [_written(one) for one in self.active.values()],
            "history": [_written(one) for one in self.history],
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any], rules: Mapping[str, Rule]) -> Self:
        """As it was kept; alerts of rules that are no more are left out.

        Args:
            members: from `to_json`, perhaps damaged.
            rules: by name.

        Raises:
            NotARecord: it cannot be read.
        """
        try:
            if members["version"] != _VERSION:
                raise NotARecord("of another version")
            active = [_read(one) for one in members["active"]]
            history = [_read(one) for one in members["history"][:HISTORY_MOST]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise NotARecord(type(error).__name__) from None
        return cls(
            {one.name: one for one in active if one.name in rules},
            tuple(one for one in history if one.name in rules),
        )


def _written(state: AlertState) -> dict[str, Any]:
    return {
        "name": state.name,
        "severity": state.severity.value,
        "phase": state.phase.value,
        "pending_at": state.pending_at,
        "fired_at": state.fired_at,
        "resolved_at": state.resolved_at,
        "clear_since": state.clear_since,
        "figures": dict(state.figures),
        "blame": state.blame.value,
        "sure": state.sure,
        "text": state.text,
        "told_at": state.told_at,
        "told_end": state.told_end,
        "alone": state.alone,
    }


def _read(members: Mapping[str, Any]) -> AlertState:
    figures = {str(name): float(value) for name, value in list(members["figures"].items())[:_FIGURES_MOST]}
    return AlertState(
        name=str(members["name"]),
        severity=Severity(members["severity"]),
        phase=Phase(members["phase"]),
        pending_at=_moment(members["pending_at"]),
        fired_at=_time(members["fired_at"]),
        resolved_at=_time(members["resolved_at"]),
        clear_since=_time(members["clear_since"]),
        figures=figures,
        blame=Blame(members["blame"]),
        text=str(members["text"])[:_TEXT_MOST],
        told_at=_time(members["told_at"]),
        told_end=bool(members["told_end"]),
        alone=bool(members["alone"]),
        sure=min(max(float(members.get("sure", 1.0)), 0.0), 1.0),
    )


def _time(value: object) -> float | None:
    return None if value is None else _moment(value)


def _moment(value: object) -> float:
    """Seconds since the epoch that can be written as a date."""
    if not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise ValueError("no moment")
    return float(value)
