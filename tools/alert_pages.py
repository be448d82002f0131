"""Write what is made from the table of alerts: runbook, Prometheus's rules, Alertmanager's example, dashboard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tidegate.watch.alerts.conditions import duration
from tidegate.watch.alerts.model import RESOLVE_S, Rule, Severity
from tidegate.watch.alerts.notify.model import RUNBOOK_FILE
from tidegate.watch.alerts.rules import RULES
from tidegate.watch.probes.model import Blame
from tidegate.watch.series.figures import FIGURES, figure
from tidegate.watch.telemetry.model import LEAST_USERS

ROOT: Final = Path(__file__).parents[1]
_MADE: Final = "# Made from the table of alerts: python tools/alert_pages.py\n"
_PANELS: Final = (
    ("Exchanges", "short", ("exchanges.issued", "exchanges.refused", "exchanges.unavailable")),
    ("Time of an exchange", "s", ("exchange.p50", "exchange.p95", "exchange.p99")),
    ("Answers to apps", "short", ("answers", "answers.failed", "answers.slow")),
    ("Calls to Stream", "short", ("stream.calls", "stream.failed", "stream.slow")),
    ("Time of Stream's answers", "s", ("stream.p50", "stream.p95", "stream.p99")),
    ("Canary", "s", ("canary.connect_seconds", "canary.delivery_seconds")),
    ("What is left of Stream's limits", "percentunit", ("quota.lowest_ratio",)),
    ("Health (0 healthy, 1 degraded, 2 unhealthy)", "short", ("health.status", "stream.breaker")),
    ("Keys and secrets", "s", ("keys.age_seconds", "credentials.age_seconds")),
    ("Ledger", "short", ("ledger.lag_seconds", "ledger.waiting", "ledger.lost")),
    ("Revocations that Stream is to be told", "s", ("standing.owed_seconds",)),
    ("Connections", "short", ("http.connections", "client.connections", "plan.connections")),
)
"""Panels of the dashboard: title, unit, figures."""

_APPS: Final = (
    ("Apps: open connections to Stream", "short", ("client.connections", "client.users")),
    ("Apps: time to connect", "s", ("client.connect.p50", "client.connect.p95")),
    ("Apps: time until a message arrives", "s", ("client.delivery.p50", "client.delivery.p95")),
    ("Apps: how long they are open", "s", ("client.session.p50", "client.session.p95")),
)
"""Panels of what apps tell."""

_TOO_FEW: Final = "too few users to say"
_ENOUGH: Final = f"and on() (max(tidegate_client_users) >= {LEAST_USERS})"
_FAILURES: Final = "sum by (reason) (increase(tidegate_client_failures_total[$__rate_interval]))"


def rules() -> str:
    """Prometheus's rules file."""
    lines = [_MADE, "groups:\n", "  - name: tidegate\n", "    rules:\n"]
    for rule in RULES:
        lines += [
            f"      - alert: {rule.name}\n",
            f"        expr: {json.dumps(rule.promql())}\n",
            f"        for: {duration(rule.for_s)}\n",
            f"        keep_firing_for: {duration(RESOLVE_S)}\n",
            f"        labels: {{severity: {rule.severity}, service: tidegate}}\n",
            "        annotations:\n",
            f"          summary: {json.dumps(rule.summary)}\n",
            f"          description: {json.dumps(rule.meaning)}\n",
            f"          runbook: {RUNBOOK_FILE}#{rule.name.lower()}\n",
        ]
    return "".join(lines)


def alertmanager() -> str:
    """An example of Alertmanager's configuration: pages wake somebody, tickets do not."""
    slower = [rule.name for rule in RULES if rule.name.startswith("ErrorBudget")][1:]
    return f"""{_MADE}# An example: put the addresses of your receivers in.
route:
  receiver: tickets
  group_by: [service, severity]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
  routes:
    - matchers: ['severity="{Severity.PAGE}"']
      receiver: pages
      group_wait: 0s
receivers:
  - name: pages
    webhook_configs:
      - url: https://pages.example/hook
  - name: tickets
    webhook_configs:
      - url: https://tickets.example/hook
inhibit_rules:
  - source_matchers: ['alertname="ErrorBudgetBurnsFast"']
    target_matchers: ['alertname=~"{"|".join(slower)}"']
    equal: [service]
"""


def prometheus() -> str:
    """An example of Prometheus's own configuration."""
    return f"""{_MADE}# An example: name the operator's listener of each replica.
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files:
  - tidegate.rules.yml
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:9093"]}}]
scrape_configs:
  - job_name: tidegate
    static_configs: [{{targets: ["127.0.0.1:8001"]}}]
"""


