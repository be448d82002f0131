"""From what is known to what the templates show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.clock import seconds_of
from tidegate.console.charts import APP_CHARTS, CHARTS
from tidegate.console.drawing import drawings
from tidegate.console.pages import Pages, number, seconds
from tidegate.console.picture import APPS, DELIVERY, IDENTITY, STREAM, WHOSE, Headline, Way, headline, ways
from tidegate.console.sources import Sources
from tidegate.credentials.present import GenerationBody, credentials_body
from tidegate.http.operators import Operator, Role
from tidegate.identity.present import issuer_body
from tidegate.watch.alerts.model import Phase
from tidegate.watch.alerts.rules import BY_NAME
from tidegate.watch.probes.causes import spec_of
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.telemetry.model import LEAST_USERS

REFUSALS_SHOWN: Final = 25
"""Rows of the list of refusals."""

ALERTS_SHOWN: Final = 20
"""Rows of the history of alerts."""

_HOUR: Final = 3600.0
_JUST_NOW_S: Final = 30.0
_TOLD: Final = (
    "client.users",
    "client.connections",
    *(f"client.{name}.{short}" for name in ("connect", "delivery", "session") for short in ("p50", "p95")),
    "client.failed",
)
_SIGNS: Final = {State.OK: "✓", State.WARNING: "!", State.FAILING: "✗", State.UNKNOWN: "…"}

PARTS: Final = ("state", "apps", "alerts", "refusals", "probes", "issuers", "credentials")
"""The parts of the page that are kept up to date, by their ids."""


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """A probe and what it found last."""

    spec: ProbeSpec
    outcome: Outcome | None
    calls_an_hour: float
    mends: tuple[str, ...]


class Presenter:
    """Renders the parts of the page.

    Args:
        sources: what there is to see.
        pages: the templates.
    """

    def __init__(self, sources: Sources, pages: Pages) -> None:
        self._sources = sources
        self._pages = pages
        self._contexts: Mapping[str, Callable[[], dict[str, object]]] = MappingProxyType(
            {
                "state": self._state,
                "apps": self._apps,
                "alerts": self._alerts,
                "refusals": self._refusals,
                "probes": self._probes,
                "issuers": self._issuers,
                "credentials": self._credentials,
            }
        )

    def part(self, name: str, role: Role) -> str:
        """One part, with the place of the form's token marked.

        Args:
            name: of `PARTS`.
            role: of whoever looks; a viewer sees no buttons.
        """
        shown = {"may_act": role.covers(Role.OPERATOR), **self._contexts[name]()}
        return self._pages.render(f"part_{name}", shown)

    def home(self, operator: Operator, token: str, notice: tuple[str, bool] | None) -> str:
        """The whole page.

        Args:
            operator: who looks.
            token: of the browser's forms.
            notice: what came of the last action.
        """
        known = self._ways()
        context = {
            "parts": {name: self.part(name, operator.role) for name in PARTS},
            "word": self._word(known),
            "charts": CHARTS,
            "app_charts": APP_CHARTS if self._sources.told else (),
            "operator": operator,
            "may_act": operator.role.covers(Role.OPERATOR),
            "notice": notice,
            "now": self._sources.clock.now(),
        }
        return self._pages.render("home", context, token)

    def title(self) -> str:
        """What the browser's tab says."""
        word = self._word(self._ways())
        return f"{_SIGNS[word.state]} {word.text} · Tidegate"

    def _ways(self) -> tuple[Way, ...]:
        outcomes = self._sources.board.outcomes()
        return ways(outcomes, self._figures(outcomes))

    def _word(self, known: Sequence[Way]) -> Headline:
        firing = [alert for alert in self._sources.alerts.current() if alert.phase is Phase.FIRING]
        return headline(known, [(alert.text or BY_NAME[alert.name].summary, alert.fired_at) for alert in firing])

    def _figures(self, outcomes: Sequence[Outcome]) -> dict[str, str]:
        measured = {one.probe: one.figures for one in outcomes}
        series, found = self._sources.series, {}
        if last := series.recent("exchanges", 60.0):
            found[APPS] = f"{number(sum(value for _, value in last))} a minute"
        if took := measured.get("credentials", {}).get("response_seconds"):
            found[STREAM] = seconds(took)
        if (took := measured.get("canary", {}).get("delivery_seconds")) is not None:
            found[DELIVERY] = seconds(took)
        found[IDENTITY] = f"{sum(len(issuer.keys.current() or ()) for issuer in self._sources.issuers)} keys"
        return found

    def _state(self) -> dict[str, object]:
        known = self._ways()
        return {
            "ways": known,
            "word": self._word(known),
            "whose": WHOSE,
            "drawings": drawings(known),
            "mends": {way.name: _mends(way.cause) for way in known},
        }

    def _apps(self) -> dict[str, object]:
        """What apps tell: each figure that enough users told of in the last whole window."""
        found = {name: values[-1][1] for name in _TOLD if (values := self._sources.series.recent(name, _JUST_NOW_S))}
        return {"told": self._sources.told, "users": found.get("client.users"), "least": LEAST_USERS, "found": found}

    def _alerts(self) -> dict[str, object]:
        alerts = self._sources.alerts
        return {
            "current": alerts.current(),
            "past": alerts.history()[:ALERTS_SHOWN],
            "rules": BY_NAME,
            "runbook": self._sources.runbook,
            "published": bool(self._sources.documentation),
            "whose": WHOSE,
        }

    def _refusals(self) -> dict[str, object]:
        ring = self._sources.refusals
        return {
            "kept": ring is not None,
            "refusals": () if ring is None else ring.last(REFUSALS_SHOWN),
            "documentation": self._sources.documentation,
        }

    def _probes(self) -> dict[str, object]:
        rows = [self._row(spec) for spec in self._sources.runner.specs()]
        return {"rows": rows, "hourly": sum(row.calls_an_hour for row in rows), "whose": WHOSE}

    def _row(self, spec: ProbeSpec) -> ProbeRow:
        outcome = self._sources.board.last(spec.name)
        calls = sum(spec.calls.values()) * _HOUR / spec.period_s
        return ProbeRow(spec, outcome, calls, _mends(outcome.cause if outcome else ""))

    def _issuers(self) -> dict[str, object]:
        now = self._sources.clock.now()
        bodies = [issuer_body(issuer) for issuer in self._sources.issuers]
        fetched = {one.name: None if one.age_seconds is None else round(now - one.age_seconds) for one in bodies}
        return {"issuers": bodies, "fetched": fetched}

    def _credentials(self) -> dict[str, object]:
        now = self._sources.clock.now()
        body = credentials_body(self._sources.rotation, self._sources.max_age_days, now)
        return {"body": body, "rows": [_generation(one) for one in body.generations if one.state != "retired"]}


def _generation(body: GenerationBody) -> dict[str, object]:
    until = body.drains_until
    return {"one": body, "since": seconds_of(body.since), "until": None if until is None else seconds_of(until)}


def _mends(cause: str) -> tuple[str, ...]:
    known = spec_of(cause) if cause else None
    return () if known is None else known.mends
