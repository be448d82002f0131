"""Each bound has a name, a setting and a metric: the page of limits, held to the settings and the metrics."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate import metrics, metrics_telemetry
from tidegate.settings import kinds
from tidegate.settings.model import SPECS, VARIABLES

RULES = {
    "token_life_seconds",
    "clock_skew_seconds",
    "session_max_age_seconds",
    "authjs_max_age_seconds",
    "probe_seconds",
    "alert_repeat_hours",
    "plan_connections",
}
"""Numbers that bound nothing; the page names them."""

DECLARED = (metrics, metrics_telemetry)
"""Whoever imports them has all metrics in the registry."""

SHOWN = re.compile(r"`((?:tidegate|http)_[a-z_]+)(?:\{([a-z_]+)=\"([a-z_]+)\"\})?`")


def rows(root: Path) -> Iterator[tuple[str, list[str], list[tuple[str, str, str]]]]:
    """Each row's bound, settings, and metrics with a label and its value or two empty texts."""
    for line in (root / "docs" / "limits.md").read_text().splitlines():
        if line.startswith("| ") and not line.startswith(("| bound", "| ---")):
            bound, settings, shown = (cell.strip() for cell in line.strip("|").split("|"))
            yield bound, re.findall(r"`([A-Z_]+)`", settings), SHOWN.findall(shown)


def labels_of(name: str) -> tuple[str, ...] | None:
    """The labels of a metric; None: there is no such metric."""
    collectors = metrics.REGISTRY._names_to_collectors
    found = collectors.get(name) or collectors.get(name.removesuffix("_total"))
    return None if found is None else tuple(getattr(found, "_labelnames", None) or getattr(found, "_labels", ()))


def test_every_number_among_the_settings_is_a_bound_on_the_page_or_a_rule(root: Path) -> None:
    named = {VARIABLES[variable] for _, variables, _ in rows(root) for variable in variables}
    numbers = {field for field, spec in SPECS.items() if isinstance(spec.kind, kinds.Integer)}

    assert named == numbers - RULES
    assert numbers >= RULES


def test_every_bound_has_one_setting_and_a_metric_that_is_there(root: Path) -> None:
    source = "\n".join(path.read_text() for path in (root / "src").rglob("*.py"))
    for bound, variables, shown in rows(root):
        assert len(variables) == 1, bound
        assert shown, bound
        for name, label, value in shown:
            labels = labels_of(name)
            assert labels is not None, name
            assert not label or label in labels, f"{name} has no label {label}"
            assert not value or f'"{value}"' in source, f"nothing sets {label} of {name} to {value}"


def test_every_number_among_the_settings_reaches_what_it_bounds(root: Path) -> None:
    package = root / "src" / "tidegate"
    source = "\n".join(path.read_text() for path in package.rglob("*.py") if path.parent.name != "settings")
    issuers = {
        "clock_skew_seconds",
        "session_max_age_seconds",
        "authjs_max_age_seconds",
    }  # these go into each issuer's own settings

    for field in {field for field, spec in SPECS.items() if isinstance(spec.kind, kinds.Integer)} - issuers:
        assert re.search(rf"settings\.{field}\b", source), f"nothing reads {field}"


@pytest.mark.parametrize("text", ["tidegate_none_total", "tidegate_exchange"])
def test_a_metric_that_is_not_there_is_seen(text: str) -> None:
    assert (labels_of(text) is None) == (text == "tidegate_none_total")