def dashboard() -> str:
    """Grafana's dashboard: the alerts, then a panel for each group of figures."""
    source = {"type": "prometheus", "uid": "${source}"}
    firing = _panel(
        0, "Alerts that fire", "short", [("max by (alert) (tidegate_alert_active) > 0", "{{alert}}")], source
    )
    reasons = 'sum by (reason) (increase(tidegate_exchange_total{outcome!="issued"}[$__rate_interval]))'
    panels = [firing, _panel(1, "Refusals by reason", "short", [(reasons, "{{reason}}")], source)]
    for number, (title, unit, names) in enumerate(_PANELS, len(panels)):
        panels.append(_panel(number, title, unit, _targets(names), source))
    for number, (title, unit, names) in enumerate(_APPS, len(panels)):
        targets = [(f"({expression}) {_ENOUGH}", legend) for expression, legend in _targets(names)]
        panels.append(_panel(number, title, unit, targets, source, nothing=_TOO_FEW))
    failures = [(f"({_FAILURES}) {_ENOUGH}", "{{reason}}")]
    panels.append(_panel(len(panels), "Apps: users who met a failure", "short", failures, source, nothing=_TOO_FEW))
    variable = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    members = {
        "title": "Tidegate",
        "uid": "tidegate",
        "tags": ["tidegate"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [variable]},
        "panels": panels,
    }
    return json.dumps(members, indent=1) + "\n"


def _targets(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(figure(name).promql.replace("{window}", "$__rate_interval"), figure(name).title) for name in names]


def _panel(
    number: int, title: str, unit: str, targets: list[tuple[str, str]], source: dict[str, str], nothing: str = ""
) -> dict[str, Any]:
    shown = {"unit": unit, "min": 0, **({"noValue": nothing} if nothing else {})}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": shown, "overrides": []},
        "targets": [
            {"refId": chr(65 + place), "expr": expression, "legendFormat": legend, "datasource": source}
            for place, (expression, legend) in enumerate(targets)
        ],
    }


def runbook() -> str:
    """The page docs/alerts.md."""
    head = [
        "# Alerts\n",
        "\n",
        "What each alert means and what to do. [How to be told of them](how-to/alerts.md) is on a page of its own.\n",
        "This page, Prometheus's rules and the dashboard are made from one table (`python tools/alert_pages.py`).\n",
        "\n",
        "| alert | asks for | when |\n",
        "| --- | --- | --- |\n",
        *(f"| [{rule.name}](#{rule.name.lower()}) | a {rule.severity} | {rule.summary} |\n" for rule in RULES),
    ]
    return "".join([*head, *(line for rule in RULES for line in _section(rule))])


def _section(rule: Rule) -> Iterator[str]:
    yield f"\n## {rule.name}\n\n**A {rule.severity}.** {rule.summary}\n\n{rule.meaning}\n\n"
    if rule.ways:
        yield "It fires where\n\n"
        wait = f", for {duration(rule.for_s)}" if rule.for_s else ""
        for way in rule.ways:
            whose = "judged from the figures" if way.judge else f"`{way.blame}`"
            whose = "what a probe says, else `unclear`" if way.blame is Blame.UNCLEAR and not way.judge else whose
            yield f"- {way.text[0].lower()}{way.text[1:].rstrip('.')}{wait}. Usually whose fault: {whose}.\n"
        yield "\n"
    if not rule.inside:
        yield "Only Prometheus judges it: Tidegate does not look back that far, or cannot speak then.\n\n"
    yield "What to do:\n\n"
    for number, text in enumerate(rule.steps, 1):
        yield f"{number}. {text}\n"
    figures = sorted(rule.names())
    if figures:
        named = ", ".join(f"{figure(name).title.lower()} (`{name}`)" for name in figures)
        yield f"\nFigures: {named}.\n"
    yield f"\nThe same at Prometheus:\n\n```promql\n{rule.promql()}\n```\n"


FILES: Final = {
    "docs/alerts.md": runbook,
    "deploy/prometheus/tidegate.rules.yml": rules,
    "deploy/prometheus/alertmanager.yml": alertmanager,
    "deploy/prometheus/prometheus.yml": prometheus,
    "deploy/grafana/tidegate.json": dashboard,
}
"""Every file, and what writes it."""


def main() -> None:
    """Write them all."""
    for name, write in FILES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write(), encoding="utf-8")
    print(f"{len(FILES)} files, {len(RULES)} alerts, {len(FIGURES)} figures")


if __name__ == "__main__":
    main()
